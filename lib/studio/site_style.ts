// What the pages around reports add to the stylesheet: the list of reports, search, claims, machines side by side, notebooks.

/** Rules after those of the studies. */
export const siteRules = String.raw`
.cards { list-style: none; margin: 0 0 1.5rem; padding: 0; max-width: none; display: grid; gap: 1rem; }
.card { border: 1px solid var(--line); border-radius: 8px; padding: 1rem 1.25rem; min-width: 0; scroll-margin-top: 1rem; }
.card:target, .cell:target pre, .claims tr:target > * { background: var(--soft); }
.card h3 { margin: 0 0 0.25rem; font-size: 1.1875rem; }
.card .line { display: flex; flex-wrap: wrap; gap: 0.125rem 1.25rem; margin: 0; max-width: none; font-size: 0.9375rem; color: var(--muted); }
.card .why { font-size: 0.9375rem; overflow-wrap: anywhere; }
.card .finding { margin: 0.6rem 0 0; padding-left: 0.8rem; border-left: 3px solid var(--finding); font-size: 0.9375rem; max-width: 60rem; }
.more { display: inline; margin: 0; }
.more[open] { display: block; }
.more summary { display: inline; padding: 0; text-decoration: underline dotted; text-underline-offset: 0.2em; list-style: none; }
.more ul { margin: 0.25rem 0 0; max-height: 14rem; overflow: auto; }
#problems ul { margin: 0 0 0.7rem; padding-left: 1.2rem; overflow-wrap: anywhere; }
.state.fresh::before { background: var(--running); }
.state.stale::before { background: var(--pruned); border-radius: 0; }
.state.other-machine::before { background: var(--finished); border-radius: 0; transform: rotate(45deg); }
.state.interactive::before, .state.unknown::before, .state.checking::before { background: none; box-shadow: inset 0 0 0 2px var(--quiet); }
.bar { align-items: start; }
#search { position: relative; margin-left: auto; display: flex; flex-wrap: wrap; justify-content: flex-end; align-items: baseline; gap: 0.25rem 0.5rem; }
#search output { color: var(--muted); font-size: 0.875rem; flex-basis: 100%; text-align: right; }
#search output:empty { display: none; }
#search ul { position: absolute; right: 0; top: 100%; z-index: 30; width: min(44rem, calc(100vw - 2rem)); max-height: 70vh; overflow: auto;
  list-style: none; margin: 0.35rem 0 0; padding: 0.35rem; background: var(--page); border: 1px solid var(--line); border-radius: 8px;
  box-shadow: var(--shadow); }
#search ul[hidden] { display: none; }
#search li a { display: block; padding: 0.3rem 0.6rem; border-radius: 5px; color: inherit; text-decoration: none; overflow-wrap: anywhere; }
#search li a:hover, #search li a:focus { background: var(--soft); }
#search .kind { display: inline-block; min-width: 4rem; color: var(--muted); font-size: 0.8125rem; }
#search .title { color: var(--accent); }
.filters { display: flex; flex-wrap: wrap; align-items: center; gap: 0.5rem 1.25rem; margin: 1rem 0; font-size: 0.9375rem; }
.filters select { max-width: min(22rem, 100%); }
.filters label { min-width: 0; }
.filters output { color: var(--muted); font-variant-numeric: tabular-nums; }
.claims table { font-size: 0.875rem; }
.claims tbody th { white-space: normal; min-width: 17rem; max-width: 34rem; }
.claims td { min-width: 9rem; }
.claims td.figure { min-width: 6rem; }
.claims code { overflow-wrap: anywhere; white-space: normal; }
.claims tr { scroll-margin-top: 3rem; }
.statement { color: var(--muted); }
#machine-records table { font-size: 0.875rem; }
#machine-records tbody th { white-space: normal; min-width: 19rem; overflow-wrap: anywhere; }
#machine-facts td { min-width: 6rem; }
#machine-records thead th.right { max-width: 14rem; white-space: normal; }
#machine-records code { white-space: normal; overflow-wrap: anywhere; }
.ratio { display: block; width: 6rem; height: 0.6rem; overflow: visible; }
.ratio rect { fill: var(--finished); }
.ratio path { stroke: var(--muted); vector-effect: non-scaling-stroke; }
.machine { font-weight: 600; }
.machine-figure { margin: 0 0 2.5rem; }
.machine-figure h3 { margin-bottom: 0.25rem; }
.machine-figure .pair { align-items: start; gap: 1rem 2rem; margin-bottom: 1rem; }
.machine-figure .pair > div { min-width: 0; }
.machine-figure .single { max-width: 40rem; }
.machine-figure .machine { margin: 0 0 0.4rem; font-size: 0.9375rem; }
.machine-figure .none { margin: 0.4rem 0; color: var(--muted); font-size: 0.9375rem; }
.tracks { margin: 0 0 0.5rem; }
.tracks table { font-size: 0.875rem; }
.tracks th, .tracks td { padding: 0.1rem 0.6rem; vertical-align: middle; }
.tracks thead th { padding: 0.35rem 0.6rem; }
.tracks tbody th { min-width: 8rem; }
.tracks td:nth-child(4), .tracks th:nth-child(4) { width: 40%; min-width: 9rem; }
.track { display: block; overflow: visible; }
.track line { stroke-width: 2px; }
.track .grid { stroke: var(--grid); stroke-width: 1px; }
.track .one line { stroke: var(--finished); }
.track .one circle { fill: var(--finished); }
.track .two line { stroke: var(--failed); }
.track .two rect { fill: var(--failed); }
.track text { font-size: 12px; font-weight: 400; fill: var(--muted); font-variant-numeric: tabular-nums; }
.cell { margin: 1rem 0; scroll-margin-top: 1rem; }
.cell pre { margin: 0; font-size: 0.875rem; }
.number-of-cell { margin: 0 0 0.2rem; font-size: 0.8125rem; }
.makes { margin: 0.3rem 0 0; font-size: 0.9375rem; max-width: none; }
.makes p { margin: 0.25rem 0 0; max-width: none; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .bar { flex-wrap: wrap; }
  #search { margin-left: 0; justify-content: flex-start; }
  #search ul { right: auto; left: 0; width: calc(100vw - 1.8rem); }
  #search .kind { min-width: 0; }
  .card { padding: 0.8rem 0.9rem; }
  .claims tbody th { min-width: 8.5rem; }
  .claims th, .claims td { padding: 0.4rem 0.35rem; }
  .claims td { min-width: 6rem; overflow-wrap: anywhere; }
  .claims td.figure { min-width: 4.5rem; }
  .claims th:nth-child(2), .claims td:nth-child(2) { display: none; }
  #machine-records tbody th { min-width: 6.5rem; }
  #machine-records th, #machine-records td { padding: 0.4rem 0.25rem; font-size: 0.75rem; }
  #machine-records tbody th, #machine-records code { overflow-wrap: anywhere; }
  #machine-records td.right, #machine-records th.right { white-space: normal; min-width: 4.5rem; max-width: 6rem; }
  #machine-records td:nth-child(4), #machine-records th:nth-child(4) { white-space: nowrap; min-width: 0; }
  #machine-records td:nth-child(5), #machine-records th:nth-child(5) { display: none; }
  #machine-units th.right, #machine-units td.right { white-space: normal; }
  #machine-units th, #machine-units td { padding: 0.4rem 0.35rem; }
  .tracks td:nth-child(2), .tracks th:nth-child(2), .tracks td:nth-child(3), .tracks th:nth-child(3) { display: none; }
  .tracks tbody th, .tracks code { white-space: normal; overflow-wrap: anywhere; }
  .filters label { flex-basis: 100%; display: grid; grid-template-columns: 5.5rem 1fr; align-items: baseline; }
  .filters select, .filters input[type="search"] { width: 100%; max-width: 100%; }
}
@media print {
  .filters, #search, details.makes:not([open]), .more:not([open]) { display: none; }
  .card, .cell p, .claims tr, .machine-figure .pair, .tracks { break-inside: avoid; }
  .claims tbody th, .claims td { min-width: 0; }
  .claims table, #machine-records table, #trials table, .tracks table, .cell pre { font-size: 7.5pt; }
  .tracks th, .tracks td { padding: 0.1rem 0.3rem; }
  #machine-records tbody th { min-width: 13rem; }
  #machine-records td:nth-child(5), #machine-records th:nth-child(5) { display: none; }
  #trials th, #trials td { padding: 0.2rem 0.25rem; }
  .chart svg { max-width: 100%; height: auto; }
  .state::before, .legend span::before, .progress { print-color-adjust: exact; }
  thead { display: table-header-group; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
}
`.trim();
