// The site in Chromium, from files, with results of ten machines: opened, searched, compared, followed from claim to cell, read by axe-core.

import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { projectPath } from "lib/process/mod.ts";
import { startStudio, writeSite } from "lib/studio/mod.ts";
import { hasAxe, violations } from "./axe.ts";
import { browserTest, type OpenPage } from "./chromium.ts";
import { identityWith, makeReports, manyMachines, ownResults, REPORT } from "./made_reports.ts";
import { madeFolder, MadeStudy } from "./made_study.ts";

interface Site {
  /** Address of a page of the site as a file. */
  file: (path: string) => string;
  reportsFolder: string;
  /** A trial's page. */
  trial: string;
}

/** A site with ten other machines, two studies, and a report that knows its cells; made once for all tests. */
async function makeSite(): Promise<Site> {
  const { folder, reportsFolder } = makeReports(manyMachines(10));
  globalThis.addEventListener("unload", () => rmSync(folder, { recursive: true }));
  nameCells(join(reportsFolder, REPORT));
  const checkpointsFolder = join(folder, "checkpoints");
  const studies = [new MadeStudy("one", 80, { running: false }), new MadeStudy("two", 30, { running: false })];
  const { index, problems } = await writeSite({
    outputDir: join(folder, "site"),
    checkpointsFolder,
    reportsFolder,
    notebooksFolder: projectPath("notebooks"),
    identityOf: identityWith(),
    openReader: madeFolder(checkpointsFolder, studies),
  });
  assert.deepEqual(problems, []);
  const file = (path: string) => new URL(path, pathToFileURL(index)).href;
  return { file, reportsFolder, trial: `studies/one/trials/${studies[0].all[0].key}.html` };
}

let made: Promise<Site> | null = null;

async function withSite(action: (site: Site) => Promise<void>): Promise<void> {
  await action(await (made ??= makeSite()));
}

/** Cells as a headless run gives them: records from the third, all blocks from the last. */
function nameCells(report: string): void {
  const path = join(report, "document.json");
  const document = JSON.parse(readFileSync(path, "utf8"));
  const { records } = JSON.parse(readFileSync(join(report, "results.json"), "utf8"));
  const blocks = document.blocks.map((block: object) => ({ ...block, cell: 9 }));
  writeFileSync(path, JSON.stringify({ ...document, blocks, recordCells: records.map(() => 3) }));
}

const textOf = (page: Page, selector: string) => page.locator(selector).first().innerText();

browserTest("the site opens from files and through the studio with ten machines' results", async (open) => {
  await withSite(async ({ file, reportsFolder }) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    const times: string[] = [];
    const timed = async (what: string, address: string) => {
      const startMs = performance.now();
      await page.goto(address, { waitUntil: "load" });
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      times.push(`${what} ${Math.round(performance.now() - startMs)} ms`);
    };
    for (
      const path of ["index.html", `reports/${REPORT}/index.html`, `reports/${REPORT}/machines.html`, "claims.html"]
    ) {
      await timed(path.split("/").at(-1)!, file(path));
      assert.equal(await page.locator("h1").count(), 1, path);
    }
    const studio = await startStudio({ checkpointsFolder: join(reportsFolder, "none"), reportsFolder });
    try {
      await timed("studio", studio.address);
      await page.getByRole("link", { name: "beside 10 other machines" }).click();
      await page.getByRole("heading", { level: 1, name: /machines side by side/ }).waitFor();
    } finally {
      await page.goto("about:blank");
      await studio.close();
    }
    console.log(`  ten machines: ${times.join(", ")}`);
  });
});

browserTest("search, by keyboard, leads to a record's row; from there to its claim, figure and cell", async (open) => {
  await withSite(async ({ file }) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.goto(file("index.html"));
    const find = page.getByRole("searchbox", { name: "Find" });
    await find.focus();
    await page.keyboard.type("bottleneck.256.parameters");
    const hit = page.locator("#search li a").first();
    await hit.waitFor();
    assert.match(await hit.innerText(), /record bottleneck\.256\.parameters/);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    const row = page.locator('[id="record-bottleneck.256.parameters"]');
    await row.waitFor();
    assert.ok(await row.isVisible(), "the table of records is opened");
    await row.getByRole("link", { name: /^Table \d+$/ }).first().waitFor();
    await row.getByRole("link", { name: "lnsp-bottleneck-256-params" }).click();
    const claim = page.locator("#claim-lnsp-bottleneck-256-params");
    await claim.getByRole("link", { name: "lnsp-bottleneck-256-params" }).click();
    await page.getByRole("heading", { level: 1, name: "Claims of the documents" }).waitFor();
    await page.locator("#claim-lnsp-bottleneck-256-params").getByRole("link", { name: "296,000" }).first().click();
    await row.getByRole("link", { name: "cell 3" }).click();
    await page.getByRole("heading", { level: 1, name: /: notebook$/ }).waitFor();
    const cell = page.locator("#cell-3");
    assert.ok(await cell.evaluate((element) => element.getBoundingClientRect().top < innerHeight), "it is in view");
    await cell.locator("summary").click();
    await cell.getByRole("link", { name: "bottleneck.256.parameters", exact: true }).click();
    await row.waitFor();
    await page.goto(file("index.html"));
    await find.fill("no such thing at all");
    await page.getByText("0 found").waitFor();
  });
});

browserTest("a number's card leads, by keyboard too, to its row, and Escape leads back", async (open) => {
  await withSite(async ({ file }) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.goto(file(`reports/${REPORT}/index.html`));
    const number = page.locator("main a.number").first();
    const id = await number.getAttribute("data-record");
    await number.focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const focused = () => page.evaluate(() => document.activeElement!.textContent);
    assert.equal(await focused(), id);
    assert.match(await textOf(page, "#card"), /Made by\s+cell 3/);
    await page.keyboard.press("Escape");
    assert.equal(await number.evaluate((element) => element === document.activeElement), true);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForFunction((anchor) => location.hash === `#record-${anchor}`, id);
    assert.ok(await page.locator(`[id="record-${id}"]`).isVisible());
  });
});

browserTest("two machines are chosen, filtered and ordered; claims are filtered", async (open) => {
  await withSite(async ({ file }) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.goto(file(`reports/${REPORT}/machines.html`));
    const head = (i: number) => textOf(page, `#machine-records th:nth-child(${i})`);
    assert.match(await head(2), /^AMD EPYC/);
    await page.locator("select[name=right]").selectOption({ label: "Made M7, 11 cores, 56 GiB, darwin arm64" });
    assert.match(await head(3), /^Made M7/);
    await page.locator("select[name=left]").selectOption({ label: "Made M2, 6 cores, 16 GiB, darwin arm64" });
    assert.match(await head(2), /^Made M2/);
    const figures = page.locator("#machine-figures");
    assert.deepEqual(await figures.locator(".none").first().allInnerTexts(), [
      `${await head(2)}: no image of it is here.`,
    ]);
    assert.equal(await figures.locator(".tracks").first().locator("circle").count() > 5, true);
    await page.getByLabel("Show").selectOption("claims");
    const claimed = page.locator("#machine-records").getByRole("link", { name: "545,000" }).first();
    assert.match((await claimed.getAttribute("href"))!, /claims\.html#claim-lnsp-bottleneck-256-params$/);
    await page.getByLabel("Show").selectOption("measured");
    await page.locator("select[name=order]").selectOption("ratio");
    await page.getByLabel("Words").fill("ms");
    const rows = page.locator("#machine-records tbody tr");
    const shown = await rows.locator("td:nth-child(4)").allInnerTexts();
    const ratios = shown.filter((text) => text !== "").map((text) => Math.abs(Math.log(parseFloat(text))));
    assert.ok(shown.slice(ratios.length).every((text) => text === ""), "what has no ratio comes last");
    assert.ok(ratios.length > 5 && ratios.every((ratio, i) => i === 0 || ratio <= ratios[i - 1] + 0.01), ratios.join());
    await page.getByLabel("Words").fill("nothing of this name");
    await page.getByText("No record matches.").waitFor();
    await page.goto(file("claims.html"));
    const visible = page.locator(".claims tbody tr:visible");
    assert.equal(await visible.count(), 556);
    await page.getByLabel("Document").selectOption("lnsp");
    assert.equal(await visible.count(), 111);
    await page.getByLabel("Answered").selectOption("record");
    const answered = await visible.count();
    assert.ok(answered > 50 && answered < 111, String(answered));
    await page.getByLabel("Words").fill("bottleneck-256-params");
    assert.equal(await visible.count(), 1);
    assert.deepEqual(await visible.getByRole("link").allInnerTexts(), ["296,000", "10 other machines"]);
  });
});

/** All kinds of pages, by path. */
const kinds = (trial: string) => [
  "index.html",
  "claims.html",
  `reports/${REPORT}/index.html`,
  `reports/${REPORT}/machines.html`,
  `reports/${REPORT}/notebook.html`,
  "studies/one/index.html",
  trial,
  "compare/one/two.html",
];

/** A test with axe-core; ignored where it is not installed, unless LATENT_LAB_REQUIRE_ALL is 1. */
function axeTest(name: string, action: (open: OpenPage) => Promise<void>): void {
  if (hasAxe || process.env.LATENT_LAB_REQUIRE_ALL === "1") browserTest(name, action);
  else Deno.test({ name: `${name} (ignored: axe-core is not here)`, ignore: true, fn: () => {} });
}

axeTest("axe-core finds nothing on any kind of page, light and dark", async (open) => {
  await withSite(async ({ file, trial }) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open({ colorScheme, viewport: { width: 1280, height: 900 } });
      for (const path of kinds(trial)) {
        await page.goto(file(path), { waitUntil: "load" });
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => details.open = true));
        const lines = await violations(page);
        assert.deepEqual(lines, [], `${path}, ${colorScheme}`);
      }
    }
  });
});

browserTest("no page of the site scrolls sideways at 400 px", async (open) => {
  await withSite(async ({ file, trial }) => {
    const page = await open({ viewport: { width: 400, height: 800 } });
    for (const path of kinds(trial)) {
      await page.goto(file(path), { waitUntil: "load" });
      await page.evaluate(() => document.querySelectorAll("details").forEach((details) => details.open = true));
      const [wide, seen] = await page.evaluate(
        () => [document.documentElement.scrollWidth, document.documentElement.clientWidth],
      );
      assert.ok(wide <= seen, `${path} is ${wide} px wide`);
    }
  });
});

browserTest("the first page says that a report is being checked, and by itself how that ends", async (open) => {
  const { folder, reportsFolder } = makeReports({});
  const checked = Promise.withResolvers<NonNullable<ReturnType<typeof ownResults>["identity"]>>();
  const studio = await startStudio({
    checkpointsFolder: join(folder, "none"),
    reportsFolder,
    notebooksFolder: projectPath("notebooks"),
    identityOf: () => checked.promise,
  });
  try {
    const page = await open();
    await page.goto(studio.address);
    const card = page.locator(`#report-${REPORT}`);
    assert.match(await card.innerText(), /being checked/);
    const { identity } = ownResults();
    checked.resolve({ ...identity!, notebook: "0".repeat(64) });
    await card.getByText("stale").waitFor();
    assert.match(await card.innerText(), /the notebook's code changed/);
    await page.goto("about:blank");
  } finally {
    await studio.close();
    rmSync(folder, { recursive: true });
  }
});
