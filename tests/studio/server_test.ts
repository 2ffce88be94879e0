import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectPath } from "lib/process/mod.ts";
import { refusalOf } from "lib/studio/guard.ts";
import { startStudio, type Studio } from "lib/studio/mod.ts";
import { madeFolder, MadeStudy } from "./made_study.ts";

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

interface Asking {
  method?: string;
  headers?: Record<string, string>;
}

/** A request as it is written: fetch would tidy the path and refuse to set the host. */
function ask(studio: Studio, path: string, { method = "GET", headers = {} }: Asking = {}): Promise<Answer> {
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
async function withStudio(
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
    assert.ok(report.body.includes("<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"));
    assert.ok(
      report.body.includes("<title>Demo &amp; more") ||
        report.body.includes('<h1 id="section-demo-more">Demo &amp; more</h1>'),
    );
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

/** Events of a page: each `next` gives the data of the next change. */
async function events(address: string, headers: Record<string, string> = {}) {
  const controller = new AbortController();
  const response = await fetch(address, { headers, signal: controller.signal });
  assert.match(response.headers.get("content-type")!, /^text\/event-stream/);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    async next() {
      for (;;) {
        const end = text.indexOf("\n\n");
        if (end >= 0) {
          const lines = text.slice(0, end).split("\n");
          text = text.slice(end + 2);
          const data = lines.find((line) => line.startsWith("data: "));
          if (data) return JSON.parse(data.slice(6));
          continue;
        }
        const { value, done } = await reader.read();
        assert.ok(!done, "the events ended");
        text += value;
      }
    },
    close: () => controller.abort(),
  };
}

Deno.test("events tell what is newer than the page, once to each page, and then what changes", async () => {
  await withStudio(async ({ studio, small }) => {
    const address = `${studio.address}studies/small/events`;
    small.change(1, { seconds: 1 });
    const { revision } = small.summary();
    const [early, current] = await Promise.all([
      events(`${address}?since=${revision - 1}`),
      events(`${address}?since=${revision}`),
    ]);
    const first = await early.next();
    assert.deepEqual(first.keys, [small.all[0].key]);
    small.change(2, { state: "finished", epochs: 2, message: null }, [0.5, 0.25]);
    for (const page of [early, current]) {
      const change = await page.next();
      assert.deepEqual(change.keys, [small.all[1].key]);
      assert.equal(change.trials.length, 1);
      assert.deepEqual(change.curves, [[small.all[1].key, [[1, 0.5], [2, 0.25]]]]);
      assert.equal(change.revision, revision + 1);
      assert.match(change.summaryHtml, /of 60 finished/);
    }
    early.close();
    current.close();
    const again = await events(address, { "last-event-id": String(revision) });
    assert.deepEqual((await again.next()).keys, [small.all[1].key]);
    again.close();
  });
});

Deno.test("events tell that a study has ended although no trial changed", async () => {
  await withStudio(async ({ studio, small }) => {
    const page = await events(`${studio.address}studies/small/events?since=${small.summary().revision - 1}`);
    await page.next();
    small.end();
    const change = await page.next();
    assert.match(change.said, /; finished$/);
    page.close();
  });
});

Deno.test("events of the first page tell that some study changed", async () => {
  await withStudio(async ({ studio, small }) => {
    const page = await events(`${studio.address}events`);
    const first = await page.next();
    small.change(1, { seconds: 2 });
    assert.equal((await page.next()).revision, first.revision + 1);
    page.close();
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
