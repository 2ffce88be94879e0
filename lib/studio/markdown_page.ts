// report.md as a page: the Markdown that lib/report writes, and no more. Everything else is shown as text; raw HTML is not let
// through, but for the folded sections of claims.

import { escapeText } from "./client/format.mjs";
import { renderPage } from "./shell.ts";

/** The page of a report whose document is not here. */
export function renderMarkdownPage(markdown: string, { title }: { title: string }): string {
  return renderPage({
    title: `${title} · Latent Lab`,
    root: "../../",
    main: markdownHtml(markdown),
    live: false,
    narrow: true,
  });
}

/** Blocks of Markdown as HTML. */
export function markdownHtml(markdown: string): string {
  const lines = markdown.replaceAll("\r\n", "\n").split("\n");
  const html: string[] = [];
  const notes: string[] = [];
  for (let i = 0; i < lines.length;) {
    const line = lines[i];
    const end = blockEnd(lines, i);
    const block = lines.slice(i, end);
    const note = /^\[\^(\w+)\]: (.*)$/.exec(line);
    if (note) notes.push(`<li id="note-${note[1]}">${inlineHtml(note[2])}</li>`);
    else if (line.trim() !== "") html.push(blockHtml(block));
    i = note ? i + 1 : end;
  }
  if (notes.length > 0) html.push(`<ol class="footnotes">${notes.join("")}</ol>`);
  return html.join("\n");
}

/** Index of the first line after the block that begins at `start`. */
function blockEnd(lines: readonly string[], start: number): number {
  const fence = /^(`{3,})/.exec(lines[start])?.[1];
  if (fence !== undefined) {
    const close = lines.indexOf(fence, start + 1);
    return close < 0 ? lines.length : close + 1;
  }
  if (/^(#{1,6} |<\/?details>|<summary>|$)/.test(lines[start])) return start + 1;
  let end = start + 1;
  while (
    end < lines.length && lines[end].trim() !== "" && !/^(#{1,6} |`{3,}|<\/?details>|<summary>)/.test(lines[end])
  ) end++;
  return end;
}

function blockHtml(block: readonly string[]): string {
  const [first] = block;
  const heading = /^(#{1,6}) (.*)$/.exec(first);
  if (heading) return headingHtml(heading[1].length, heading[2]);
  if (/^`{3,}/.test(first)) return `<pre tabindex="0"><code>${escapeText(block.slice(1, -1).join("\n"))}</code></pre>`;
  if (/^<\/?details>$/.test(first)) return first;
  const summary = /^<summary>(.*)<\/summary>$/.exec(first);
  if (summary) return `<summary>${escapeText(summary[1])}</summary>`;
  if (first.startsWith("|") && /^\|[\s:|-]+\|$/.test(block[1] ?? "")) return tableHtml(block);
  if (first.startsWith("> ")) return calloutHtml(block.map((line) => line.replace(/^> ?/, "")).join(" "));
  if (/^(- |\d+\. )/.test(first)) return listHtml(block);
  const image = /^!\[((?:\\.|[^\]])*)\]\(figures\/([a-z0-9-]+)\.svg\)$/.exec(block.join(" "));
  if (image) {
    return `<figure><img class="paper" alt="${escapeText(unescape(image[1]))}" src="figures/${
      image[2]
    }.svg" loading="lazy"></figure>`;
  }
  return `<p>${inlineHtml(block.join(" "))}</p>`;
}

function headingHtml(level: number, content: string): string {
  const id = content.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
  return `<h${level} id="section-${id}">${inlineHtml(content)}</h${level}>`;
}

function calloutHtml(content: string): string {
  const tone = /^\*\*(Finding|Note|Warning)\.\*\*/.exec(content)?.[1].toLowerCase() ?? "note";
  return `<aside class="callout ${tone}"><p>${inlineHtml(content)}</p></aside>`;
}

function listHtml(block: readonly string[]): string {
  const tag = block[0].startsWith("- ") ? "ul" : "ol";
  const items = block.map((line) => `<li>${inlineHtml(line.replace(/^(- |\d+\. )/, ""))}</li>`);
  return `<${tag}>${items.join("")}</${tag}>`;
}

function tableHtml([head, rule, ...rows]: readonly string[]): string {
  const aligns = cellsOf(rule).map((dashes) => dashes.endsWith(":") ? ' class="right"' : "");
  const cell = (tag: string, content: string, i: number) =>
    `<${tag}${aligns[i] ?? ""}>${inlineHtml(content)}</${tag.split(" ")[0]}>`;
  const heads = cellsOf(head).map((content, i) => cell('th scope="col"', content, i)).join("");
  const body = rows.map((row) => `<tr>${cellsOf(row).map((content, i) => cell("td", content, i)).join("")}</tr>`).join(
    "\n",
  );
  return `<section class="table"><div class="box" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${heads}</tr></thead>\n` +
    `<tbody>${body}</tbody></table></div></section>`;
}

/** The cells of a row; an escaped bar belongs to a cell. */
function cellsOf(row: string): string[] {
  return row.replace(/^\|/, "").replace(/\|\s*$/, "").split(/(?<!\\)\|/).map((cell) =>
    cell.trim().replaceAll("\\|", "|")
  );
}

const TOKEN =
  /(`+)(.+?)\1(?!`)|\*\*(.+?)\*\*|\*([^\s*](?:[^*]*[^\s*])?)\*|\[\^(\w+)\]|\[((?:\\.|[^\]])+)\]\(([^)\s]+)\)|\\([\\`*|<>$~_[\]#+=.)-])/;

/** A line of Markdown as HTML: code, strong, emphasis, links, footnote marks, escapes. */
export function inlineHtml(source: string): string {
  const found = TOKEN.exec(source);
  if (!found) return escapeText(decodeAmp(source));
  const [whole, , code, strong, emphasis, note, label, href, escaped] = found;
  const own = code !== undefined
    ? `<code>${escapeText(code.trim())}</code>`
    : strong !== undefined
    ? `<strong>${inlineHtml(strong)}</strong>`
    : emphasis !== undefined
    ? `<em>${inlineHtml(emphasis)}</em>`
    : note !== undefined
    ? `<sup><a href="#note-${note}" aria-label="reason">${note}</a></sup>`
    : label !== undefined
    ? linkHtml(label, href)
    : escapeText(escaped);
  return escapeText(decodeAmp(source.slice(0, found.index))) + own +
    inlineHtml(source.slice(found.index + whole.length));
}

/** Links lead to the web, to a place on the page or to a file beside it, never to a script. */
function linkHtml(label: string, href: string): string {
  const open = /^https?:\/\//i.test(href) || !/^[a-z][a-z0-9+.-]*:/i.test(href);
  const text = inlineHtml(label);
  return open ? `<a href="${escapeText(href.replace("%7C", "|"))}" rel="noreferrer">${text}</a>` : text;
}

function decodeAmp(source: string): string {
  return source.replaceAll("&amp;", "&");
}

function unescape(source: string): string {
  return source.replace(/\\([[\]])/g, "$1");
}
