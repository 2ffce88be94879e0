import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isInvalid } from "lib/claims/audit/mod.ts";
import { projectPath } from "lib/process/mod.ts";
import { chosenRows, pairOf, unitSummary } from "lib/studio/client/machine_rows.mjs";
import { searchEntries } from "lib/studio/client/search_rows.mjs";
import { figureText } from "lib/studio/claims_page.ts";
import { ReportLibrary } from "lib/studio/library.ts";
import { machineLabels, machineRows } from "lib/studio/machines_page.ts";
import { markdownHtml } from "lib/studio/markdown_cell.ts";
import { startStudio, writeSite } from "lib/studio/mod.ts";
import {
  identityWith,
  madeMachine,
  madeResults,
  manyMachines,
  ownResults,
  REPORT,
  withReports,
} from "./made_reports.ts";
import { ask } from "./served.ts";

const siteOf = (folder: string, options: Partial<Parameters<typeof writeSite>[0]> = {}) =>
  writeSite({
    outputDir: join(folder, "site"),
    checkpointsFolder: join(folder, "checkpoints"),
    reportsFolder: join(folder, "reports"),
    notebooksFolder: projectPath("notebooks"),
    identityOf: identityWith(),
    ...options,
  });

const read = (folder: string, ...path: string[]) => readFileSync(join(folder, "site", ...path), "utf8");

Deno.test("results of other machines are found in folders, dropped right in, and in a copy of all reports", async () => {
  const files = {
    [`m4/${REPORT}/results.json`]: madeResults(1),
    "results of the second.json": madeResults(2),
    [`third/reports/${REPORT}/results.json`]: madeResults(3),
    // What else lies in a copied folder is no results file.
    [`m4/${REPORT}/document.json`]: "{",
    "m4/benchmarks/train.json": "[1]",
    [`m4/${REPORT}/report.md`]: "# A",
  };
  await withReports(files, ({ reportsFolder }) => {
    const { reports, problems } = new ReportLibrary({ reportsFolder }).view();
    assert.deepEqual(problems, []);
    assert.deepEqual(reports.map(({ name }) => name), [REPORT]);
    assert.deepEqual(reports[0].others.map(({ file, machine }) => [file, machine.id]), [
      [`machines/m4/${REPORT}/results.json`, madeMachine(1).id],
      ["machines/results of the second.json", madeMachine(2).id],
      [`machines/third/reports/${REPORT}/results.json`, madeMachine(3).id],
    ]);
    return Promise.resolve();
  });
});

/** Files that cannot be used, by what is said of them. */
const BAD: Record<string, [content: string, said: RegExp]> = {
  "a-newer.json": [
    JSON.stringify({ ...madeResults(4), schemaVersion: 2 }),
    /expected schemaVersion 1, got 2; update this library/,
  ],
  "b-broken.json": ['{"schemaVersion": 1,', /expected JSON/],
  "c-unknown.json": [
    JSON.stringify({ ...madeResults(5), report: "99-mine" }),
    /report that is here \(02-lnsp-size-analysis\), got those of "99-mine"/,
  ],
  "d-field.json": [JSON.stringify({ ...madeResults(6), scale: 3 }), /scale: expected a string, got 3/],
  "e-nobody.json": [
    JSON.stringify({ ...madeResults(7), machines: [], identity: null, records: [] }),
    /expected the facts of the machine that made them, got none/,
  ],
  "g-own.json": [
    JSON.stringify({ ...ownResults(), title: "Other" }),
    /expected another machine's, got others of AMD EPYC/,
  ],
  "z-twin.json": [
    JSON.stringify(madeResults(1, { factor: 2 })),
    /expected one file of a report and machine, got a second of Made M1/,
  ],
};

Deno.test("a results file that cannot be used is named with the reason, on the page too, and the rest is shown", async () => {
  const files = {
    ...manyMachines(2),
    ...Object.fromEntries(Object.entries(BAD).map(([name, [text]]) => [name, text])),
  };
  // A copy of the report's own results is neither another machine's nor wrong.
  const copy = readFileSync(projectPath("reports", REPORT, "results.json"), "utf8");
  await withReports({ ...files, "f-copy.json": copy }, async ({ folder }) => {
    const { problems } = await siteOf(folder);
    assert.deepEqual(problems.map(({ name }) => name), Object.keys(BAD).map((name) => `reports/machines/${name}`));
    problems.forEach(({ problem }, i) => assert.match(problem, Object.values(BAD)[i][1]));
    const index = read(folder, "index.html");
    for (const { problem } of problems) {
      assert.ok(index.includes(problem.replaceAll('"', "&quot;").replaceAll("'", "&#39;")), problem);
    }
    assert.match(index, /beside 2 other machines/);
    assert.match(read(folder, "reports", REPORT, "machines.html"), /Made M2, 6 cores/);
  });
});

Deno.test("answers in a wrong unit or to no claim are named and left out, and the rest of the file is shown", async () => {
  const results = madeResults(1);
  const parameters = results.records.find(({ claims }) => claims.includes("lnsp-bottleneck-256-params"))!;
  parameters.unit = "MB";
  results.records.find(({ id, claims }) => id !== parameters.id && claims.length > 0)!.claims = ["lnsp-no-such-claim"];
  await withReports({ "m1.json": results }, async ({ folder }) => {
    const { problems } = await siteOf(folder);
    assert.deepEqual([...new Set(problems.map(({ name }) => name))], ["reports/machines/m1.json"]);
    const said = problems.map(({ problem }) => problem);
    assert.ok(
      said.includes(`An answer to a claim: lnsp-bottleneck-256-params: expected count, got MB in ${parameters.id}`),
    );
    assert.match(said.join("\n"), /: no claim "lnsp-no-such-claim"; did you mean "lnsp-/);
    assert.match(read(folder, "index.html"), /expected count, got MB/);
    const claim = /<tr id="claim-lnsp-bottleneck-256-params".*?<\/tr>/s.exec(read(folder, "claims.html"))![0];
    assert.ok(claim.includes("296,000") && !claim.includes("Made M1"), "our answer, and not theirs");
    assert.match(read(folder, "reports", REPORT, "machines.html"), /Made M1/);
  });
});

Deno.test("a report whose own results cannot be read says so on the first page and on its own, and claims and search go on", async () => {
  await withReports({}, async ({ folder, reportsFolder }) => {
    writeFileSync(join(reportsFolder, REPORT, "results.json"), JSON.stringify({ ...ownResults(), schemaVersion: 7 }));
    const { problems } = await siteOf(folder);
    const said = /expected schemaVersion 1, got 7; update this library/;
    assert.equal(problems.length, 1);
    assert.match(problems[0].problem, said);
    assert.match(read(folder, "index.html"), said);
    assert.match(read(folder, "reports", REPORT, "index.html"), said);
    assert.match(read(folder, "claims.html"), /claim-lnsp-bottleneck-256-params/);
    const studio = await startStudio({ checkpointsFolder: join(folder, "none"), reportsFolder });
    try {
      assert.match(studio.problems[0].problem, said);
      const root = new URL(studio.address).pathname;
      assert.equal((await ask(studio, `${root}index.html`)).status, 200);
      assert.match((await ask(studio, `${root}reports/${REPORT}/`)).body, said);
    } finally {
      await studio.close();
    }
  });
});

Deno.test("the state of a report is told with the reason: fresh, stale, another machine's, no notebook", async () => {
  await withReports({}, async ({ folder, reportsFolder }) => {
    const [module] = Object.keys(ownResults().identity!.modules);
    const modules = { ...ownResults().identity!.modules, [module]: "0".repeat(64) };
    const cases: [Parameters<typeof identityWith>[0], string, RegExp][] = [
      [{}, "fresh", /^fresh \(quick\)$/],
      [{ modules }, "stale", new RegExp(`^stale: ${module} changed$`)],
      [{ machine: "another" }, "other machine", /^made on another machine: AMD EPYC/],
      [{ scale: "full", parameters: "0".repeat(64) }, "fresh", /fresh/], // of its own scale and parameters it is
    ];
    for (const [changes, status, text] of cases) {
      const library = new ReportLibrary({
        reportsFolder,
        notebooksFolder: projectPath("notebooks"),
        identityOf: identityWith(changes),
      });
      assert.equal(library.view().reports[0].state.status, "checking");
      await library.settled();
      const { state } = library.view().reports[0];
      assert.equal(state.status, status);
      assert.match(state.text, text);
    }
    const failing = () => Promise.reject(new Error("cell 3 is no TypeScript"));
    const broken = new ReportLibrary({ reportsFolder, notebooksFolder: projectPath("notebooks"), identityOf: failing });
    await broken.settled();
    assert.match(broken.view().reports[0].state.text, /cannot be read: cell 3 is no TypeScript/);
    const { reports: [alone] } = new ReportLibrary({ reportsFolder }).view();
    assert.deepEqual(alone.state, { status: "unknown", text: "there is no notebook of this name", changes: [] });
    await siteOf(folder, { identityOf: identityWith({ modules }) });
    assert.match(read(folder, "index.html"), new RegExp(`class="state stale">stale<[^]*${module} changed`));
    assert.match(read(folder, "reports", REPORT, "index.html"), new RegExp(`<dt>State</dt><dd>.*${module} changed`));
    assert.ok(!existsSync(join(folder, "site", "reports", REPORT, "machines.html")));
  });
});

Deno.test("pairOf tells a difference where intervals do not overlap, and nothing where there is none", () => {
  const cell = (value: number | string | boolean | null, low?: number, high?: number) =>
    (low === undefined ? ["", value] : ["", value, low, high]) as [string, typeof value, number?, number?];
  assert.deepEqual(pairOf(cell(2, 1, 3), cell(8, 7, 9)), { state: "differs", ratio: 4 });
  assert.deepEqual(pairOf(cell(2, 1, 3), cell(4, 3, 5)), { state: "no difference shown", ratio: 2 });
  assert.deepEqual(pairOf(cell(8, 7, 9), cell(2, 1, 3)), { state: "differs", ratio: 0.25 });
  assert.deepEqual(pairOf(cell(2, 1, 3), cell(4)), { state: "", ratio: 2 });
  assert.deepEqual(pairOf(cell(5), cell(5)), { state: "same", ratio: 1 });
  assert.deepEqual(pairOf(cell("a"), cell("b")), { state: "differs", ratio: null });
  assert.deepEqual(pairOf(cell(true), cell(true)), { state: "same", ratio: null });
  assert.deepEqual(pairOf(cell(-1, -2, 0), cell(1, 0.5, 2)), { state: "differs", ratio: null });
  assert.deepEqual(pairOf(cell(1), null), { state: "only here", ratio: null });
  assert.deepEqual(pairOf(cell(null), cell(1)), { state: "only there", ratio: null });
  assert.deepEqual(pairOf(cell(null), null), { state: "not measured", ratio: null });
  assert.deepEqual(pairOf(["2, INVALID", 2, 1, 3, true], cell(8, 7, 9)), { state: "INVALID", ratio: null });
  assert.deepEqual(pairOf(cell(2), ["8, INVALID", 8, null, null, true]), { state: "INVALID", ratio: null });
});

Deno.test("machineRows keeps every record of every machine once, and unitSummary takes the geometric mean of measured ones", () => {
  const own = ownResults();
  const [a, b] = [own, { ...madeResults(1), records: madeResults(1).records.slice(3) }];
  const rows = machineRows([a, b], { hasOwn: true });
  assert.deepEqual(rows.map(({ id }) => id), own.records.map(({ id }) => id));
  assert.ok(
    rows.slice(0, 3).every(({ cells }) => cells[1] === null) && rows.slice(3).every(({ cells }) => cells[1] !== null),
  );
  const summary = unitSummary(rows, 0, 1);
  const ratios = rows.flatMap((row, i) => {
    const [x, y] = [own.records[i], b.records.find(({ id }) => id === row.id)];
    // An invalid one is shown, and compared with nothing.
    return x.kind === "measured" && x.unit === "ms" && Number(x.value) > 0 && y && !isInvalid(x)
      ? [Number(y.value) / Number(x.value)]
      : [];
  });
  const ms = summary.find(({ unit }) => unit === "ms")!;
  assert.equal(ms.count, ratios.length);
  const mean = ratios.reduce((product, ratio) => product * ratio, 1) ** (1 / ratios.length);
  assert.ok(Math.abs(ms.mean / mean - 1) < 1e-9 && ms.low < mean && mean < ms.high);
  const asked = { words: "", show: "measured", order: "ratio" };
  const sorted = chosenRows(rows, 0, 1, asked).map(({ cells }) => pairOf(cells[0], cells[1]).ratio);
  const far = sorted.filter((ratio) => ratio !== null).map((ratio) => Math.abs(Math.log(ratio)));
  assert.ok(far.length > 20 && far.every((value, i) => i === 0 || value <= far[i - 1]));
  assert.ok(
    chosenRows(rows, 0, 1, { ...asked, words: "ms" }).every(({ id, unit }) => unit === "ms" || id.includes("ms")),
  );
});

Deno.test("machineLabels tells machines of one name apart", () => {
  const machine = madeMachine(1);
  assert.deepEqual(machineLabels([machine, madeMachine(2)]), [machine.name, madeMachine(2).name]);
  const newer = { ...machine, id: "b", os: "macOS 16.0" };
  assert.deepEqual(machineLabels([machine, newer]).map((label) => /\(macOS (\d+)/.exec(label)?.[1]), ["15", "16"]);
  assert.deepEqual(machineLabels([machine, { ...machine, id: "b" }]).map((label) => /\((\w+)\)$/.exec(label)?.[1]), [
    machine.id,
    "b",
  ]);
});

Deno.test("searchEntries finds entries with all words, titles first, by kind", () => {
  const entries: [number, string, string, string][] = [
    [6, "student.recall", "0.9, Recall study", "a"],
    [0, "A study", "02-study", "b"],
    [2, "Recall against bytes", "Figure 3", "c"],
    [6, "pca.recall", "0.8, Recall study", "d"],
  ];
  const found = (words: string) => searchEntries(entries, words).hits.map(([, , , href]) => href);
  assert.deepEqual(found("recall"), ["c", "a", "d"]);
  assert.deepEqual(found("RECALL study"), ["a", "d"]);
  assert.deepEqual(found("pca recall"), ["d"]);
  assert.deepEqual(found("  "), []);
  const many = Array.from({ length: 100 }, (_, i): [number, string, string, string] => [6, `x${i}`, "", ""]);
  const { hits, count } = searchEntries(many, "x");
  assert.deepEqual([hits.length, count], [40, 100]);
});

Deno.test("markdownHtml writes what notebooks use, and escapes the rest", () => {
  const text =
    "# Title <b>\n\nA **strong** *word*, `a*b*<c>` and [a link](https://example.org/a).\n\n- one\n- two `x`\n\n```ts\na\n\n# b\n```\n\n2 * 3 * 4 and snake_case_name";
  assert.equal(
    markdownHtml(text),
    [
      "<h2>Title &lt;b&gt;</h2>",
      "<p>A <strong>strong</strong> <em>word</em>, <code>a*b*&lt;c&gt;</code> and " +
      '<a href="https://example.org/a" rel="noreferrer">a link</a>.</p>',
      "<ul><li>one</li><li>two <code>x</code></li></ul>",
      '<pre tabindex="0"><code>a\n\n# b</code></pre>',
      "<p>2 * 3 * 4 and snake_case_name</p>",
    ].join("\n"),
  );
  assert.doesNotMatch(markdownHtml("[x](javascript:alert(1))"), /<a /);
});

Deno.test("figureText writes a claimed figure with its unit", () => {
  assert.deepEqual(
    [
      figureText(545000, "count"),
      figureText([2, 3], "ms"),
      figureText(1.5, "x"),
      figureText("fits in L3", "ms"),
      figureText(3, null),
    ],
    ["545,000", "2 to 3 ms", "1.5×", "fits in L3", "3"],
  );
});
