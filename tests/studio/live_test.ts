// The pages of a sweep that is really running, in Chromium.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath, startChild } from "lib/process/mod.ts";
import { startStudio } from "lib/studio/mod.ts";
import { browserTest } from "./chromium.ts";

const PATIENCE_MS = 60_000;

/** A running sweep of tests/sweep, and the studio that shows it. */
async function withSweep(action: (address: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "studio-live-"));
  const module = projectPath("tests", "sweep", "processes", "watched_study.ts");
  const child = startChild({ module, args: [folder], deadlineMs: 240_000, graceMs: 10_000 });
  const studio = await startStudio({ checkpointsFolder: folder, reportsFolder: folder });
  try {
    for (let i = 0; !existsSync(join(folder, "watched", "study.sqlite")); i++) {
      assert.ok(i < 600, "the sweep did not start");
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await action(studio.address);
  } finally {
    await studio.close();
    child.kill();
    const { stderrTail } = await child.result;
    rmSync(folder, { recursive: true });
    assert.doesNotMatch(stderrTail, /error/i, "the sweep had an error");
  }
}

browserTest(
  "epochs of a running sweep arrive in the page, and cancel and retry work from the trial's",
  async (open) => {
    await withSweep(async (address) => {
      const page = await open();
      page.setDefaultTimeout(PATIENCE_MS);
      await page.goto(address);
      await page.getByRole("link", { name: "watched" }).click();
      await page.getByRole("heading", { level: 1, name: "watched" }).waitFor();
      // The document stays the same: what changes comes as events.
      await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }));
      await page.locator("#summary .counts", { hasText: "2 of 4 finished, 1 running" }).waitFor();
      const running = page.locator("#trials tbody tr", { hasText: "running" });
      const epochs = async () => parseInt(await running.locator("td", { hasText: "of 100000" }).innerText());
      const before = await epochs();
      await page.waitForFunction((least) => {
        const row = [...document.querySelectorAll("#trials tbody tr")].find((tr) =>
          tr.textContent!.includes("running")
        );
        const cell = [...row?.children ?? []].find((td) => td.textContent!.endsWith("of 100000"));
        return cell !== undefined && parseInt(cell.textContent!) > least;
      }, before);
      assert.ok(await page.locator("#curves svg path.running").count() > 0, "its curve is drawn");
      assert.equal(await page.locator("#curves svg path.best").count(), 1);
      assert.equal(await page.evaluate(() => (globalThis as { sameDocument?: boolean }).sameDocument), true);
      assert.equal(await page.locator("#connection").innerText(), "live");

      await running.getByRole("link").click();
      await page.getByRole("heading", { level: 1, name: "Trial 3 of watched" }).waitFor();
      await page.getByRole("button", { name: "Cancel" }).focus();
      await page.keyboard.press("Enter");
      // The answer stands there until the trial has ended, which may be before anyone looks.
      const cancelled = page.locator("main .counts .state", { hasText: "cancelled" });
      await page.getByText("The study will stop it.").or(cancelled).first().waitFor();
      await cancelled.waitFor();
      await page.getByRole("button", { name: "Keep its weights", exact: true }).click();
      await page.getByRole("button", { name: "Do not keep its weights" }).waitFor();
      await page.getByRole("button", { name: "Retry" }).click();
      await page.locator("main .counts .state", { hasText: /waiting|running/ }).waitFor();
      await page.getByRole("link", { name: "watched" }).click();
      await page.locator("#trials tbody tr", { hasText: "running" }).getByRole("link", { name: "4" }).waitFor();
    });
  },
);

browserTest("a sweep that is killed is shown as interrupted without loading the page again", async (open) => {
  const folder = mkdtempSync(join(tmpdir(), "studio-live-"));
  const module = projectPath("tests", "sweep", "processes", "watched_study.ts");
  const child = startChild({ module, args: [folder], deadlineMs: 240_000, graceMs: 1 });
  const studio = await startStudio({ checkpointsFolder: folder, reportsFolder: folder });
  try {
    const page = await open();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(studio.address); // before there is a study: it appears
    await page.getByRole("link", { name: "watched" }).click();
    await page.locator("#summary .counts", { hasText: "finished, 1 running" }).waitFor();
    child.kill();
    await page.locator("#summary .counts .state.interrupted").waitFor();
  } finally {
    child.kill();
    await child.result;
    await studio.close();
    rmSync(folder, { recursive: true });
  }
});
