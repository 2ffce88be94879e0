import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  dateOf,
  gatherRows,
  handlingSentence,
  loadDataset,
  loadSeries,
  parseSeriesManifest,
  provenanceFile,
  windowLoader,
  windowsOf,
} from "lib/data/mod.ts";
import { projectPath, sha256Hex } from "lib/process/mod.ts";
import { businessDays, seriesOf, TEST_PROVENANCE, withFiles } from "./series_files.ts";

const TWO_DAYS = "date,price\n2000-01-03,1\n2000-01-04,2\n";

Deno.test("No fake data: a series without origin and terms is refused", async () => {
  await withFiles(async (write) => {
    const file = write("prices.csv", TWO_DAYS);
    await assert.rejects(loadSeries(file), {
      name: "TypeError",
      message:
        /expected its origin and terms, got none \(a series without provenance is refused\); write .*prices\.csv\.provenance\.json/,
    });
    const refused: [unknown, RegExp][] = [
      [{ origin: "EIA" }, /terms: .*\(a series without provenance is refused\)/],
      [{ terms: "public domain" }, /origin: /],
      [{ origin: "  ", terms: "public domain" }, /origin: /],
      [{ origin: "EIA", terms: "" }, /terms: /],
      [{ origin: "EIA", terms: "public domain", source: "?" }, /source/],
    ];
    for (const [provenance, message] of refused) {
      await assert.rejects(loadSeries(file, { provenance: provenance as never }), message);
      write("prices.csv.provenance.json", JSON.stringify(provenance));
      await assert.rejects(loadSeries(file), message);
    }
    write("prices.csv.provenance.json", "{");
    await assert.rejects(loadSeries(file), /Cannot read .*prices\.csv\.provenance\.json/);
    assert.equal(provenanceFile(file), `${file}.provenance.json`);
    const provenance = { origin: "EIA", terms: "public domain", unit: "US dollars per barrel" };
    write("prices.csv.provenance.json", JSON.stringify(provenance));
    assert.deepEqual((await loadSeries(file)).provenance, provenance);
  });
});

Deno.test("a manifest without origin or licence is refused", () => {
  const manifest = JSON.parse(readFileSync(projectPath("data", "wti", "manifest.json"), "utf8"));
  const without = (key: string) => Object.fromEntries(Object.entries(manifest).filter(([name]) => name !== key));
  assert.throws(() => parseSeriesManifest(without("origin"), "m"), /m: origin: .*without provenance is refused/);
  assert.throws(
    () => parseSeriesManifest({ ...manifest, origin: [] }, "m"),
    /m: origin: .*without provenance is refused/,
  );
  assert.throws(() => parseSeriesManifest(without("licence"), "m"), /m: licence: .*without provenance is refused/);
  assert.throws(
    () => parseSeriesManifest({ ...manifest, file: "other.csv" }, "m"),
    /file: expected a file listed in files/,
  );
});

Deno.test("data/wti is the file that its manifest describes", async () => {
  const wti = await loadSeries("wti");
  const { manifest, report } = wti;
  const bytes = readFileSync(projectPath("data", "wti", "prices.csv"));
  assert.ok(bytes.byteLength <= 200_000);
  assert.equal(sha256Hex(bytes), manifest!.files["prices.csv"].sha256);
  assert.equal(wti.file.sha256, sha256Hex(bytes));
  assert.match(JSON.stringify(manifest!.origin), /U\.S\. Energy Information Administration.*DCOILWTICO/);
  assert.equal(report.emptyValues, manifest!.emptyValues);
  assert.equal(report.observations, manifest!.rows - manifest!.emptyValues);
  assert.deepEqual([report.firstDate, report.calendar], ["1986-01-02", "business days"]);
  assert.equal([...wti.columns.values()][0][0], 25.56);
  await assert.rejects(loadDataset("wti"), /data\/wti\/manifest\.json is a series, which loadSeries reads/);
  await assert.rejects(
    loadDataset("no-such-dataset"),
    (error: Error) => /"wordnet-20k"/.test(error.message) && !/"wti"/.test(error.message),
  );
});

Deno.test("gaps are counted and handled as is chosen", async () => {
  // Monday to Friday without Wednesday, no value on Thursday; the week after begins on Tuesday.
  const text = "date,price\n2000-01-03,1\n2000-01-04,2\n2000-01-06,.\n2000-01-07,4\n2000-01-11,5\n2000-01-12,6\n";
  const skipped = await seriesOf(text);
  assert.deepEqual(skipped.columns.get("price"), Float64Array.of(1, 2, 4, 5, 6));
  assert.deepEqual(skipped.report, {
    rows: 6,
    observations: 5,
    firstDate: "2000-01-03",
    lastDate: "2000-01-12",
    calendar: "business days",
    missingDays: 2,
    emptyValues: 1,
    longestGap: { days: 2, after: "2000-01-04" },
    handling: "skip",
    filled: 0,
    leftOut: 0,
  });
  const filled = await seriesOf(text, { missing: "carryForward" });
  assert.deepEqual(filled.columns.get("price"), Float64Array.of(1, 2, 2, 2, 4, 4, 5, 6));
  assert.deepEqual([...filled.days].map(dateOf).slice(1, 6), [
    "2000-01-04",
    "2000-01-05",
    "2000-01-06",
    "2000-01-07",
    "2000-01-10",
  ]);
  assert.match(handlingSentence(filled.report), /^days without a value repeat the last value before them$/);
  assert.deepEqual([filled.report.filled, filled.report.handling], [3, "carryForward"]);
  await assert.rejects(
    seriesOf(text, { missing: "refuse" }),
    /line 5: expected a value for every day \(business days\), got 2 missing after 2000-01-04/,
  );
  await assert.rejects(
    seriesOf(text, { longestGap: 1 }),
    /line 5: expected at most 1 missing business days in a row, got 2/,
  );
  await assert.rejects(seriesOf(text, { longestGap: -1 }), /expected longestGap to be an integer from 0, got -1/);
  const whole = await seriesOf(businessDays(20, { price: (i) => i }), { missing: "refuse" });
  assert.deepEqual([whole.report.missingDays, whole.report.longestGap], [0, null]);
});

Deno.test("a row of several columns counts when all have a value", async () => {
  const text = "date,a,b\n2000-01-03,1,10\n2000-01-04,2,.\n2000-01-05,3,30\n";
  const options = { columns: ["a", "b"] };
  assert.deepEqual((await seriesOf(text, options)).columns.get("a"), Float64Array.of(1, 3));
  const filled = await seriesOf(text, { ...options, missing: "carryForward" });
  assert.deepEqual([...filled.columns.values()], [Float64Array.of(1, 1, 3), Float64Array.of(10, 10, 30)]);
});

Deno.test("the hash of a series says what is in the file and how it is read", async () => {
  const hash = async (text: string, options = {}) => (await seriesOf(text, options)).hash;
  assert.equal(await hash(TWO_DAYS), await hash(TWO_DAYS));
  assert.notEqual(await hash(TWO_DAYS), await hash(TWO_DAYS.replace(",2", ",3")));
  assert.notEqual(await hash(TWO_DAYS), await hash(TWO_DAYS, { missing: "carryForward" }));
});

Deno.test("of a long series the newest steps are kept, counted, and found again in the file", async () => {
  const text = businessDays(5000, { price: (i) => i });
  await withFiles(async (write) => {
    const file = write("long.csv", text);
    const whole = await loadSeries(file, { provenance: TEST_PROVENANCE });
    const last = await loadSeries(file, { provenance: TEST_PROVENANCE, newest: 200 });
    assert.deepEqual(last.columns.get("price"), whole.columns.get("price")!.slice(-200));
    assert.deepEqual(last.days, whole.days.slice(-200));
    const { rows, observations, leftOut, firstDate, lastDate } = last.report;
    assert.deepEqual([rows, observations, leftOut], [5000, 200, 4800]);
    assert.deepEqual([firstDate, lastDate], [dateOf(last.days[0]), whole.report.lastDate]);
    assert.notEqual(last.hash, whole.hash);
    const all = await loadSeries(file, { provenance: TEST_PROVENANCE, newest: 5000 });
    assert.deepEqual([all.hash, all.report.leftOut], [whole.hash, 0]);
    const windows = windowsOf(last, { context: 8, horizon: 2 });
    const loader = windowLoader(windows, { batchSize: 16, shuffle: false });
    for await (const { rows, columns } of loader.epoch(0)) {
      assert.deepEqual(columns.context.data, gatherRows(windows.dataset.columns.context, rows));
    }
    await loader.close();
    await assert.rejects(
      loadSeries(file, { provenance: TEST_PROVENANCE, newest: 1 }),
      /newest to be an integer from 2, got 1/,
    );
  });
});
