// axe-core in a page: what it finds that keeps readers out.

import { existsSync, readFileSync } from "node:fs";
import process from "node:process";
import type { Page } from "playwright-core";
import { projectPath } from "lib/process/mod.ts";

const PATH = process.env.AXE_CORE ?? projectPath("node_modules", "axe-core", "axe.min.js");

/** Whether axe-core is here. */
export const hasAxe = existsSync(PATH);

interface Violation {
  id: string;
  impact: string | null;
  help: string;
  nodes: { target: string[]; failureSummary: string }[];
}

/** Every violation of a page in its present state, one line each: rule, impact, first places. */
export async function violations(page: Page): Promise<string[]> {
  // Evaluated by the browser's tools: the page's own policy lets no script in.
  await page.evaluate(readFileSync(PATH, "utf8"));
  const found = await page.evaluate(async () => {
    // Rows of a table are all alike, and the time is that of the elements.
    document.querySelectorAll("tbody tr:nth-child(n + 7)").forEach((row) => row.remove());
    type Run = (options: object) => Promise<{ violations: Violation[] }>;
    const { axe } = globalThis as unknown as { axe: { run: Run } };
    // Without preload: a page on disk may not read its own stylesheet as data.
    return (await axe.run({ preload: false, resultTypes: ["violations"] })).violations;
  });
  return found.map(({ id, impact, help, nodes }) => {
    const places = nodes.slice(0, 3).map(({ target, failureSummary }) =>
      `${target.join(" ")} (${failureSummary.split("\n")[1]?.trim() ?? ""})`
    );
    return `${id} (${impact}): ${help}; ${nodes.length} x ${places.join("; ")}`;
  });
}
