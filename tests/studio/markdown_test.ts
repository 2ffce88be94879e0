import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { JSDOM } from "jsdom";
import { projectPath } from "lib/process/mod.ts";
import { inlineHtml, markdownHtml } from "lib/studio/markdown_page.ts";

Deno.test("inlineHtml reads what reports write: code, strong, emphasis, links, footnotes, escapes", () => {
  const cases: [string, string][] = [
    ["a < b & `c<d`", "a &lt; b &amp; <code>c&lt;d</code>"],
    ["**x `y`** and *z*", "<strong>x <code>y</code></strong> and <em>z</em>"],
    ["[a *b*](results.json)", '<a href="results.json" rel="noreferrer">a <em>b</em></a>'],
    ["not measured[^1]", 'not measured<sup><a href="#note-1" aria-label="reason">1</a></sup>'],
    ["5 \\* 3 \\< 4 \\$ \\~ \\[x\\]", "5 * 3 &lt; 4 $ ~ [x]"],
    ["[0.94, 0.95]", "[0.94, 0.95]"],
    ["[x](javascript:alert(1))", "x)"],
    ["<b>raw</b>", "&lt;b&gt;raw&lt;/b&gt;"],
    ["`` a`b ``", "<code>a`b</code>"],
  ];
  for (const [markdown, html] of cases) assert.equal(inlineHtml(markdown), html);
});

Deno.test("markdownHtml reads headings, lists, tables with alignment, callouts, figures, code and folded sections", () => {
  const html = markdownHtml([
    "# Title",
    "- one\n- two",
    "| a | b |\n| --- | --: |\n| `x\\|y` | 2 |",
    "> **Finding.** It works.",
    "![Lines \\[rising\\].](figures/a-b.svg)",
    "```ts\nif (a < b) {}\n\n# no heading\n```",
    "<details>\n<summary>More</summary>\n\ntext\n\n</details>",
    "[^1]: a reason",
  ].join("\n\n"));
  for (
    const part of [
      '<h1 id="section-title">Title</h1>',
      "<ul><li>one</li><li>two</li></ul>",
      '<td><code>x|y</code></td><td class="right">2</td>',
      '<aside class="callout finding"><p><strong>Finding.</strong> It works.</p></aside>',
      '<img class="paper" alt="Lines [rising]." src="figures/a-b.svg" loading="lazy">',
      "<code>if (a &lt; b) {}\n\n# no heading</code>",
      "<details>\n<summary>More</summary>\n<p>text</p>\n</details>",
      '<li id="note-1">a reason</li>',
    ]
  ) assert.ok(html.includes(part), `${part} in ${html}`);
});

Deno.test("markdownHtml loses no word and no number of the project's reports", () => {
  const names = readdirSync(projectPath("reports")).filter((name) =>
    existsSync(projectPath("reports", name, "report.md"))
  );
  assert.ok(names.length > 0);
  for (const name of names) {
    const markdown = readFileSync(projectPath("reports", name, "report.md"), "utf8");
    const page = new JSDOM(markdownHtml(markdown)).window.document.body;
    // What a browser shows, but for the numbers that it gives the items of ordered lists and footnotes itself.
    const words = (source: string) => source.match(/[\p{L}\p{N}]+/gu) ?? [];
    const images = /^!\[.*\)$/gm, targets = /\]\([^)]*\)/g, tags = /<\/?(details|summary)>/g;
    const marks = /^(```\w*|\[\^\w+\]:|\d+\. )/gm;
    const plain = [images, tags, marks].reduce((rest, pattern) => rest.replace(pattern, ""), markdown).replace(
      targets,
      "]",
    );
    const texts = page.ownerDocument.createTreeWalker(page, 4);
    let text = "";
    while (texts.nextNode()) text += `${texts.currentNode.textContent} `;
    assert.deepEqual(words(text), words(plain), name);
  }
});
