// The stylesheet of the studio: that of reports, and what only the studio's pages have.

import { pageStyle } from "../report/mod.ts";
import { siteRules } from "./site_style.ts";

const lightColours =
  "--finished: #0072b2; --pruned: #b8860b; --failed: #c43d00; --running: #009e73; --quiet: #8a939c; --grid: #e8ebee;";

const studioRules = String.raw`
:root { ${lightColours} }
@media (prefers-color-scheme: dark) {
  :root { --finished: #5fb2e6; --pruned: #e0b040; --failed: #f0803c; --running: #3cc79f; --quiet: #7f8994; --grid: #262c33; }
}
body { max-width: 76rem; padding-top: 1.25rem; }
body.narrow { max-width: 62rem; }
main:focus { outline: none; }
.skip { position: absolute; left: -100vw; top: 0; padding: 0.5rem 1rem; background: var(--page); z-index: 20; }
.skip:focus { left: 0.5rem; }
.bar { display: flex; justify-content: space-between; gap: 1rem; min-height: 1.5rem; margin-bottom: 1.5rem; font-size: 0.9375rem; }
.bar ol { display: flex; flex-wrap: wrap; gap: 0.25rem 0.5rem; list-style: none; margin: 0; padding: 0; }
.bar ol li + li::before { content: "/"; color: var(--muted); margin-right: 0.5rem; }
#connection { color: var(--muted); margin-left: auto; white-space: nowrap; }
#connection.live::before { content: ""; display: inline-block; width: 0.5rem; height: 0.5rem; margin-right: 0.4rem; border-radius: 50%;
  background: var(--running); }
#connection.lost { color: var(--failed); }
h1 { margin-bottom: 0.75rem; overflow-wrap: anywhere; }
h2 { border-top: 0; padding-top: 0; margin-top: 2.5rem; }
.heard { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.requests ~ .heard, .heard.wrong { position: static; width: auto; height: auto; clip-path: none; white-space: normal; }
.heard.wrong { color: var(--failed); }
.counts { margin: 0 0 0.75rem; max-width: none; }
#summary ~ details { margin: 0.25rem 0; }
.progress { display: block; width: 100%; height: 0.5rem; margin: 0 0 1.25rem; border-radius: 4px; background: var(--grid); }
.progress .finished { fill: var(--finished); }
.progress .running { fill: var(--running); }
.progress .pruned { fill: var(--pruned); }
.progress .failed { fill: var(--failed); }
.progress .cancelled, .progress .interrupted { fill: var(--quiet); }
.progress .waiting { fill: transparent; }
.facts { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; max-width: none; margin: 0 0 1.25rem; font-size: 0.9375rem; }
.facts > div { min-width: 0; }
.facts dt { font-size: 0.8125rem; }
.facts dd { overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
ul.plain { list-style: none; margin: 0; padding: 0; }
.state { white-space: nowrap; }
.state::before { content: ""; display: inline-block; width: 0.55rem; height: 0.55rem; margin-right: 0.4rem; border-radius: 50%;
  background: var(--quiet); }
.state.finished::before { background: var(--finished); }
.state.running::before { background: var(--running); }
.state.pruned::before { background: var(--pruned); border-radius: 0; }
.state.failed::before { background: var(--failed); border-radius: 0; transform: rotate(45deg); }
.state.waiting::before, .state.empty::before { background: none; box-shadow: inset 0 0 0 2px var(--quiet); }
.why { color: var(--muted); font-size: 0.9em; }
#trials .why { display: inline-block; max-width: 16rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; vertical-align: bottom; }
.box { border: 1px solid var(--line); border-radius: 6px; max-height: none; }
tbody th { position: static; vertical-align: baseline; background: none; font-weight: 400; white-space: nowrap; }
td.right, th.right { white-space: nowrap; }
tbody tr:last-child th { border-bottom: 0; }
tbody tr:hover th { background: var(--soft); }
.table .box { width: auto; min-width: 0; max-width: 100%; margin-left: 0; transform: none; }
.table th:first-child { position: sticky; left: 0; z-index: 1; background: var(--page); }
.table thead th:first-child { z-index: 3; background: var(--soft); }
button, select, input { font: inherit; font-size: 0.9375rem; color: inherit; background: var(--page); border: 1px solid var(--quiet);
  border-radius: 5px; padding: 0.25rem 0.6rem; max-width: 100%; }
button { cursor: pointer; background: var(--soft); }
button:hover:not(:disabled) { border-color: var(--accent); }
button:disabled { opacity: 0.45; cursor: default; }
input[type="checkbox"] { padding: 0; accent-color: var(--accent); }
input[type="number"] { width: 7.5rem; }
input[type="search"] { width: 15rem; }
th button, th button:hover { border: 0; background: none; padding: 0; font: inherit; white-space: nowrap; }
/* Arrows are for the eye: the order is told by aria-sort. */
th button::after { content: none; }
th[aria-sort="ascending"] button::after { content: "\2191" / ""; }
th[aria-sort="descending"] button::after { content: "\2193" / ""; }
th button:hover { text-decoration: underline; }
#trials table { font-size: 0.875rem; }
#trials th, #trials td { padding: 0.4rem 0.6rem; }
.requests { display: flex; flex-wrap: wrap; gap: 0.75rem; }
.pager { display: flex; align-items: center; gap: 0.75rem; margin: 0.75rem 0 0; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
#filters { position: sticky; top: 0; z-index: 5; margin: 1.5rem 0 0; padding: 0.75rem 0; background: var(--page);
  border-bottom: 1px solid var(--line); font-size: 0.9375rem; }
#filters form { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.25rem; }
#filters output { color: var(--muted); font-variant-numeric: tabular-nums; }
#filters details { flex-basis: 100%; margin: 0; }
.axes { display: flex; flex-wrap: wrap; gap: 0.75rem; max-height: 40vh; overflow: auto; padding: 0.25rem; }
fieldset { border: 1px solid var(--line); border-radius: 6px; margin: 0; padding: 0.25rem 0.75rem 0.5rem; min-width: 0; }
fieldset label { margin-right: 0.75rem; }
legend { color: var(--muted); font-size: 0.8125rem; }
.chips { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.chips:not(:empty) { margin-top: 0.5rem; }
.chips button[data-axis]:not([data-axis=""])::after { content: "\00d7" / ""; margin-left: 0.5rem; color: var(--muted); }
.chart { margin: 2.5rem 0 0; min-width: 0; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 0 2.5rem; }
.chart h2 { margin: 0; font-size: 1.25rem; }
.chart .head { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: 0.25rem 1.25rem;
  min-height: 2.25rem; margin: 0 0 0.5rem; }
.controls { display: flex; flex-wrap: wrap; gap: 0.5rem 1.25rem; margin: 0; font-size: 0.9375rem; }
.chart .plot { min-height: 17.5rem; overflow-x: auto; overflow-y: hidden; border: 0; }
.chart .plot.over { cursor: pointer; }
.chart svg { display: block; max-width: none; }
.chart text { font-size: 12px; fill: var(--muted); font-variant-numeric: tabular-nums; }
.chart text.title { font-size: 13px; fill: var(--ink); }
.chart text.halo { paint-order: stroke; stroke: var(--page); stroke-width: 4px; stroke-linejoin: round; }
.chart path { fill: none; }
.chart .grid { stroke: var(--grid); }
.chart .axis, .chart .mark { stroke: var(--quiet); }
.dots { stroke-linecap: round; stroke-width: 7px; }
.dots.finished { stroke: var(--finished); stroke-opacity: 0.55; }
.dots.running { stroke: var(--running); stroke-width: 9px; }
.dots.dim { stroke: var(--quiet); stroke-width: 4px; stroke-opacity: 0.35; }
.dots.front { stroke: var(--ink); stroke-width: 8px; }
.crosses { stroke-width: 1.5px; }
.crosses.pruned { stroke: var(--pruned); }
.crosses.failed { stroke: var(--failed); }
.line { stroke-width: 1.25px; stroke-linejoin: round; }
.line.front { stroke: var(--ink); stroke-width: 1.5px; }
.line.finished { stroke: var(--finished); stroke-opacity: 0.35; }
.line.pruned { stroke: var(--pruned); stroke-dasharray: 4 3; stroke-opacity: 0.8; }
.line.failed { stroke: var(--failed); }
.line.running { stroke: var(--running); stroke-width: 2px; }
.line.best { stroke: var(--ink); stroke-width: 2.5px; }
.line.dim { stroke: var(--quiet); stroke-opacity: 0.13; }
.line.open { stroke: var(--pruned); stroke-opacity: 0.5; stroke-dasharray: 4 3; }
#parallel .line { stroke-width: 1.25px; }
#parallel .line.best { stroke: var(--finished); stroke-width: 1.75px; }
.line.other { stroke: var(--finished); stroke-opacity: 0.3; }
.many .line.best { stroke-width: 1.25px; stroke-opacity: 0.8; }
.many .line.other { stroke-opacity: 0.16; }
.many .line.dim { stroke-opacity: 0.06; }
.many .line.open { stroke-opacity: 0.1; }
.line.one { stroke: var(--finished); stroke-opacity: 0.6; }
.line.two { stroke: var(--failed); stroke-opacity: 0.6; stroke-dasharray: 6 3; }
.handle { fill: transparent; cursor: ns-resize; touch-action: none; }
.brush { fill: var(--accent); fill-opacity: 0.22; stroke: var(--accent); }
.empty { color: var(--muted); }
.legend { display: inline-flex; flex-wrap: wrap; gap: 0.25rem 1rem; margin-right: 0.75rem; }
.legend span::before { content: ""; display: inline-block; width: 1.1rem; margin-right: 0.4rem; vertical-align: middle;
  border-top: 3px solid var(--finished); }
.legend .other::before, #curves .legend .finished::before { opacity: 0.4; }
.legend .pruned::before { border-top: 2px dashed var(--pruned); }
.legend .open::before { border-top: 2px dashed var(--pruned); }
.legend .failed::before { border-color: var(--failed); }
.legend .running::before { border-color: var(--running); }
#curves .legend .best::before, .legend .front::before { border-color: var(--ink); }
.legend .two::before { border-top: 3px dashed var(--failed); }
#scatter .legend .finished::before, #scatter .legend .running::before { width: 0.55rem; height: 0.55rem; border: 0; border-radius: 50%;
  background: var(--finished); }
#scatter .legend .running::before { background: var(--running); }
#scatter .legend .pruned::before { content: "\00d7"; width: auto; border: 0; color: var(--pruned); font-weight: 700; }
pre.wrapped { white-space: pre-wrap; overflow-wrap: anywhere; }
.paper { display: block; max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
#card { pointer-events: none; }
@media (scripting: none) { .scripted { display: none; } }
@media (max-width: 40rem) {
  .facts { gap: 0.75rem 1.5rem; }
  #filters { position: static; }
  input[type="search"] { width: 11rem; }
  #trials .why { max-width: 11rem; }
  [aria-label^="Attempts"] td:nth-child(3) { white-space: nowrap; }
  [aria-label^="Attempts"] td:last-child { min-width: 9rem; }
}
@media print {
  :root { ${lightColours} }
  .skip, .bar, #filters, .pager, .requests, .controls { display: none; }
}
`.trim();

/** The stylesheet of the studio's pages. */
export function studioStyle(): string {
  return `${pageStyle}\n${studioRules}\n${siteRules}\n`;
}
