// A document as one self-contained, interactive page without network: a pure function.

import {
  blockNumbers,
  blocksByRecord,
  cellsByRecord,
  type FigureBlock,
  recordsById,
  type ReportDocument,
} from "./document.ts";
import { darkColors, template } from "./figures/figure.ts";
import { formatRecord } from "./format.ts";
import { intervalSentence, machineLine, parameterPairs } from "./header.ts";
import { htmlClaims, HtmlFootnotes, htmlRecords } from "./html_appendix.ts";
import { cardLinks, type RecordLinks } from "./html_links.ts";
import { htmlBlock, type HtmlBlockContext } from "./html_blocks.ts";
import { headingAnchors } from "./anchors.ts";
import { filterScript, filterStyle } from "./html_filter.ts";
import { escapeHtml, type HtmlContext } from "./html_inline.ts";
import { pageScript } from "./html_script.ts";
import { pageStyle } from "./html_style.ts";

/** What a page needs that is not in the document. */
export interface RenderHtmlOptions {
  /** The text of plotly.min.js, inlined once; "" leaves the figures static. */
  plotlyScript: string;
  /** Figures as SVG by id: shown while scripts are off, and in print. */
  svgs?: Readonly<Record<string, string>>;
  /** A link at the top of the page, to the pages that it is one of. */
  home?: { href: string; label: string };
  /** Further facts for the head of the page; values are HTML. */
  facts?: readonly (readonly [name: string, html: string])[];
  /** Where a code cell of the notebook can be read. */
  cellHref?: (cell: number) => string;
  /** Where more is said of a claim; null for an id that is none. */
  claimHref?: (id: string) => string | null;
  /** What a link of the text leads to instead. */
  linkHref?: (href: string) => string;
}

/**
 * The whole report as one HTML page. Its content security policy forbids every request, so the page shows the same offline.
 *
 * @example
 * ```ts
 * import { renderHtml, Report } from "lib/report/mod.ts";
 * const report = new Report("demo", { title: "A < B", scale: "smoke" });
 * console.log(renderHtml(report.document, { plotlyScript: "" }).includes("<h1>A &lt; B</h1>")); // true
 * ```
 */
export function renderHtml(document: ReportDocument, options: RenderHtmlOptions): string {
  const { plotlyScript, svgs = {}, home, cellHref, claimHref, linkHref } = options;
  const footnotes = new HtmlFootnotes();
  const context: HtmlContext = {
    records: recordsById(document),
    missingNote: (record) => footnotes.mark(record.note),
    claimHref,
    linkHref,
  };
  const numbers = blockNumbers(document);
  const anchored = new Set<string>();
  const whole: HtmlBlockContext = {
    document,
    context,
    numbers,
    anchors: headingAnchors(document),
    anchored,
    svgs,
    cellHref,
  };
  const links: RecordLinks = {
    numbers,
    blocks: blocksByRecord(document),
    cells: cellsByRecord(document),
    cellHref,
    claimHref,
    anchored,
  };
  const body = [
    home === undefined
      ? ""
      : `<nav class="home" aria-label="Site"><a href="${escapeHtml(home.href)}">${escapeHtml(home.label)}</a></nav>`,
    pageHeader(document, options),
    tableOfContents(whole),
    `<main>\n${document.blocks.map((block) => htmlBlock(block, whole)).join("\n")}`,
    htmlClaims(document, context, links),
    footnotes.html(),
    `${htmlRecords(document, links)}\n</main>`,
    '<div id="card" role="tooltip" hidden></div>',
    `<script type="application/json" id="report-data">${scriptJson(pageData(document, links))}</script>`,
    plotlyScript === "" ? "" : `<script type="text/plain" id="plotly-script">${scriptText(plotlyScript)}</script>`,
    `<script>${scriptText(pageScript)}</script>`,
    hasFilter(document) ? `<script>${scriptText(filterScript)}</script>` : "",
  ].filter((part) => part !== "").join("\n");
  return `${pageHead(document)}\n<body>\n${body}\n</body>\n</html>\n`;
}

function hasFilter({ blocks }: ReportDocument): boolean {
  return blocks.some((block) => block.kind === "table" && block.filter !== undefined);
}

function pageHead(document: ReportDocument): string {
  const { title } = document;
  const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>${hasFilter(document) ? `${pageStyle}\n${filterStyle}` : pageStyle}</style>`,
    "</head>",
  ].join("\n");
}

function pageHeader(document: ReportDocument, { facts: more = [] }: RenderHtmlOptions): string {
  const code = (text: string) => `<code>${escapeHtml(text)}</code>`;
  const pairs = parameterPairs(document).map(code);
  const interactive = document.identity === null ? ", made interactively (its freshness cannot be checked)" : "";
  const facts: [string, string][] = [
    ["Report", `${code(document.name)} at scale ${code(document.scale)}${interactive}`],
    ...document.machines.map((machine, i): [string, string] => [
      i === 0 ? "Machine" : "Other machine",
      escapeHtml(machineLine(machine)),
    ]),
    ["Parameters", pairs.length > 0 ? pairs.join(" ") : "none"],
    ["Run again", code(document.rerun)],
    ...more.map(([name, html]): [string, string] => [escapeHtml(name), html]),
  ];
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`).join("\n");
  const promise = "Every number below is a record: point at it, tap it or move to it with the keyboard to see its " +
    "number of samples, interval, machine and source.";
  const intervals = intervalSentence(document);
  return `<header>\n<h1>${escapeHtml(document.title)}</h1>\n<dl>\n${list}\n</dl>\n<p class="promise">${promise} ${
    escapeHtml(intervals)
  }</p>\n</header>`;
}

function tableOfContents({ document, anchors }: HtmlBlockContext): string {
  const entries = document.blocks.flatMap((block) =>
    block.kind === "heading" && block.level === 2
      ? [`<li><a href="#${anchors.get(block)}">${escapeHtml(block.text)}</a></li>`]
      : []
  );
  return entries.length < 3 ? "" : `<nav aria-label="Contents"><ul>${entries.join("")}</ul></nav>`;
}

/** What the page's script reads: records for the cards, figures without their template, templates for both themes. */
function pageData(document: ReportDocument, links: RecordLinks): Record<string, unknown> {
  const light = JSON.stringify(template("light"));
  const figures = document.blocks.filter((block): block is FigureBlock => block.kind === "figure");
  return {
    darkColors: darkColors(),
    figures: Object.fromEntries(figures.map(({ id, figure, width, height }) => {
      const { template: own, ...layout } = figure.layout;
      const kept = JSON.stringify(own) === light ? {} : { template: own };
      return [id, { data: figure.data, layout: { ...layout, ...kept }, width, height }];
    })),
    machines: Object.fromEntries(document.machines.map(({ id, name }) => [id, name])),
    records: Object.fromEntries(document.records.map((record) => [record.id, {
      ...record,
      shown: formatRecord(record),
      ...cardLinks(record, links),
    }])),
    templates: { light: template("light"), dark: template("dark") },
  };
}

/** JSON that can stand inside a script element. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c").replaceAll("\u2028", "\\u2028").replaceAll(
    "\u2029",
    "\\u2029",
  );
}

/** A script's text with the two sequences defused that would end or hide its element. */
function scriptText(script: string): string {
  return script.replace(/<\/script/gi, "<\\/script").replaceAll("<!--", "<\\!--");
}
