import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { siteMain, siteOptions, studioMain, studioOptions } from "../../lib/cli/mod.ts";
import { withFolder } from "../notebook/notebooks.ts";

function collecting() {
  const lines: string[] = [];
  return { lines, terminal: { line: (text: string) => void lines.push(text), live: () => {} } };
}

Deno.test("studioOptions and siteOptions refuse what they cannot use, in one sentence", () => {
  assert.deepEqual(studioOptions([]), { port: 0, open: false });
  assert.deepEqual(studioOptions(["--port", "8080", "--open"]), { port: 8080, open: true });
  assert.throws(() => studioOptions(["--port", "x"]), /Expected --port to be a number from 0 .* got x/);
  assert.throws(() => studioOptions(["--port", "65536"]), /got 65536/);
  assert.throws(() => studioOptions(["name"]), /Expected no names, got name/);
  assert.deepEqual(siteOptions(["out", "--trials", "3"]), { folder: "out", trialPages: 3 });
  assert.throws(() => siteOptions(["a", "b"]), /Expected one folder, got a b/);
  assert.throws(() => siteOptions(["--trials", "-1"]), /--trials/);
});

Deno.test("studioMain prints an address that answers until it is stopped", async () => {
  await withFolder(async (root) => {
    const { lines, terminal } = collecting();
    const controller = new AbortController();
    const running = studioMain([], controller.signal, { terminal, root });
    while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    const address = lines[0].replace("Studio: ", "");
    const answer = await fetch(address);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /None yet/);
    controller.abort();
    assert.equal(await running, 0);
    await assert.rejects(fetch(address));
  });
});

Deno.test("siteMain writes the site to .cache/site, or to a folder beside the user", async () => {
  await withFolder(async (root) => {
    const { lines, terminal } = collecting();
    assert.equal(await siteMain([], { terminal, root, cwd: root }), 0);
    assert.equal(lines.at(-1), "Wrote 5 files: .cache/site/index.html");
    assert.match(readFileSync(join(root, ".cache", "site", "index.html"), "utf8"), /<title>Latent Lab<\/title>/);
    mkdirSync(join(root, "elsewhere"));
    await siteMain(["pages"], { terminal, root, cwd: join(root, "elsewhere") });
    assert.ok(existsSync(join(root, "elsewhere", "pages", "index.html")));
  });
});

Deno.test("siteMain and studioMain name results of other machines that cannot be used, and go on", async () => {
  await withFolder(async (root) => {
    mkdirSync(join(root, "reports", "machines"), { recursive: true });
    writeFileSync(join(root, "reports", "machines", "m4.json"), '{"schemaVersion": 2}');
    const said =
      "Left out reports/machines/m4.json: Cannot read results: expected schemaVersion 1, got 2; update this library";
    const site = collecting();
    assert.equal(await siteMain([], { terminal: site.terminal, root, cwd: root }), 1);
    assert.deepEqual(site.lines.slice(-2), [said, "Wrote 5 files: .cache/site/index.html"]);
    const studio = collecting();
    const controller = new AbortController();
    const running = studioMain([], controller.signal, { terminal: studio.terminal, root });
    while (studio.lines.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(studio.lines[2], said);
    controller.abort();
    assert.equal(await running, 0);
  });
});
