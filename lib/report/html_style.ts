// The stylesheet of index.html: light and dark, wide and narrow, screen and paper.

/** The stylesheet of a report's page, which the studio's pages share. */
export const pageStyle = String.raw`
:root { --page: #fff; --ink: #1c2024; --muted: #5a646e; --line: #dfe3e8; --soft: #f5f7f9; --accent: #00639b;
  --finding: #009e73; --warning: #d55e00; --shadow: 0 4px 20px rgb(0 0 0 / 18%); }
@media (prefers-color-scheme: dark) {
  :root { --page: #15181c; --ink: #e3e6ea; --muted: #9aa3ad; --line: #333a42; --soft: #1d2126; --accent: #74bdea;
    --finding: #3cc79f; --warning: #f08a45; --shadow: 0 4px 20px rgb(0 0 0 / 60%); }
}
* { box-sizing: border-box; }
html { color-scheme: light dark; scroll-padding-top: 1rem; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 6rem; background: var(--page); color: var(--ink);
  font: 1.0625rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { font-size: 2rem; margin: 0 0 1.25rem; letter-spacing: -0.01em; }
h2 { font-size: 1.4rem; margin: 2.75rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.125rem; margin: 2rem 0 0.5rem; }
p, ul, ol, dl, .callout, summary { max-width: 46rem; }
a { color: var(--accent); text-underline-offset: 0.15em; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
code { font: 0.9em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  background: var(--soft); padding: 0.1em 0.3em; border-radius: 3px; overflow-wrap: anywhere; }
pre { background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: 0.8rem 1rem; overflow: auto; }
pre code { background: none; padding: 0; overflow-wrap: normal; }
header dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1rem; margin: 0; font-size: 0.9375rem; }
dt { color: var(--muted); }
dd { margin: 0; min-width: 0; }
header dd details { margin: 0; }
header dd ul { margin: 0.25rem 0; max-height: 14rem; overflow: auto; }
.home { margin: 0 0 1.5rem; font-size: 0.9375rem; }
.promise { color: var(--muted); font-size: 0.9375rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; padding: 0; margin: 1rem 0 2rem; }
.callout { margin: 1.25rem 0; padding: 0.1rem 1.1rem; border-left: 4px solid var(--accent); background: var(--soft);
  border-radius: 0 6px 6px 0; }
.callout.finding { border-color: var(--finding); }
.callout.warning { border-color: var(--warning); }
.callout p { margin: 0.7rem 0; }
.number { color: inherit; text-decoration: underline dotted var(--muted) 1px; text-underline-offset: 0.25em;
  font-variant-numeric: tabular-nums; }
.number:hover { color: var(--accent); }
.number .value, td .interval { white-space: nowrap; }
.number .words { white-space: normal; }
td:has(.words) { min-width: 15rem; }
.interval, .unit { color: var(--muted); font-size: 0.9em; }
.unit { font-weight: normal; }
section.table, figure { margin: 1.75rem 0 2.25rem; }
.caption, figcaption { margin: 0 0 0.6rem; max-width: 46rem; font-size: 0.9375rem; }
figcaption { margin: 0.5rem 0 0; }
.made { white-space: nowrap; font-size: 0.9em; }
.behind { margin: 0.25rem 0 0; font-size: 0.9375rem; }
.behind p { margin: 0.25rem 0 0; max-width: none; line-height: 1.9; }
.behind summary { color: var(--muted); }
.box { overflow: auto; max-height: 85vh; max-width: 100%; }
.table .box, details .box { border: 1px solid var(--line); border-radius: 6px;
  /* A shadow at the right edge while there is more to scroll to. */
  background: linear-gradient(to left, var(--page) 40%, transparent) right / 3rem 100% no-repeat local,
    linear-gradient(to left, rgb(110 120 130 / 35%), transparent) right / 0.75rem 100% no-repeat scroll; }
/* Wide tables may use the whole window. */
.table .box { width: fit-content; min-width: 100%; max-width: min(calc(100vw - 4rem), 84rem); margin-left: 50%;
  transform: translateX(-50%); }
table { border-collapse: separate; border-spacing: 0; min-width: 100%; font-size: 0.9375rem; line-height: 1.4;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.45rem 0.8rem; text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover td, tr:target td { background: var(--soft); }
th { position: sticky; top: 0; z-index: 2; background: var(--soft); vertical-align: bottom; font-weight: 600; }
.table td:first-child, .table th:first-child { position: sticky; left: 0; background: var(--page); z-index: 1; }
.table th:first-child { z-index: 3; background: var(--soft); }
.right { text-align: right; }
td.right, td code { white-space: nowrap; }
td .number { text-decoration-color: transparent; }
td .number:hover, td .number:focus-visible { text-decoration-color: currentColor; }
th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
th button::after { content: "\2195"; opacity: 0.35; margin-left: 0.35em; font-weight: normal; }
th[aria-sort="ascending"] button::after { content: "\2191"; opacity: 1; }
th[aria-sort="descending"] button::after { content: "\2193"; opacity: 1; }
.plot { max-height: none; border-radius: 6px; }
.plot .static { display: block; max-width: 100%; min-width: 34rem; height: auto; background: #fff; border-radius: 6px; }
.plot.live { overflow: hidden; }
.plot.live > .static { display: none; }
details { margin: 1rem 0; }
summary { cursor: pointer; padding: 0.25rem 0; }
details table { font-size: 0.875rem; }
.footnotes { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: 0.9rem; color: var(--muted); }
sup { line-height: 0; margin-left: 0.1em; }
#card { position: absolute; z-index: 10; width: max-content; max-width: min(26rem, calc(100vw - 1.5rem)); padding: 0.8rem 1rem;
  background: var(--page); border: 1px solid var(--line); border-radius: 8px; box-shadow: var(--shadow);
  font-size: 0.875rem; line-height: 1.45; }
#card[hidden] { display: none; }
#card p { margin: 0 0 0.4rem; font-weight: 600; font-size: 1rem; }
#card dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.15rem 0.8rem; margin: 0; }
#card dd { overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: 1.25rem 0.9rem 4rem; font-size: 1rem; }
  h1 { font-size: 1.6rem; }
  header dl { grid-template-columns: 1fr; gap: 0; }
  header dd { margin-bottom: 0.5rem; }
  .table .box { max-width: 100%; margin-left: 0; transform: none; }
  th, td { padding: 0.4rem 0.55rem; }
  table { font-size: 0.875rem; }
}
@media print {
  :root { --page: #fff; --ink: #000; --muted: #444; --line: #bbb; --soft: #f5f5f5; --accent: #00639b; --finding: #009e73;
    --warning: #d55e00; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, .home, #card, .behind:not([open]), .made { display: none; }
  .box, .table .box { overflow: visible; max-height: none; max-width: none; margin-left: 0; transform: none; }
  .table th, .table td { position: static; }
  table { font-size: 8pt; }
  th button::after { content: none; }
  .plot.live > :not(.static) { display: none; }
  .plot.live > .static, .plot .static { display: block; min-width: 0; }
  figure, .callout, tr { break-inside: avoid; }
  h2, h3, .caption { break-after: avoid; }
  .number { text-decoration: none; }
}
`.trim();
