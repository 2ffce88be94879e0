// Notebook 02 in a real JupyterLab in Chromium, as `deno task lab` starts it: cells run, figures answer the mouse, the report is written.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import {
  ensureJupyterLab,
  findPython,
  hasJupyterLab,
  installFigures,
  kernelDenoPath,
  labServer,
  prepareState,
  registerKernel,
} from "../../lib/cli/mod.ts";
import { codeCells, KERNELS, readNotebook } from "../../lib/notebook/mod.ts";
import { projectPath, startChild } from "../../lib/process/mod.ts";
import { withFreshCopy } from "../notebook/fresh_copy.ts";
import { browserTest } from "../studio/chromium.ts";

const NOTEBOOK = "02-lnsp-size-analysis";
const environment = projectPath(".cache", "jupyterlab", "python");
const START_TIMEOUT_MS = 180_000;
const RUN_TIMEOUT_MS = 600_000;
const FIGURE_TIMEOUT_MS = 60_000;

/** What a developer's machine may lack; where everything is required, the test installs it. */
const missing = !hasJupyterLab(environment)
  ? "JupyterLab (deno task lab)"
  : existsSync(kernelDenoPath())
  ? null
  : "the kernel (deno task kernel)";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Calls `use` with the address of a running JupyterLab, its token included; the server and its kernels end with it. */
async function withJupyterLab(
  folder: string,
  use: (address: (path: string) => string) => Promise<void>,
): Promise<void> {
  const jupyter = join(folder, "jupyter");
  await registerKernel([join(jupyter, "kernels", KERNELS.deno.name)], kernelDenoPath());
  await installFigures(jupyter);
  await prepareState(join(folder, "state"));
  const { command, args, env } = labServer(
    { environment, jupyter, root: folder, state: join(folder, "state") },
    { port: await freePort(), browser: false },
  );
  const run = { scale: "smoke", outputDir: join(folder, "report") };
  const ending = new AbortController();
  let log = "";
  const server = startChild({
    command,
    args,
    cwd: folder,
    env: { ...env, LATENT_LAB_RUN: JSON.stringify(run), NO_COLOR: "1" },
    signal: ending.signal,
    graceMs: 5000,
    onOutput: (text) => log += text,
  });
  const address = /(http:\/\/127\.0\.0\.1:\d+)\/lab\?token=(\w+)/;
  try {
    await until(() => address.test(log), START_TIMEOUT_MS, () => `JupyterLab did not start:\n${log}`);
    const [, origin, token] = address.exec(log)!;
    await use((path) => `${origin}/lab/tree/${path}?token=${token}`);
  } catch (error) {
    throw new Error(`with JupyterLab's log:\n${log.slice(-4000)}`, { cause: error });
  } finally {
    ending.abort(new Error("the test is over"));
    await server.result.catch(() => {});
  }
}

async function until(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
  otherwise: () => string,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!await isSo()) {
    if (performance.now() > end) throw new Error(otherwise());
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function runAllCells(page: Page): Promise<void> {
  await page.locator(".jp-Notebook").waitFor({ timeout: START_TIMEOUT_MS });
  const status = (state: string) =>
    page.locator("#jp-main-statusbar", { hasText: `${KERNELS.deno.display_name} | ${state}` });
  await status("Idle").waitFor({ timeout: START_TIMEOUT_MS });
  await page.locator(".lm-MenuBar-item", { hasText: /^Run$/ }).click();
  await page.locator('.lm-Menu-item[data-command="runmenu:run-all"]').click();
  await status("Busy").waitFor({ timeout: START_TIMEOUT_MS });
}

const FIGURES = ".jp-Notebook .js-plotly-plot";

/** Scrolls up from the notebook's end until a figure is in the window: JupyterLab keeps only cells near it in the page. */
async function showFigure(page: Page): Promise<void> {
  const figure = page.locator(FIGURES).first();
  await page.locator(".jp-Notebook .jp-WindowedPanel-outer").hover();
  for (let turn = 0; turn < 60 && !await figure.isVisible(); turn++) {
    await page.mouse.wheel(0, -400);
    await figure.waitFor({ timeout: 700 }).catch(() => {}); // what comes into the window is drawn after it
  }
  await figure.waitFor({ timeout: FIGURE_TIMEOUT_MS });
}

/** Moves the mouse onto a point of a figure; whether the point's value is shown. Cells may still move while others are drawn. */
async function hoverShowsValue(page: Page): Promise<boolean> {
  const figure = page.locator(FIGURES).first();
  await figure.scrollIntoViewIfNeeded({ timeout: 2000 }).catch(() => {});
  const box = await figure.locator(".scatterlayer .point").first().boundingBox({ timeout: 2000 }).catch(() => null);
  if (box === null) return false;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x + 40, y - 40);
  await page.mouse.move(x, y, { steps: 4 });
  await page.waitForTimeout(400);
  return await page.locator(`${FIGURES} .hoverlayer .hovertext`).count() > 0;
}

browserTest(
  "notebook 02 runs in JupyterLab: cells executed, figures answer the mouse, the report is written",
  async (open) => {
    if (process.env.LATENT_LAB_REQUIRE_ALL === "1") {
      const python = await findPython([process.env.JUPYTER_PYTHON ?? "python3", "python3"]);
      assert.ok(python, "LATENT_LAB_REQUIRE_ALL is 1, but there is no Python with venv");
      assert.ok(existsSync(kernelDenoPath()), "LATENT_LAB_REQUIRE_ALL is 1, but the kernel is not installed");
      const terminal = { line: (text: string) => console.log(text), live: () => {} };
      await ensureJupyterLab(environment, { python: python.command, terminal });
    }
    await withFreshCopy(({ folder }) =>
      withJupyterLab(folder, async (address) => {
        const page = await open({ viewport: { width: 1400, height: 1000 } });
        await page.goto(address(`notebooks/${NOTEBOOK}.ipynb`));
        await runAllCells(page);
        const failure = page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]');
        const isWritten = () => existsSync(join(folder, "report", "document.json"));
        await until(async () => isWritten() || await failure.count() > 0, RUN_TIMEOUT_MS, () =>
          "the notebook did not end");
        assert.deepEqual(await failure.allInnerTexts(), []);
        assert.match(readFileSync(join(folder, "report", "report.md"), "utf8"), /^# LNSP model size analysis/);

        await showFigure(page);
        await until(
          () =>
            hoverShowsValue(page),
          FIGURE_TIMEOUT_MS,
          () =>
            "no figure answered the mouse",
        );
        await checkExecuted(page, join(folder, "notebooks", `${NOTEBOOK}.ipynb`));
      })
    );
  },
  // JupyterLab asks for translations and workspaces that are not there.
  { missing, ignoredErrors: /Failed to load resource|api\/|translations|ResizeObserver/i },
);

/** Saves the notebook, and looks in its file: every cell was executed, and figures are stored for front ends without plotly too. */
async function checkExecuted(page: Page, path: string): Promise<void> {
  await page.keyboard.press("Control+s");
  const executed = () =>
    (JSON.parse(readFileSync(path, "utf8")).cells as { cell_type: string; execution_count?: number | null }[])
      .filter(({ cell_type, execution_count }) => cell_type === "code" && execution_count !== null);
  const expected = codeCells(readNotebook(path)).length;
  await until(
    () => executed().length === expected,
    20_000,
    () => `${executed().length} of ${expected} cells were executed`,
  );
  const text = readFileSync(path, "utf8");
  assert.match(text, /"application\/vnd\.plotly\.v1\+json"/);
  assert.match(text, /"image\/png"/);
}
