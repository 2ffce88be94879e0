// The Markdown of notebook cells as HTML: headings, paragraphs, lists, code, emphasis, links. What it does not know stays as it is written.

import { escapeText } from "./client/format.mjs";

/** A Markdown cell as HTML; its first two levels of headings are the page's second. */
export function markdownHtml(text: string): string {
  const pieces = text.split(/^```[^\n]*\n([\s\S]*?)\n?```$/m); // every second one is the inside of a fence
  return pieces.flatMap((piece, i) =>
    i % 2 === 1
      ? [`<pre tabindex="0"><code>${escapeText(piece)}</code></pre>`]
      : piece.split(/\n[ \t]*\n/).map((block) => blockHtml(block.replace(/^\n+|\s+$/g, "")))
  ).filter((html) => html !== "").join("\n");
}

function blockHtml(text: string): string {
  if (text === "") return "";
  const heading = /^(#{1,6}) (.*)(?:\n([\s\S]*))?$/.exec(text);
  if (heading) {
    const level = heading[1].length <= 2 ? 2 : 3;
    return `<h${level}>${inlineHtml(heading[2])}</h${level}>${heading[3] ? `\n${blockHtml(heading[3])}` : ""}`;
  }
  for (const [tag, mark, next] of [["ul", /^[-*] /, /\n(?=[-*] )/], ["ol", /^\d+\. /, /\n(?=\d+\. )/]] as const) {
    if (!mark.test(text)) continue;
    return `<${tag}>${
      text.split(next).map((item) => `<li>${inlineHtml(item.replace(mark, ""))}</li>`).join("")
    }</${tag}>`;
  }
  return `<p>${inlineHtml(text)}</p>`;
}

/** Code first, so that nothing inside it is taken for markup. */
function inlineHtml(text: string): string {
  return text.split(/(`[^`]+`)/).map((piece, i) => {
    if (i % 2 === 1) return `<code>${escapeText(piece.slice(1, -1))}</code>`;
    return escapeText(piece)
      .replace(/\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/g, '<a href="$2" rel="noreferrer">$1</a>')
      .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
      .replace(/(^|[\s(])[*_]([^*_\s][^*_]*)[*_](?=[\s).,;:]|$)/g, "$1<em>$2</em>");
  }).join("");
}
