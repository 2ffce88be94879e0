// Chromium for tests of the pages.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

/** Where Debian, Ubuntu, Google and macOS put it. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** Starts the browser; a container's root has no sandbox to give it. */
async function startBrowser(executablePath: string): Promise<Browser> {
  return await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** What a test gets: pages of a browser of its own. A page with an error in its script, or a refused request, fails the test. */
export type OpenPage = (options?: BrowserContextOptions) => Promise<Page>;

/** What a test in Chromium may lack or put up with. */
export interface BrowserTestOptions {
  /** What else it needs and this machine lacks, as words; null when it is there. */
  missing?: string | null;
  /** Errors of pages that are not ours. */
  ignoredErrors?: RegExp;
}

/** A test in Chromium; ignored where there is none, unless LATENT_LAB_REQUIRE_ALL is 1. */
export function browserTest(
  name: string,
  action: (open: OpenPage) => Promise<void>,
  { missing = null, ignoredErrors }: BrowserTestOptions = {},
): void {
  const executablePath = PLACES.find((path) => existsSync(path));
  const absent = executablePath === undefined ? "Chromium" : missing;
  const ignore = absent !== null && process.env.LATENT_LAB_REQUIRE_ALL !== "1";
  Deno.test({
    name: ignore ? `${name} (ignored: ${absent} is not here)` : name,
    ignore,
    // Playwright keeps timers and pipes of its own until the process ends.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      assert.ok(executablePath, "LATENT_LAB_REQUIRE_ALL is 1, but Chromium is not here");
      const browser = await startBrowser(executablePath);
      const errors: string[] = [];
      const note = (text: string) => void (ignoredErrors?.test(text) || errors.push(text));
      try {
        await action(async (options = {}) => {
          const page = await (await browser.newContext(options)).newPage();
          page.on("pageerror", ({ message }) => note(message));
          page.on("console", (message) => {
            // A studio that ends before the page does breaks off its events; the page then says "not connected".
            const ended = /net::ERR_/.test(message.text()) && /\/events\?/.test(message.location().url);
            if (message.type() === "error" && !ended) note(message.text());
          });
          return page;
        });
      } catch (error) {
        if (errors.length === 0) throw error;
        throw new Error(`the page had errors: ${errors.join("; ")}`, { cause: error });
      } finally {
        await browser.close();
      }
      assert.equal(errors.join("\n"), "", "errors in the page");
    },
  });
}
