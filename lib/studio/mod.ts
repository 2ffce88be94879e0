// lib/studio: studies and reports as pages. Pages are pure functions of what lib/sweep's reader says (study_page.ts, trial_page.ts,
// compare_page.ts, index_page.ts): a server on 127.0.0.1 shows them live (server.ts, guard.ts, events.ts), and the same pages are
// written to files (site.ts). What a browser runs is plain JavaScript in client/, whose charts are SVG text and whose formats and
// table rows the pages share. Looks come from lib/report. Nothing is loaded from elsewhere. Figures of reports are in lib/report.

export { startStudio, type Studio, type StudioOptions } from "./server.ts";
export { type SiteOptions, writeSite, type WrittenSite } from "./site.ts";
export type { OpenReader } from "./shelf.ts";
