import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { writeSite } from "lib/studio/mod.ts";
import { madeFolder, MadeStudy } from "./made_study.ts";

async function withSite(action: (given: { folder: string; problems: unknown[] }) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "studio-site-"));
  const checkpointsFolder = join(folder, "checkpoints");
  const studies = [new MadeStudy("one", 120), new MadeStudy("two", 20, { running: false })];
  const openReader = madeFolder(checkpointsFolder, [...studies, new MadeStudy("damaged", 1)]);
  const broken = (name: string) => name === "damaged" ? Promise.reject(new Error("it is damaged")) : openReader(name);
  const outputDir = join(folder, "site");
  try {
    const options = {
      outputDir,
      checkpointsFolder,
      reportsFolder: projectPath("reports"),
      openReader: broken,
      trialPages: 30,
    };
    await writeSite(options);
    const { problems } = await writeSite(options); // a second time over the first
    action({ folder: outputDir, problems });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

Deno.test("writeSite writes pages whose links lead to files of the site, without live parts", async () => {
  await withSite(({ folder, problems }) => {
    assert.deepEqual(problems, [{ name: "damaged", problem: "it is damaged" }]);
    const pages = filesBelow(folder).filter((path) => path.endsWith(".html"));
    assert.ok(pages.length > 50);
    const idsOf = new Map<string, Set<string>>();
    const hasId = (path: string, id: string) => {
      const ids = idsOf.get(path) ??
        new Set([...readFileSync(path, "utf8").matchAll(/\sid="([^"]*)"/g)].map(([, found]) => found));
      idsOf.set(path, ids);
      return ids.has(id);
    };
    let followed = 0;
    for (const page of pages) {
      // Without the scripts that a report's page carries, whose texts look like links here and there.
      const html = readFileSync(page, "utf8").replaceAll(/(<script[^>]*>)[^]*?<\/script>/g, "$1");
      assert.doesNotMatch(html, /id="connection"|<form class="request"|"live":true/, page);
      const targets = [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, target]) => target);
      for (const target of targets) {
        if (/^(https?:|data:)/.test(target)) continue;
        assert.ok(!target.startsWith("/"), `${page}: ${target} would leave the site's folder`);
        const [file, anchor] = target.split("#");
        const path = file === "" ? page : resolve(dirname(page), file);
        assert.ok(existsSync(path), `${page}: ${target}`);
        if (anchor) assert.ok(hasId(path, anchor), `${page}: ${target} leads to no element`);
        followed++;
      }
    }
    assert.ok(followed > 200);
  });
});

Deno.test("writeSite removes nothing from a folder that is no site", async () => {
  const folder = mkdtempSync(join(tmpdir(), "studio-site-"));
  try {
    mkdirSync(join(folder, "reports"));
    writeFileSync(join(folder, "reports", "mine.txt"), "mine");
    const options = { outputDir: folder, checkpointsFolder: join(folder, "none"), reportsFolder: join(folder, "none") };
    await assert.rejects(writeSite(options), /expected an empty folder or an earlier site/);
    assert.equal(readFileSync(join(folder, "reports", "mine.txt"), "utf8"), "mine");
    assert.deepEqual(readdirSync(folder), ["reports"]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

Deno.test("writeSite gives pages to the best trials only, and links to no other", async () => {
  await withSite(({ folder }) => {
    assert.equal(readdirSync(join(folder, "studies", "one", "trials")).length, 30);
    assert.equal(readdirSync(join(folder, "studies", "two", "trials")).length, 20);
    assert.ok(existsSync(join(folder, "compare", "one", "two.html")));
    assert.match(readFileSync(join(folder, "index.html"), "utf8"), /it is damaged/);
  });
});
