// lib/studio: studies and reports as pages, linked with each other. Pages are pure functions of what lib/sweep's reader and the files of
// reports say (study_page.ts, index_page.ts, machines_page.ts, ...): a server on 127.0.0.1 shows them live (server.ts, guard.ts, events.ts),
// and the same pages are written to files (site.ts). What a browser runs is plain JavaScript in client/, whose charts are SVG text and whose
// formats and table rows the pages share. Looks come from lib/report, and so do the pages of reports (report_page.ts). Results of other machines
// lie in reports/machines/ (machine_results.ts). Nothing is loaded from elsewhere.

export { startStudio, type Studio, type StudioOptions } from "./server.ts";
export { type SiteOptions, writeSite, type WrittenSite } from "./site.ts";
export type { Problem } from "./machine_results.ts";
export type { IdentityOf } from "./report_states.ts";
export type { OpenReader } from "./shelf.ts";
