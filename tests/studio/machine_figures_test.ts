import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { machineFigures, shortNames } from "lib/studio/client/machine_figures.mjs";
import { type MachineRow, machineRow } from "lib/studio/client/machine_rows.mjs";
import { startStudio, writeSite } from "lib/studio/mod.ts";
import { identityWith, madeMachine, madeResults, ownResults, REPORT, withReports } from "./made_reports.ts";
import { ask } from "./served.ts";

const FIGURE = "latency-against-width";
const SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><title>theirs</title></svg>';

const row = (id: string, ...values: (number | null)[]): MachineRow => ({
  id,
  unit: "ms",
  kind: "measured",
  own: true,
  claims: [],
  cells: values.map((value) => value === null ? null : [`${value} ms`, value, value * 0.9, value * 1.1]),
});
const figure = (records: number[]) => ({ id: "a", label: "Figure 1", caption: "A", records, images: [null, "b.svg"] });

Deno.test("a figure's numbers of two machines stand on one axis, and those that one of them lacks are left out", () => {
  const rows = [row("time.1.ms", 1, 2), row("time.2.ms", 10, null), row("time.4.ms", 4, 40)];
  const html = machineFigures([figure([0, 1, 2])], rows, ["One", "Two"], 0, 1);
  assert.equal(html.match(/<circle/g)?.length, 2);
  assert.equal(html.match(/<g class="two">/g)?.length, 2);
  // 0.9 and 44 are the ends of a logarithmic axis from 3% to 97%.
  const place = (value: number) => `${(3 + 94 * Math.log(value / 0.9) / Math.log(44 / 0.9)).toFixed(2)}%`;
  for (const value of [1, 4]) assert.ok(html.includes(`<circle cx="${place(value)}"`), `${value} at ${place(value)}`);
  for (const value of [2, 40]) assert.ok(html.includes(`<rect x="${place(value)}"`), `${value} at ${place(value)}`);
  assert.match(html, /<code>4<\/code><\/a><\/th><td class="right">4 ms<\/td><td class="right">40 ms<\/td>.*10\.0×/);
  assert.match(html, /time … ms in ms/);
  assert.match(html, /<p class="none">One: no image of it is here/);
  assert.match(html, /<img class="paper" src="b.svg" alt="Figure 1 on Two"/);
  assert.match(machineFigures([figure([1])], rows, ["One", "Two"], 0, 1), /No number behind it is in both/);
});

Deno.test("of many numbers the figure shows those that are furthest apart, in the report's order", () => {
  const rows = Array.from({ length: 40 }, (_, i) => row(`time.${i}`, 1, i % 2 === 0 ? 1 : i + 1));
  const html = machineFigures([figure(rows.map((_, i) => i))], rows, ["One", "Two"], 0, 1);
  const shown = [...html.matchAll(/<code>(\d+)<\/code>/g)].map(([, number]) => Number(number));
  assert.deepEqual(shown, Array.from({ length: 16 }, (_, i) => 9 + 2 * i));
  assert.match(html, /16 of 40: those furthest apart/);
});

Deno.test("shortNames leaves out what ids share, and keeps at least one part", () => {
  assert.deepEqual(shortNames(["a.1.x.ms", "a.2.y.ms"]), { parts: "a … ms", names: ["1.x", "2.y"] });
  assert.deepEqual(shortNames(["a.ms", "a.b.ms"]), { parts: "a …", names: ["ms", "b.ms"] });
  assert.deepEqual(shortNames(["a", "b"]), { parts: "", names: ["a", "b"] });
  assert.deepEqual(shortNames(["a.b"]), { parts: "", names: ["a.b"] });
});

Deno.test("a record's row says what the documents claim, and leads there", () => {
  const html = machineRow({ ...row("size", 3, 4), claims: [["lnsp-x", "5 <MB>"]] }, 0, 1);
  assert.match(html, /claimed: <a href="\.\.\/\.\.\/claims\.html#claim-lnsp-x">5 &lt;MB&gt;<\/a>/);
});

Deno.test("another machine's figures are shown beside ours, from files and from the studio; one that sent records only says so", async () => {
  const strange = { ...madeMachine(3), id: "../../x" };
  const results = madeResults(3);
  const files = {
    [`m1/${REPORT}/results.json`]: madeResults(1),
    [`m1/${REPORT}/figures/${FIGURE}.svg`]: SVG,
    [`m1/${REPORT}/figures/only-theirs.svg`]: SVG,
    "loose.json": madeResults(2),
    // A name that can be no address.
    [`m3/${REPORT}/results.json`]: {
      ...results,
      machines: [strange],
      identity: null,
      records: results.records.map((record) => ({ ...record, machine: record.machine === "any" ? "any" : strange.id })),
    },
    [`m3/${REPORT}/figures/${FIGURE}.svg`]: SVG,
  };
  await withReports(files, async ({ folder, reportsFolder }) => {
    writeFileSync(join(folder, "secret.svg"), "<svg>secret</svg>");
    symlinkSync(join(folder, "secret.svg"), join(reportsFolder, "machines", "m1", REPORT, "figures", "link.svg"));
    mkdirSync(join(folder, "checkpoints"));
    const options = { checkpointsFolder: join(folder, "checkpoints"), reportsFolder };
    const { problems } = await writeSite({ ...options, outputDir: join(folder, "site"), identityOf: identityWith() });
    assert.deepEqual(problems, []);
    const pages = join(folder, "site", "reports", REPORT);
    const html = readFileSync(join(pages, "machines.html"), "utf8");
    const images = [...html.matchAll(/<img class="paper" src="([^"]*)"/g)].map(([, src]) => src);
    const theirs = `machines/${madeMachine(1).id}`;
    assert.deepEqual(images, [
      `figures/${FIGURE}.svg`,
      `${theirs}/${FIGURE}.svg`,
      "figures/quality-against-width.svg",
      `${theirs}/only-theirs.svg`,
    ]);
    assert.equal(readFileSync(join(pages, theirs, `${FIGURE}.svg`), "utf8"), SVG);
    for (const src of images) assert.ok(existsSync(join(pages, src)), src);
    assert.match(html, /Only another machine's report has this figure/);
    assert.ok(!html.includes("link.svg") && !html.includes("../../x/"));
    // Every image that the page may come to show when other machines are chosen.
    const { figures } = JSON.parse(/id="page-data">(.*?)<\/script>/.exec(html)![1].replaceAll("\\u003c", "<"));
    assert.deepEqual(figures[0].images, [`figures/${FIGURE}.svg`, `${theirs}/${FIGURE}.svg`, null, null]);
    const drawn = ownResults().records.filter(({ id }) =>
      figures[0].records.some((i: number) => rowsOf(html)[i] === id)
    );
    assert.ok(drawn.length > 3 && drawn.every(({ unit }) => unit === "ms"), "the records of the figure");
    const studio = await startStudio(options);
    try {
      const root = `${new URL(studio.address).pathname}reports/${REPORT}/`;
      const served = await ask(studio, `${root}${theirs}/${FIGURE}.svg`);
      assert.deepEqual([served.status, served.body, served.headers["content-type"]], [200, SVG, "image/svg+xml"]);
      assert.match(String(served.headers["content-security-policy"]), /^sandbox; default-src 'none'/);
      for (const path of [`${theirs}/link.svg`, `${theirs}/../${FIGURE}.svg`, "machines/", "constructor"]) {
        assert.equal((await ask(studio, root + path)).status, 404, path);
      }
    } finally {
      await studio.close();
    }
  });
});

function rowsOf(html: string): string[] {
  const { rows } = JSON.parse(/id="page-data">(.*?)<\/script>/.exec(html)![1].replaceAll("\\u003c", "<"));
  return rows.map(({ id }: MachineRow) => id);
}
