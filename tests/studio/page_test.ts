// The pages in Chromium with made studies: filters, order, keyboard, narrow screens, ten thousand trials, files without a server.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { projectPath } from "lib/process/mod.ts";
import { startStudio, writeSite } from "lib/studio/mod.ts";
import { browserTest } from "./chromium.ts";
import { writeStore } from "./large_store.ts";
import { madeFolder, MadeStudy } from "./made_study.ts";

/** A studio of made studies. */
async function withStudies(studies: readonly MadeStudy[], action: (address: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "studio-page-"));
  const openReader = madeFolder(folder, studies);
  const studio = await startStudio({ checkpointsFolder: folder, reportsFolder: projectPath("reports"), openReader });
  try {
    await action(studio.address);
  } finally {
    await studio.close();
    rmSync(folder, { recursive: true });
  }
}

/** A studio of a study of 10,000 trials, as it is stored. */
async function withLargeStudy(action: (address: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "studio-large-"));
  await writeStore(folder, "large", 10_000);
  const studio = await startStudio({ checkpointsFolder: folder, reportsFolder: projectPath("reports") });
  try {
    await action(studio.address);
  } finally {
    await studio.close();
    rmSync(folder, { recursive: true });
  }
}

const numberOf = async (page: Page) =>
  parseInt((await page.locator("#filters output").innerText()).replaceAll(",", ""));
/** Waits until the page says so many trials, which it draws in its next frame. */
async function expectCount(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (expected) => parseInt(document.querySelector("#filters output")!.textContent!.replaceAll(",", "")) === expected,
    count,
  );
}

const rows = (page: Page) => page.locator("#trials tbody tr");

browserTest("brushing an axis filters charts and table, and a click on it lets all through again", async (open) => {
  const study = new MadeStudy("sizes", 200, { running: false });
  await withStudies([study], async (address) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${address}studies/sizes/`);
    const handle = page.locator('#parallel rect.handle[data-axis="learningRate"]');
    const box = (await handle.boundingBox())!;
    const x = box.x + box.width / 2;
    await page.mouse.move(x, box.y + box.height * 0.25);
    await page.mouse.down();
    await page.mouse.move(x, box.y + box.height * 0.4, { steps: 3 });
    await page.mouse.move(x, box.y + box.height * 0.55, { steps: 3 });
    await page.mouse.up();
    const chip = page.getByRole("button", { name: /^Remove filter learningRate/ });
    await chip.waitFor();
    const [low, high] = (await chip.innerText()).match(/\d[\d.e−]*/g)!.map((text) => Number(text.replace("−", "-")));
    const rates = study.all.map(({ parameters }) => parameters.learningRate as number);
    const expected = rates.filter((rate) => rate >= low * 0.999 && rate <= high * 1.001).length;
    assert.ok(expected > 10 && expected < 190, `the brush keeps ${expected}`);
    assert.ok(Math.abs(await numberOf(page) - expected) <= 1);
    assert.equal(await page.locator("#parallel rect.brush").count(), 1);
    assert.ok(await page.locator("#scatter svg path.dim").count() > 0, "the others are dimmed");
    await page.mouse.click(x, box.y + box.height / 2);
    await page.waitForFunction(() => document.querySelector("#filters output")!.textContent === "200 trials");
    assert.equal(await page.locator("#parallel rect.brush").count(), 0);
  });
});

browserTest("a study is used by keyboard alone: skip link, search, filter, order, pages, trial", async (open) => {
  const study = new MadeStudy("sizes", 200, { running: false });
  await withStudies([study], async (address) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${address}studies/sizes/`);
    const focused = () =>
      page.evaluate(() => {
        const { id, tagName, textContent } = document.activeElement!;
        return { id, tag: tagName, text: textContent!.trim().slice(0, 20) };
      });
    await page.keyboard.press("Tab");
    assert.equal((await focused()).text, "Skip to content");
    assert.ok((await page.locator(".skip").boundingBox())!.x >= 0, "the focus can be seen");
    await page.keyboard.press("Enter");
    assert.equal((await focused()).id, "main");
    const visited: string[] = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle);
      assert.notEqual(outline, "none", JSON.stringify(await focused()));
      visited.push((await focused()).tag);
    }
    assert.deepEqual(visited.slice(0, 5), ["A", "SUMMARY", "INPUT", "SELECT", "SUMMARY"]);
    await page.getByLabel("Search").focus();
    await page.keyboard.type("optimizer=sgd studentDim=512");
    const matching = study.all.filter(({ parameters }) =>
      parameters.optimizer === "sgd" && parameters.studentDim === 512
    );
    await page.waitForFunction(
      (count) => document.querySelector("#filters output")!.textContent!.startsWith(`${count} of`),
      matching.length,
    );
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.press("Delete");
    await page.locator("#axis-filters summary").press("Enter");
    await page.locator('fieldset[data-axis="studentDim"] input[data-end="low"]').fill("4096");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Remove filter studentDim from 4,096" }).waitFor();
    await expectCount(page, study.all.filter(({ parameters }) => Number(parameters.studentDim) >= 4096).length);
    await page.getByRole("button", { name: "Clear all" }).press("Enter");
    await expectCount(page, 200);
    const head = page.getByRole("columnheader", { name: "Trial", exact: true });
    await head.getByRole("button").press("Enter");
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    assert.equal(await rows(page).first().getByRole("link").innerText(), "1");
    for (let i = 0; i < 3; i++) await page.getByRole("button", { name: "Next" }).press("Enter");
    assert.match(await page.locator(".pager output").innerText(), /^151 to 200 of 200$/);
    assert.equal((await focused()).text, "Previous", "the focus moves on from a button that can do no more");
    await rows(page).first().getByRole("link").press("Enter");
    await page.getByRole("heading", { level: 1, name: "Trial 151 of sizes" }).waitFor();
  });
});

browserTest("no page scrolls sideways at 400 px, light or dark, and dark is dark", async (open) => {
  const studies = [
    new MadeStudy("sizes-of-students-with-a-rather-long-name-that-goes-on-and-on", 120),
    new MadeStudy("other", 40),
  ];
  await withStudies(studies, async (address) => {
    const { name, all } = studies[0];
    const paths = [
      "",
      `studies/${name}/`,
      `studies/${name}/trials/${all[6].key}.html`,
      `compare/${name}/other.html`,
      "reports/02-lnsp-size-analysis/index.html",
      "nothing",
    ];
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open({ colorScheme, viewport: { width: 400, height: 800 } });
      for (const path of paths) {
        if (path === "nothing") page.removeAllListeners("console"); // the browser reports the status 404 as an error
        await page.goto(address + path, { waitUntil: "load" });
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => details.open = true));
        const [wide, seen] = await page.evaluate(
          () => [document.documentElement.scrollWidth, document.documentElement.clientWidth],
        );
        assert.ok(wide <= seen, `${path} is ${wide} px wide`);
        const [ink, paper] = await page.evaluate(() => {
          const { color, backgroundColor } = getComputedStyle(document.body);
          return [color, backgroundColor].map((text) =>
            text.match(/\d+/g)!.slice(0, 3).map(Number).reduce((a, b) => a + b)
          );
        });
        assert.equal(ink > paper, colorScheme === "dark", path);
      }
    }
  });
});

browserTest("a study of 10,000 trials in its database can be used: opened, searched, sorted", async (open) => {
  await withLargeStudy(async (address) => {
    const page = await open({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(60_000);
    const times: string[] = [];
    const timed = async (what: string, action: () => Promise<unknown>) => {
      const startMs = performance.now();
      await action();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      times.push(`${what} ${Math.round(performance.now() - startMs)} ms`);
    };
    await timed("first page", () => page.goto(address));
    await timed("open", async () => {
      await page.goto(`${address}studies/large/`, { waitUntil: "load" });
      await page.locator("#parallel svg").waitFor();
    });
    assert.equal(await rows(page).count(), 50);
    assert.match(await page.locator("#parallel .count").innerText(), /^1100 of 10000 trials are drawn/);
    await timed("search", async () => {
      await page.getByLabel("Search").fill("studentDim=512");
      await page.waitForFunction(() => document.querySelector("#filters output")!.textContent!.includes(" of 10"));
    });
    const found = await numberOf(page);
    assert.ok(found > 1000 && found < 3000);
    await timed("clear", () => page.getByLabel("Search").fill(""));
    await timed("sort", () => page.getByRole("button", { name: "learningRate", exact: true }).click());
    await timed("next page", () => page.getByRole("button", { name: "Next" }).click());
    assert.match(await page.locator(".pager output").innerText(), /^51 to 100 of 10,000$/);
    console.log(`  10,000 trials: ${times.join(", ")}`);
  });
});

browserTest("the site works from files: links, charts and filters without a server", async (open) => {
  const folder = mkdtempSync(join(tmpdir(), "studio-site-"));
  try {
    const openReader = madeFolder(join(folder, "checkpoints"), [
      new MadeStudy("one", 80),
      new MadeStudy("two", 30, { running: false }),
    ]);
    const options = {
      checkpointsFolder: join(folder, "checkpoints"),
      reportsFolder: projectPath("reports"),
      outputDir: join(folder, "site"),
    };
    const { index, problems } = await writeSite({ ...options, openReader });
    assert.deepEqual(problems, []);
    const page = await open();
    await page.goto(pathToFileURL(index).href);
    assert.equal(await page.locator("#connection").count(), 0);
    await page.getByRole("link", { name: "one" }).click();
    await page.locator("#scatter svg path.finished").waitFor();
    await page.getByLabel("Search").fill("optimizer=adam");
    await page.waitForFunction(() => / of 80 trials$/.test(document.querySelector("#filters output")!.textContent!));
    await rows(page).first().getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: /^Trial \d+ of one$/ }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Cancel" }).count(), 0);
    await page.getByRole("link", { name: "one" }).click();
    await page.getByText("Compare with another study").click();
    await page.getByRole("link", { name: "two" }).click();
    await page.locator("#curves svg path.two").first().waitFor();
    await page.getByRole("link", { name: "Latent Lab" }).click();
    await page.getByRole("link", { name: "LNSP model size analysis" }).click();
    await page.getByRole("heading", { level: 1, name: "LNSP model size analysis" }).waitFor();
    const drawn = await page.locator("img").first().evaluate(async (image: HTMLImageElement) => {
      image.loading = "eager";
      await image.decode();
      return image.naturalWidth;
    });
    assert.ok(drawn > 0, "figures are beside the page");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
