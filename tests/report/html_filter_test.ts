// The filter of index.html's tables, in a browser's document without a browser.

import assert from "node:assert/strict";
import { JSDOM } from "jsdom";
import { parameter, renderHtml, renderMarkdown, Report } from "lib/report/mod.ts";

function page() {
  const report = new Report("demo", { title: "Demo", scale: "smoke" });
  const filter = { group: "claims", columns: [2] };
  const columns = ["Claim", "Value", "Verdict"];
  const row = (name: string, value: number, verdict: string) => [`\`${name}\``, parameter(value), verdict];
  report.table({
    id: "first",
    caption: "First",
    columns,
    filter,
    rows: [row("a-time", 1, "holds"), row("a-size", 20, "fails")],
  });
  report.table({ id: "second", caption: "Second", columns, filter, rows: [row("b-time", 3, "holds")] });
  report.table({ id: "other", caption: "Other", columns: ["Claim"], rows: [["`a-time`"]] });
  const html = renderHtml(report.document, { plotlyScript: "" });
  const scripts = [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, text]) => text);
  const { window } = new JSDOM(html, { runScripts: "outside-only", pretendToBeVisual: true });
  window.eval(scripts.find((text) => text.includes("data-filter-group"))!);
  const document: Document = window.document;
  const shown = () =>
    [...document.querySelectorAll<HTMLTableRowElement>("table[data-filter-group] tbody tr")].filter((row) =>
      !row.hidden
    )
      .map((row) => row.cells[0].textContent);
  const set = (selector: string, value: string) => {
    const control = document.querySelector<HTMLInputElement>(selector)!;
    control.value = value;
    control.dispatchEvent(new window.Event("input", { bubbles: true }));
  };
  return { report, html, document, shown, set };
}

Deno.test("rows of all tables of a group are filtered by text and by choice, and counted", () => {
  const { document, shown, set } = page();
  const count = () => document.querySelector("form.filter output")!.textContent;
  assert.equal(document.querySelectorAll("form.filter").length, 1);
  assert.deepEqual([shown(), count()], [["a-time", "a-size", "b-time"], "3 of 3 rows"]);
  set("form.filter select", "holds");
  assert.deepEqual([shown(), count()], [["a-time", "b-time"], "2 of 3 rows"]);
  set("form.filter input", "B time");
  assert.deepEqual([shown(), count()], [["b-time"], "1 of 3 rows"]);
  assert.deepEqual(
    ["first", "second", "other"].map((id) => document.querySelector<HTMLElement>(`#table-${id}`)!.hidden),
    [true, false, false],
  );
  set("form.filter input", "nothing like it");
  assert.deepEqual([shown(), count()], [[], "0 of 3 rows"]);
});

Deno.test("the filter's controls have names, and its choices say how many rows they show", () => {
  const { document } = page();
  const form = document.querySelector("form.filter")!;
  assert.equal(form.getAttribute("role"), "search");
  assert.ok(form.getAttribute("aria-label"));
  for (const control of form.querySelectorAll<HTMLInputElement>("input, select")) {
    assert.ok(control.labels!.length === 1 && control.labels![0].textContent !== "");
  }
  const choices = [...form.querySelectorAll("option")].map(({ textContent }) => textContent);
  assert.deepEqual(choices, ["any", "fails (1)", "holds (2)"]);
  assert.equal(form.querySelector("output")!.getAttribute("aria-live"), "polite");
  assert.ok(form.nextElementSibling === document.querySelector("#table-first"));
});

Deno.test("a filter adds nothing to Markdown, and nothing to pages without one", () => {
  const { report } = page();
  assert.doesNotMatch(renderMarkdown(report.document), /filter/i);
  const plain = new Report("plain", { title: "Plain", scale: "smoke" });
  plain.table({ id: "one", caption: "One", columns: ["A"], rows: [["a"]] });
  assert.doesNotMatch(renderHtml(plain.document, { plotlyScript: "" }), /filter-group|form\.filter|\.filter \{/);
});

Deno.test("a filter on a column that is not there is refused", () => {
  const report = new Report("demo", { title: "Demo", scale: "smoke" });
  const table = { id: "one", caption: "One", columns: ["A"], rows: [["a"]] };
  assert.throws(
    () => report.table({ ...table, filter: { group: "g", columns: [1] } }),
    /Cannot add table one: expected filter columns below 1, got 1/,
  );
});
