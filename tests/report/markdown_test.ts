import assert from "node:assert/strict";
import { renderMarkdown, type ReportDocument } from "lib/report/mod.ts";
import { codeSpan, escapeMarkdown } from "lib/report/markdown_inline.ts";
import { exampleReport } from "./example_report.ts";
import { assertGolden } from "./golden.ts";
import { withSentinels } from "./sentinel.ts";

Deno.test("renderMarkdown gives the reference text of the example", () => {
  assertGolden("example.md", renderMarkdown(exampleReport().document));
});

Deno.test("renderMarkdown gives the same bytes for a document that went through JSON", () => {
  const { document } = exampleReport();
  assert.equal(renderMarkdown(JSON.parse(JSON.stringify(document))), renderMarkdown(document));
});

/** Digits of a report that are no code, heading, link target, mark or number of a table, figure or item. */
function strayDigits(markdown: string): string[] {
  const rest = markdown
    .replace(/^```[\s\S]*?^```$/gm, "") // code blocks
    .replace(/(`+)[\s\S]*?\1/g, "") // code spans
    .replace(/^#+ .*$/gm, "") // headings
    .replace(/\]\([^)]*\)/g, "]") // targets of links
    .replace(/^\*\*(Table|Figure) \d+\.\*\*/gm, "")
    .replace(/\[\^\d+\]/g, "") // footnote marks
    .replace(/^\d+\. /gm, ""); // list items
  return rest.match(/.{0,20}\p{N}.{0,20}/gu) ?? [];
}

Deno.test("renderMarkdown holds no digits but those of records, parameters, headings and code", () => {
  const markdown = renderMarkdown(withSentinels(exampleReport({ title: "Title 1" }).document));
  assert.ok(markdown.includes("SENTINEL") && markdown.includes("PARAMETER"));
  assert.deepEqual(strayDigits(markdown), []);
});

Deno.test("renderMarkdown shows a digit that got into a document past the recorder", () => {
  const document: ReportDocument = withSentinels(exampleReport().document);
  document.blocks.push({ kind: "paragraph", content: [{ kind: "text", text: "kept 0.94 of it" }] });
  assert.deepEqual(strayDigits(renderMarkdown(document)), ["kept 0.94 of it"]);
});

Deno.test("escapeMarkdown keeps text from becoming markup", () => {
  assert.equal(escapeMarkdown("a|b <i> *x* `y` $z$ ~545"), "a\\|b \\<i\\> \\*x\\* \\`y\\` \\$z\\$ \\~545");
  assert.equal(escapeMarkdown("snake_case _emphasis_"), "snake_case \\_emphasis\\_");
  assert.equal(escapeMarkdown("- item"), "\\- item");
  assert.equal(escapeMarkdown("# x"), "\\# x");
  assert.equal(escapeMarkdown("see [a](b)"), "see [a\\](b)");
  assert.equal(escapeMarkdown("[0.94, 0.95] (n = 5)"), "[0.94, 0.95] (n = 5)");
  assert.equal(escapeMarkdown("AT&amp;T & co"), "AT&amp;amp;T & co");
  assert.equal(escapeMarkdown("two\nlines"), "two lines");
});

Deno.test("codeSpan takes as many backticks as its text needs", () => {
  assert.equal(codeSpan("a"), "`a`");
  assert.equal(codeSpan("a`b"), "``a`b``");
  assert.equal(codeSpan("`a"), "`` `a ``");
  assert.equal(codeSpan("a|b", true), "`a\\|b`");
});

Deno.test("many methods of intervals are left to the records", () => {
  const { document } = exampleReport();
  const withMethods = (count: number): ReportDocument => {
    const [first] = document.records;
    const records = Array.from({ length: count }, (_, i) => ({
      ...first,
      interval: { low: 0, high: 1, confidence: 0.95, method: `method ${"abcdefgh"[i]}` },
    }));
    return { ...document, blocks: [], records };
  };
  assert.match(renderMarkdown(withMethods(4)), /intervals: 95% \(method a\); .*95% \(method d\)\./);
  const many = renderMarkdown(withMethods(5));
  assert.match(many, /Square brackets hold 95% confidence intervals; each record names the method of its own\./);
  assert.doesNotMatch(many, /method a/);
});
