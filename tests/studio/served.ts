// A studio for tests, and requests to it as they are written on the wire.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStudio, type Studio } from "lib/studio/mod.ts";
import { madeFolder, MadeStudy } from "./made_study.ts";

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export interface Asking {
  method?: string;
  headers?: Record<string, string>;
}

/** A request as it is written: fetch would tidy the path and refuse to set the host. */
export function ask(studio: Studio, path: string, { method = "GET", headers = {} }: Asking = {}): Promise<Answer> {
  const { hostname, port } = new URL(studio.address);
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { hostname, port, path, method, headers: { connection: "close", ...headers } },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (part: string) => body += part);
        response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}

/** A studio of a folder with two made studies, a damaged one, a report and files beside that nobody may read. */
export async function withStudio(
  action: (
    given: { studio: Studio; root: string; folder: string; small: MadeStudy; other: MadeStudy },
  ) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "studio-test-"));
  const [small, other] = [new MadeStudy("small", 60), new MadeStudy("other", 5, { running: false })];
  const [checkpointsFolder, reportsFolder] = [join(folder, "checkpoints"), join(folder, "reports")];
  const openReader = madeFolder(checkpointsFolder, [small, other]);
  mkdirSync(join(checkpointsFolder, "damaged"));
  writeFileSync(join(checkpointsFolder, "damaged", "study.sqlite"), "no database");
  mkdirSync(join(reportsFolder, "01-demo", "figures"), { recursive: true });
  writeFileSync(join(reportsFolder, "01-demo", "report.md"), "# Demo & more\n\n<script>alert(1)</script>\n");
  writeFileSync(join(reportsFolder, "01-demo", "figures", "a.svg"), "<svg/>");
  writeFileSync(join(folder, "secret.txt"), "secret");
  symlinkSync(join(folder, "secret.txt"), join(reportsFolder, "01-demo", "figures", "link.svg"));
  const studio = await startStudio({ checkpointsFolder, reportsFolder, openReader });
  try {
    await action({ studio, root: new URL(studio.address).pathname, folder, small, other });
  } finally {
    await studio.close();
    rmSync(folder, { recursive: true });
  }
}
