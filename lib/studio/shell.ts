// What every page has: head, way to the other pages, main part, script. Pages link to each other by relative addresses, so that
// the same text is served and written to files.

import { escapeText } from "./client/format.mjs";

/** A page of the studio, ready to be served or written. */
export interface Page {
  title: string;
  /** The way from the page's folder to the studio's first page: "", "../../". */
  root: string;
  /** The links above the title: the pages that this one is below. */
  above?: { href: string; label: string }[];
  /** The main part as HTML, beginning with its heading. */
  main: string;
  /** What the page's script reads; null for a page that is only read. */
  data?: Readonly<Record<string, unknown>> | null;
  /** Whether the page follows running studies. */
  live: boolean;
  /** A page of text, as wide as a report. */
  narrow?: boolean;
  /** Whether the page leads to the first one; by default all in other folders do. */
  home?: boolean;
  /** Whether the page has the search of the site; it has unless told otherwise. */
  search?: boolean;
}

/** A page as HTML. It loads nothing but the studio's own stylesheet and script. */
export function renderPage(page: Page): string {
  const { title, root, above = [], main, data = null, live, narrow = false, search = true, home = root !== "" } = page;
  const links = [{ href: `${root}index.html`, label: "Latent Lab" }, ...above]
    .map(({ href, label }) => `<li><a href="${escapeText(href)}">${escapeText(label)}</a></li>`).join("");
  const connection = live ? '<span id="connection" role="status"></span>' : "";
  const navigation = !home ? "" : `<nav aria-label="Breadcrumb"><ol>${links}</ol></nav>`;
  const json = data === null ? "" : `<script type="application/json" id="page-data">${inScript(data)}</script>\n`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="same-origin">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${root}assets/studio.css">
</head>
<body${narrow ? ' class="narrow"' : ""}>
<a class="skip" href="#main">Skip to content</a>
<div class="bar">${navigation}${search ? searchForm(root) : ""}${connection}</div>
<main id="main" tabindex="-1">
${main}
</main>
${json}<script src="${root}assets/studio.js"></script>
</body>
</html>
`;
}

/** The search of the site, whose script takes the list of what there is when it is first used. */
function searchForm(root: string): string {
  return `<form id="search" class="scripted" role="search" aria-label="All pages" data-root="${root}">` +
    `<label for="search-words">Find</label> <input id="search-words" type="search" autocomplete="off" spellcheck="false" ` +
    `placeholder="reports, records, claims"><output role="status"></output><ul hidden></ul></form>`;
}

/** JSON that can stand inside a script element. */
function inScript(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028")
    .replaceAll("\u2029", "\\u2029");
}

/** A list of facts; those without a value are left out. Values are HTML. */
export function factList(facts: readonly (readonly [name: string, html: string])[]): string {
  const items = facts.filter(([, html]) => html !== "").map(([name, html]) =>
    `<div><dt>${escapeText(name)}</dt><dd>${html}</dd></div>`
  );
  return `<dl class="facts">${items.join("")}</dl>`;
}

/** A table of ready HTML cells; columns named in `right` are aligned to the right. */
export function plainTable(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  { label, right = [] }: { label: string; right?: readonly number[] },
): string {
  const align = (i: number) => right.includes(i) ? ' class="right"' : "";
  const head = heads.map((text, i) => `<th scope="col"${align(i)}>${escapeText(text)}</th>`).join("");
  const body = rows.map((cells) =>
    `<tr>${
      cells.map((cell, i) => i === 0 ? `<th scope="row"${align(0)}>${cell}</th>` : `<td${align(i)}>${cell}</td>`).join(
        "",
      )
    }</tr>`
  ).join("\n");
  return `<div class="box" tabindex="0" role="region" aria-label="${
    escapeText(label)
  }"><table><thead><tr>${head}</tr></thead>\n` +
    `<tbody>${body}</tbody></table></div>`;
}
