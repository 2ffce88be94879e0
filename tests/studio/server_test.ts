import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { Report } from "lib/report/mod.ts";
import { refusalOf } from "lib/studio/guard.ts";
import { startStudio } from "lib/studio/mod.ts";
import { ask, withStudio } from "./served.ts";

Deno.test("startStudio listens on 127.0.0.1 under a new token of 128 bits each time", async () => {
  await withStudio(async ({ studio }) => {
    assert.match(studio.address, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
    await withStudio((second) => {
      assert.notEqual(new URL(second.studio.address).pathname, new URL(studio.address).pathname);
      return Promise.resolve();
    });
  });
});

Deno.test("the studio answers nobody without the token, or under another host name", async () => {
  await withStudio(async ({ studio, root }) => {
    const { host } = new URL(studio.address);
    for (
      const path of ["/", "/index.html", "/assets/studio.js", `/${"0".repeat(32)}/`, `${root.slice(0, -2)}/`, "//", ""]
    ) {
      const { status, body } = await ask(studio, path);
      assert.equal(status, 403, path);
      assert.ok(!body.includes("small"), path);
    }
    assert.equal((await ask(studio, root, { headers: { host } })).status, 200);
    for (const name of ["evil.example", `evil.example:${host.split(":")[1]}`, "127.0.0.1", `127.0.0.1.evil.example`]) {
      assert.equal((await ask(studio, root, { headers: { host: name } })).status, 421, name);
    }
    assert.equal((await ask(studio, root, { method: "PUT" })).status, 405);
  });
});

Deno.test("refusalOf lets requests through that come from the studio's own pages", () => {
  const where = { port: 80, token: "abc" };
  const refused = (headers: Record<string, string>, method = "POST") =>
    refusalOf({ method, url: "/abc/x", headers: { host: "127.0.0.1:80", ...headers } }, where)?.status ?? null;
  assert.equal(refused({}), null);
  assert.equal(refused({ origin: "http://127.0.0.1:80", "sec-fetch-site": "same-origin" }), null);
  assert.equal(refused({ origin: "http://localhost:80", host: "localhost:80" }), null);
  assert.equal(refused({ origin: "null" }), 403);
  assert.equal(refused({ origin: "http://127.0.0.1:81" }), 403);
  assert.equal(refused({ origin: "https://evil.example" }), 403);
  assert.equal(refused({ "sec-fetch-site": "cross-site" }), 403);
  assert.equal(refused({ "sec-fetch-site": "cross-site" }, "GET"), null); // a link in a chat leads here
});

Deno.test("the studio serves nothing outside reports and studies, however the path is written", async () => {
  await withStudio(async ({ studio, root }) => {
    const tries = [
      "../secret.txt",
      "reports/../../secret.txt",
      "reports/01-demo/../../secret.txt",
      "reports/01-demo/figures/../../../../secret.txt",
      "reports/01-demo/figures/..%2f..%2f..%2fsecret.txt",
      "reports/%2e%2e/secret.txt",
      "reports/01-demo/figures/link.svg",
      "reports/01-demo/report.md",
      "reports/..",
      "assets/../secret.txt",
      "assets/studio.css%00.txt",
      "studies/small/study.sqlite",
      "studies/../../secret.txt",
      "studies/small/trials/..%2f..%2fstudy.sqlite",
      "checkpoints/small/study.sqlite",
      "compare/small/..%2fdamaged.html",
    ];
    for (const path of tries) {
      const { status, body } = await ask(studio, root + path);
      assert.equal(status, 404, path);
      assert.ok(!body.includes("secret"), path);
    }
    assert.equal((await ask(studio, `${root}reports/01-demo/figures/a.svg`)).status, 200);
  });
});

Deno.test("every page forbids what is not its own: other origins, frames, inline scripts", async () => {
  await withStudio(async ({ studio, root, small }) => {
    const paths = [
      "",
      "index.html",
      "studies/small/",
      `studies/small/trials/${small.all[0].key}.html`,
      "compare/small/other.html",
      "reports/01-demo/index.html",
    ];
    for (const path of paths) {
      const { status, headers, body } = await ask(studio, root + path);
      assert.equal(status, 200, path);
      assert.match(
        String(headers["content-security-policy"]),
        /default-src 'none'; script-src 'self'; style-src 'self';/,
      );
      assert.match(String(headers["content-security-policy"]), /frame-ancestors 'none'/);
      assert.equal(headers["x-frame-options"], "DENY");
      assert.equal(headers["referrer-policy"], "same-origin");
      assert.equal(headers["set-cookie"], undefined);
      assert.doesNotMatch(body, /(?:src|href)="(?:https?:)?\/\//, path);
      assert.doesNotMatch(body, /<script(?! type="application\/json"| src=)/, path);
      assert.doesNotMatch(body, /\sstyle=|\son[a-z]+=/, path);
    }
  });
});

Deno.test("what trials and reports contain cannot become markup", async () => {
  await withStudio(async ({ studio, root, small }) => {
    const failed = small.all.find(({ state }) => state === "failed")!;
    small.change(failed.number, { message: "</script><img src=x>" });
    const trial = await ask(studio, `${root}studies/small/trials/${failed.key}.html`);
    assert.ok(trial.body.includes("&lt;script&gt;alert(1)&lt;/script&gt;"), "the log is shown as text");
    const study = await ask(studio, `${root}studies/small/`);
    assert.ok(!study.body.includes("<img src=x>"));
    assert.ok(!study.body.includes("</script><img"));
    const report = await ask(studio, `${root}reports/01-demo/index.html`);
    assert.ok(report.body.includes("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert.ok(report.body.includes("# Demo &amp; more"));
  });
});

Deno.test("a damaged study says so in the list and on its page, and the others are shown", async () => {
  await withStudio(async ({ studio, root }) => {
    const { body } = await ask(studio, root);
    assert.match(body, /damaged\/study\.sqlite: the database is damaged/);
    assert.match(body, /href="studies\/small\/index\.html"/);
    const page = await ask(studio, `${root}studies/damaged/index.html`);
    assert.equal(page.status, 500);
    assert.match(page.body, /the database is damaged/);
    assert.equal((await ask(studio, `${root}compare/small/damaged.html`)).status, 500);
  });
});

Deno.test("unknown studies, trials, reports and addresses are not there", async () => {
  await withStudio(async ({ studio, root }) => {
    for (
      const path of [
        "nothing",
        "studies/none/",
        `studies/small/trials/${"0".repeat(64)}.html`,
        "studies/small/trials/1.html",
        "reports/none/index.html",
        "compare/small/none.html",
      ]
    ) {
      assert.equal((await ask(studio, root + path)).status, 404, path);
    }
    const { status, headers } = await ask(studio, root.slice(0, -1));
    assert.deepEqual([status, headers.location], [303, root]);
  });
});

Deno.test("a request to a trial needs the token and the studio's own page, and reaches the study", async () => {
  await withStudio(async ({ studio, root, small }) => {
    const { key } = small.all[0];
    const path = `studies/small/trials/${key}/cancel`;
    const { origin } = new URL(studio.address);
    assert.equal((await ask(studio, `/${path}`, { method: "POST" })).status, 403);
    assert.equal(
      (await ask(studio, root + path, { method: "POST", headers: { origin: "https://evil.example" } })).status,
      403,
    );
    assert.equal((await ask(studio, root + path)).status, 404, "a link asks for nothing");
    assert.equal(
      (await ask(studio, `${root}studies/small/trials/${"0".repeat(64)}/cancel`, { method: "POST" })).status,
      404,
    );
    assert.equal((await ask(studio, `${root}studies/small/trials/${key}/delete`, { method: "POST" })).status, 404);
    assert.deepEqual(small.asked, []);
    const asked = await ask(studio, root + path, { method: "POST", headers: { origin, accept: "application/json" } });
    assert.equal(asked.status, 202);
    assert.match(JSON.parse(asked.body).message, /will stop it/);
    const form = await ask(studio, `${root}studies/small/trials/${key}/retry`, { method: "POST", headers: { origin } });
    assert.deepEqual([form.status, form.headers.location], [303, `${root}studies/small/trials/${key}.html`]);
    assert.deepEqual(small.asked, [["cancel", key], ["retry", key]]);
  });
});

Deno.test("a study that is removed while it is shown is gone, and one made anew is read anew", async () => {
  await withStudio(async ({ studio, root, folder }) => {
    assert.equal((await ask(studio, `${root}studies/other/`)).status, 200);
    rmSync(join(folder, "checkpoints", "other"), { recursive: true });
    assert.equal((await ask(studio, `${root}studies/other/`)).status, 404);
    mkdirSync(join(folder, "checkpoints", "other"));
    writeFileSync(join(folder, "checkpoints", "other", "study.sqlite"), "");
    assert.equal((await ask(studio, `${root}studies/other/`)).status, 200);
  });
});

Deno.test("startStudio says that a port is taken", async () => {
  await withStudio(async ({ studio, folder }) => {
    const port = Number(new URL(studio.address).port);
    const options = { checkpointsFolder: folder, reportsFolder: folder, port };
    await assert.rejects(
      startStudio(options),
      new RegExp(`Cannot listen on port ${port} of 127\\.0\\.0\\.1: it is taken`),
    );
  });
});

Deno.test("a report with its document is rendered by lib/report, kept apart, with a way back", async () => {
  await withStudio(async ({ studio, root, folder }) => {
    const report = new Report("02-made", { title: "Made & shown", scale: "smoke" });
    report.heading("Results");
    const own = join(folder, "reports", "02-made");
    await report.write({ outputDir: own });
    const { status, headers, body } = await ask(studio, `${root}reports/02-made/index.html`);
    assert.equal(status, 200);
    assert.match(body, /<nav class="home" aria-label="Site"><a href="\.\.\/\.\.\/index\.html">Latent Lab<\/a><\/nav>/);
    assert.match(body, /<h1>Made &amp; shown<\/h1>/);
    assert.match(String(headers["content-security-policy"]), /^sandbox allow-scripts; default-src 'none';/);
    writeFileSync(join(own, "document.json"), "{");
    assert.equal((await ask(studio, `${root}reports/02-made/index.html`)).status, 500);
    assert.equal((await ask(studio, root)).status, 200, "the list is shown all the same");
    rmSync(join(own, "document.json"));
    const plain = await ask(studio, `${root}reports/02-made/index.html`);
    assert.equal(plain.status, 200);
    assert.match(
      plain.body,
      /has no <code>document\.json<\/code>.*<code>deno task report 02-made<\/code> makes it again/,
    );
    assert.match(plain.body, /<pre class="wrapped" tabindex="0"># Made &amp;/);
  });
});

Deno.test("reports of the project are shown whole", async () => {
  const options = { checkpointsFolder: projectPath("none"), reportsFolder: projectPath("reports") };
  const studio = await startStudio(options);
  try {
    const { pathname } = new URL(studio.address);
    const list = await ask(studio, pathname);
    const names = [...list.body.matchAll(/href="reports\/([^/]+)\/index\.html"/g)].map(([, name]) => name);
    assert.ok(names.includes("02-lnsp-size-analysis"));
    const page = await ask(studio, `${pathname}reports/02-lnsp-size-analysis/index.html`);
    assert.equal(page.status, 200);
    const title =
      /^# (.*)$/m.exec(readFileSync(projectPath("reports", "02-lnsp-size-analysis", "report.md"), "utf8"))![1];
    assert.ok(page.body.includes(title));
  } finally {
    await studio.close();
  }
});
