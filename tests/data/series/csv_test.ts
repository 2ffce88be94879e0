import assert from "node:assert/strict";
import { loadSeries } from "lib/data/mod.ts";
import { csvFields, csvValue } from "lib/data/series/csv_fields.ts";
import { calendarOf, dateOf, dayOf, daysBetween, weekdayOf } from "lib/data/series/calendar.ts";
import { eachLine, LONGEST_LINE_BYTES } from "lib/data/series/csv_lines.ts";
import { sha256Hex } from "lib/process/mod.ts";
import { businessDays, FIRST_DAY, seriesOf, TEST_PROVENANCE, withFiles } from "./series_files.ts";

const valuesOf = async (content: string | Uint8Array) => [...(await seriesOf(content)).columns.values()][0];

Deno.test("csvFields reads quotes as RFC 4180 says and refuses loose ones", () => {
  assert.deepEqual(csvFields("a,b,,"), ["a", "b", "", ""]);
  assert.deepEqual(csvFields('"a,b","say ""x""",c,""'), ["a,b", 'say "x"', "c", ""]);
  assert.deepEqual(csvFields('"a",'), ["a", ""]);
  assert.throws(() => csvFields('"a'), /expected a closing quote in the same line, got none/);
  assert.throws(() => csvFields('a"b,c'), /expected quotes around a whole field, got a"b/);
  assert.throws(() => csvFields('"a"b,c'), /expected a comma after a quoted field, got "b,c"/);
});

Deno.test("csvValue reads numbers, knows what is empty and refuses text", () => {
  const numbers: [string, number][] = [["1", 1], [" -2.50 ", -2.5], ["+.5", 0.5], ["3.", 3], ["1e-3", 0.001], [
    "-36.98",
    -36.98,
  ]];
  for (const [text, value] of numbers) assert.equal(csvValue(text, "p"), value);
  for (const text of ["", " ", ".", "NA", "NaN"]) assert.ok(Number.isNaN(csvValue(text, "p")), text);
  for (const text of ["1,234", "$5", "12 USD", "0x10", "Infinity", "1e999", "--1", "1.2.3", "n/a", "-"]) {
    assert.throws(
      () => csvValue(text, "price"),
      /expected a number in "price" \(or nothing, "\.", "NA", "NaN"\), got/,
      text,
    );
  }
});

Deno.test("days are counted in the Gregorian calendar", () => {
  assert.equal(dayOf("1970-01-01"), 0);
  assert.equal(dayOf("2000-01-03"), FIRST_DAY);
  assert.equal(weekdayOf(FIRST_DAY), 0);
  assert.equal(dateOf(dayOf("2024-02-29")!), "2024-02-29");
  for (
    const text of [
      "2023-02-29",
      "2023-13-01",
      "2023-00-10",
      "03/01/2000",
      "2000-1-3",
      "20000103",
      "2000-01-03T00:00",
      "",
    ]
  ) {
    assert.equal(dayOf(text), null, text);
  }
  const friday = FIRST_DAY + 4;
  assert.equal(daysBetween(friday, friday + 3, "business days"), 0);
  assert.equal(daysBetween(friday, friday + 4, "business days"), 1);
  assert.equal(daysBetween(FIRST_DAY, FIRST_DAY + 365, "business days"), 260);
  assert.equal(daysBetween(friday, friday + 3, "every day"), 2);
  assert.equal(daysBetween(0, 700, "as observed"), 0);
  const everyDay = Int32Array.from({ length: 30 }, (_, i) => i);
  assert.equal(calendarOf(everyDay), "every day");
  assert.equal(calendarOf(everyDay.filter((day) => weekdayOf(day) < 5)), "business days");
  assert.equal(calendarOf(everyDay.map((day) => 7 * day)), "as observed");
});

Deno.test("loadSeries reads what FRED, spreadsheets and pandas write alike", async () => {
  const plain = "DATE,PRICE\n2000-01-03,25.56\n2000-01-04,.\n2000-01-05,\n2000-01-06,-3e1\n";
  assert.deepEqual(await valuesOf(plain), Float64Array.of(25.56, -30));
  assert.deepEqual(await valuesOf(plain.replaceAll("\n", "\r\n")), Float64Array.of(25.56, -30));
  assert.deepEqual(await valuesOf(plain.trimEnd()), Float64Array.of(25.56, -30));
  assert.deepEqual(await valuesOf(`\uFEFF${plain}\n\n`), Float64Array.of(25.56, -30));
  assert.deepEqual(
    await valuesOf('"DATE","PRICE"\n"2000-01-03","25.56"\n2000-01-04,"-30"\n'),
    Float64Array.of(25.56, -30),
  );
});

Deno.test("loadSeries says what is wrong with a file, and in which line", async () => {
  const rows = (...lines: string[]) => ["date,price", ...lines].join("\n");
  const cases: [string | Uint8Array, RegExp][] = [
    [
      rows("2000-01-03,1", "2000-01-04,abc"),
      /Cannot read .*mine\.csv: line 3: expected a number in "price" .*, got "abc"$/,
    ],
    [rows("2000-01-03,1", '2000-01-04,"1,234.5"'), /line 3: expected a number in "price".*got "1,234\.5"/],
    [rows("2000-01-03,1", "2000-01-04,1,5"), /line 3: expected 2 fields \(date, price\), got 3/],
    [rows("2000-01-03,1", "2000-01-04"), /line 3: expected 2 fields \(date, price\), got 1/],
    [
      rows("2000-01-03,1", "2000-01-05,2", "2000-01-04,3"),
      /line 4: expected a date after 2000-01-05, got 2000-01-04; sort the rows by date/,
    ],
    [rows("2000-01-03,1", "2000-01-03,2"), /line 3: expected a date after 2000-01-03, got it twice/],
    [rows("01/03/2000,1"), /line 2: expected a date YYYY-MM-DD in "date", got "01\/03\/2000"/],
    [rows("2000-02-30,1"), /line 2: expected a date YYYY-MM-DD in "date", got "2000-02-30"/],
    [rows("2000-01-03,1", "", "2000-01-04,2"), /line 4: expected no row after the empty line 3, got one/],
    [rows("2000-01-03,1"), /expected at least 2 rows with a value, got 1/],
    [rows(), /expected at least 2 rows with a value, got 0/],
    [rows("2000-01-03,1", "2000-01-04,."), /expected at least 2 rows with a value, got 1/],
    ["", /expected a line of column names, got an empty file/],
    ["2000-01-03,1\n2000-01-04,2\n", /line 1: expected the names of columns, got a row of values/],
    ["date;price\n2000-01-03;1\n", /separated by commas, got fields separated by ";"/],
    ["date\tprice\n", /separated by commas, got fields separated by "\\t"/],
    [
      "date,open,close\n2000-01-03,1,2\n",
      /line 1: expected one column of values, or a choice \(columns: \.\.\.\), got open, close/,
    ],
    ["date,price,price\n", /line 1: expected names that differ, got "price" twice/],
    ["date,price,\n", /line 1: expected names that differ, got "" as a name/],
    [
      new Uint8Array([0xff, 0xfe, 0x64, 0, 0x0a, 0]),
      /line 1: expected UTF-8 text, got a byte of zero; is the file binary, or UTF-16\?/,
    ],
    [new Uint8Array([0x64, 0x2c, 0xe4, 0x0a]), /line 1: expected UTF-8 text, got other bytes/],
    ["date,price\r2000-01-03,1\r", /line 1: expected lines that end with a line feed, got a return alone/],
    ["x".repeat(LONGEST_LINE_BYTES + 1), /line 1: expected lines of at most 65536 bytes/],
    [`date,price\n${"x".repeat(2 ** 21)}`, /line 2: expected lines of at most 65536 bytes/],
  ];
  for (const [content, message] of cases) {
    await assert.rejects(seriesOf(content), message, String(content).slice(0, 80));
  }
  await assert.rejects(
    loadSeries("/nowhere/none.csv", { provenance: TEST_PROVENANCE }),
    /there is no file \/nowhere\/none\.csv/,
  );
  await assert.rejects(
    loadSeries("prices.xlsx"),
    /expected the name of one under data\/ or a \.csv file, got "prices\.xlsx"/,
  );
  await assert.rejects(
    loadSeries("no-such-series"),
    /expected a folder data\/no-such-series with a manifest\.json, got none/,
  );
  await assert.rejects(loadSeries("wordnet-20k"), /data\/wordnet-20k is a dataset of vectors, which loadDataset reads/);
});

Deno.test("loadSeries takes the columns that are named, the one that is forecast first", async () => {
  const table = "day,open,note,close\n2000-01-03,1,x,3\n2000-01-04,2,y,4\n";
  const series = await seriesOf(table, { columns: ["close", "open"] });
  assert.deepEqual([...series.columns], [["close", Float64Array.of(3, 4)], ["open", Float64Array.of(1, 2)]]);
  await assert.rejects(seriesOf(table, { columns: ["high"] }), /expected a column "high", got day, open, note, close/);
  await assert.rejects(seriesOf(table, { columns: ["open", "open"] }), /expected columns of values that differ/);
  await assert.rejects(seriesOf(table, { columns: ["day"] }), /other than day, got day/);
  await assert.rejects(seriesOf(table, { columns: ["note"] }), /expected a number in "note"/);
  const later = "price,when\n1,2000-01-03\n2,2000-01-04\n";
  assert.deepEqual((await seriesOf(later, { dateColumn: "when" })).columns.get("price"), Float64Array.of(1, 2));
});

Deno.test("eachLine reads a file of many chunks with the byte of every line, and its hash", async () => {
  const rows = 90_000; // more than 2 MiB
  const text = businessDays(rows, { price: (i) => `${i}.${String(i * i).padStart(12, "0")}` });
  await withFiles(async (write) => {
    const path = write("long.csv", text);
    const offsets: number[] = [];
    let expected = "";
    const facts = await eachLine(path, (line) => {
      offsets.push(line.offset);
      expected += `${line.text}\n`;
      assert.equal(line.number, offsets.length);
    });
    assert.equal(expected, text);
    assert.deepEqual(facts, { sha256: sha256Hex(text), bytes: text.length, lines: rows + 1 });
    for (const i of [0, 1, 40_000, 70_001, rows]) {
      assert.ok(i === 0 || text[offsets[i] - 1] === "\n");
      assert.ok(text.startsWith(i === 0 ? "date" : "2", offsets[i]) || text.startsWith("3", offsets[i]));
    }
  });
});
