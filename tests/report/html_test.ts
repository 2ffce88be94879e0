import assert from "node:assert/strict";
import { JSDOM } from "jsdom";
import { renderHtml } from "lib/report/mod.ts";
import { pageScript } from "lib/report/html_script.ts";
import { exampleReport } from "./example_report.ts";
import { withSentinels } from "./sentinel.ts";

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"></svg>';
const page = () =>
  renderHtml(exampleReport({ title: "A < B & 1" }).document, { plotlyScript: "", svgs: { quality: svg } });

Deno.test("renderHtml is a pure function of the document", () => {
  assert.equal(page(), page());
});

Deno.test("renderHtml escapes text, and keeps code from ending a script element", () => {
  const html = page();
  assert.ok(html.includes("<h1>A &lt; B &amp; 1</h1>"));
  assert.ok(html.includes("A note with &lt;script&gt;alert(x)&lt;/script&gt; &amp; more."));
  const hostile = renderHtml(exampleReport().document, { plotlyScript: 'x = "</script><!--";' });
  assert.ok(hostile.includes('x = "<\\/script><\\!--";'));
  const { document } = new JSDOM(html).window;
  assert.equal(document.querySelectorAll("script").length, 2, "the data and the page's own script");
});

Deno.test("renderHtml needs no network: nothing but data, fragments and the links of the text", () => {
  const { document } = new JSDOM(page()).window;
  assert.match(document.querySelector("meta[http-equiv]")!.getAttribute("content")!, /^default-src 'none'/);
  const sources = [...document.querySelectorAll("[src], link[href]")].map((element) =>
    element.getAttribute("src") ?? element.getAttribute("href")!
  );
  assert.ok(sources.length > 0 && sources.every((source) => source.startsWith("data:")), sources.join(", "));
  const links = [...document.querySelectorAll("a[href]")].map((element) => element.getAttribute("href")!);
  assert.deepEqual(links.filter((href) => !href.startsWith("#")), ["https://example.org/a1"]);
});

Deno.test("renderHtml puts a record behind every number, and a row behind every link", () => {
  const { document } = new JSDOM(page()).window;
  const numbers = [...document.querySelectorAll("a.number")];
  assert.ok(numbers.length >= 10);
  const data = JSON.parse(document.querySelector("#report-data")!.textContent!);
  for (const number of numbers) {
    const id = number.getAttribute("data-record")!;
    assert.equal(number.getAttribute("href"), `#record-${id}`);
    assert.ok(document.getElementById(`record-${id}`), `row of ${id}`);
    assert.equal(data.records[id].id, id);
  }
  assert.equal(data.records["pca.cosine"].shown, "0.943 [0.941, 0.945]");
});

Deno.test("renderHtml links every fragment to an element, and gives no id twice", () => {
  const { document } = new JSDOM(page()).window;
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const id = link.getAttribute("href")!.slice(1);
    assert.ok(document.getElementById(id), `#${id} has no element`);
  }
  const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
  assert.deepEqual(ids.filter((id, i) => ids.indexOf(id) !== i), []);
});

Deno.test("renderHtml holds no digits but those of records, parameters, headings and code", () => {
  const html = renderHtml(withSentinels(exampleReport().document), { plotlyScript: "" });
  const { document } = new JSDOM(html).window;
  for (const element of document.querySelectorAll("script, style, code, h1, h2, h3, nav, sup, #records ~ details")) {
    element.remove();
  }
  const text = document.body.textContent!.replace(/(Table|Figure) \d+\./g, "");
  assert.match(text, /SENTINEL/);
  assert.doesNotMatch(text, /\p{N}/u);
});

Deno.test("renderHtml sorts by full-precision values and marks number columns", () => {
  const { document } = new JSDOM(page()).window;
  const cells = [...document.querySelectorAll("#table-sizes tbody td:nth-child(3)")];
  assert.deepEqual(cells.map((td) => td.getAttribute("data-sort")), ["1.184", "37.816"]);
  assert.ok(cells.every((td) => td.className === "right"));
  const head = document.querySelector("#table-sizes th:nth-child(3)")!;
  assert.equal(head.textContent, "Size (MB)");
});

Deno.test("the page's script sorts, shows cards and runs without plotly", () => {
  assert.doesNotThrow(() => new Function(pageScript));
  const { window } = new JSDOM(page(), { runScripts: "outside-only" });
  Object.assign(window, { matchMedia: () => ({ matches: false, addEventListener() {} }) });
  window.eval(pageScript);
  const { document } = window;
  const head = document.querySelector("#table-sizes th:nth-child(3) button") as unknown as { click(): void };
  const order = () => [...document.querySelectorAll("#table-sizes tbody td:first-child")].map((td) => td.textContent);
  head.click();
  assert.deepEqual(order(), ["256", "8192"]);
  head.click();
  assert.deepEqual(order(), ["8192", "256"]);
  const number = document.querySelector('#table-sizes a[data-record="pca.cosine"]')! as unknown as { click(): void };
  number.click();
  const card = document.getElementById("card")!;
  assert.equal(card.hidden, false);
  assert.match(card.textContent!, /n = 5.*95%, bootstrap percentile.*Example CPU.*lib\/evaluate/);
  document.dispatchEvent(new window.KeyboardEvent("keydown", { key: "Escape" }));
  assert.equal(card.hidden, true);
  window.close();
});
