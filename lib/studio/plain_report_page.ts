// The page of a report whose document.json is missing, as an earlier version left it: its files as they are. Nothing is read out of report.md.

import { escapeText } from "./client/format.mjs";
import { renderPage } from "./shell.ts";

/** What is known of such a report. */
export interface PlainReport {
  name: string;
  title: string;
  /** The text of report.md. */
  markdown: string;
  /** Names of its figures, such as `quality.svg`. */
  figures: readonly string[];
  /** Whether its results.json is there. */
  records: boolean;
}

/** The page: how to get the rendered one, the figures, and the report as text. */
export function renderPlainReport({ name, title, markdown, figures, records }: PlainReport): string {
  const images = figures.map((file) =>
    `<figure><img class="paper" alt="Figure ${
      escapeText(file.replace(/\.svg$/, ""))
    }, described in the text below" src="figures/${escapeText(file)}" loading="lazy"></figure>`
  );
  const notice = "This report has no <code>document.json</code>, from which its page is rendered; " +
    `<code>deno task report ${escapeText(name)}</code> makes it again. Here are its files as they are` +
    (records ? `, and <a href="results.json">its records</a>.` : ".");
  return renderPage({
    title: `${title} · Latent Lab`,
    root: "../../",
    main: [
      `<h1>${escapeText(title)}</h1>`,
      `<div class="callout note" role="note"><p>${notice}</p></div>`,
      ...images,
      `<pre class="wrapped" tabindex="0">${escapeText(markdown)}</pre>`,
    ].join("\n"),
    live: false,
    narrow: true,
  });
}
