// lib/report: a report is plain data that pure functions turn into report.md, figures, results.json and index.html.
// `Report` records headings, sentences, tables, figures and claims while a notebook runs; numbers enter only as records.
// Figures are pure functions data -> plotly spec; static images come from plotly.js in jsdom, loaded when first needed.
// The same records give the same bytes: no clock, no absolute path; nothing ever parses a report.
// In a notebook every block is also shown through the hook that lib/notebook installs (`setDisplay`).

export { Report } from "./report.ts";
export type { FigureOptions, ReportOptions, TableOptions } from "./report_options.ts";
export { cell, type Content, inline, parameter, type ParameterCell, type Part, type RecordCell } from "./inline.ts";
export { formatParameter, formatRecord, unitLabel } from "./format.ts";
export { formatInline } from "./text.ts";
export type {
  Block,
  Inline,
  ParameterValue,
  PlotlyFigure,
  RecordFormat,
  RecordStyle,
  ReportDocument,
} from "./document.ts";
export { renderMarkdown } from "./markdown.ts";
export { renderHtml, type RenderHtmlOptions } from "./html.ts";
export { type TableFilter } from "./html_filter.ts";
export { pageStyle } from "./html_style.ts";
export { plotlyScriptPath } from "./static/plotly_window.ts";
export { MAX_RESULTS_BYTES, resultsFile, resultsJson } from "./results.ts";
export { claimAnchor, recordAnchor } from "./anchors.ts";
export { claimsWithRows, findingsHtml, type OutlineEntry, reportOutline } from "./outline.ts";
export { readDocument } from "./document_file.ts";
export { writeHtml, type WriteOptions, writeReport, type WrittenReport } from "./write.ts";
export { type Display, setDisplay } from "./display.ts";
export { closeRenderer, renderSvg } from "./static/svg.ts";
export { renderPng } from "./static/png.ts";
export { type Axis, axisTitle, checkFigure, palette, withTemplate } from "./figures/figure.ts";
export { type BarsWithInterval, barsWithInterval } from "./figures/bars_with_interval.ts";
export {
  type ClaimedAgainstMeasured,
  claimedAgainstMeasured,
  type ClaimPoint,
} from "./figures/claimed_against_measured.ts";
export { type ClaimedPanels, claimedPanels, type ClaimPanel, type PanelPoint } from "./figures/claimed_panels.ts";
export { type Distributions, distributions } from "./figures/distributions.ts";
export { type LearningCurve, type LearningCurves, learningCurves } from "./figures/learning_curves.ts";
export { type LossCurve, type LossCurves, lossCurves } from "./figures/loss_curves.ts";
export { type LineWithInterval, lineWithInterval } from "./figures/line_with_interval.ts";
export type { IntervalPoint } from "./figures/marks.ts";
export { type QualityAgainstWidth, qualityAgainstWidth, type QualitySeries } from "./figures/quality_against_width.ts";
export { type ImportanceBars, importanceBars } from "./figures/importance_bars.ts";
export {
  type ParallelAxis,
  type ParallelCoordinates,
  parallelCoordinates,
  type ParallelLine,
} from "./figures/parallel_coordinates.ts";
export { type CellAxis, type ParameterHeatMap, parameterHeatMap } from "./figures/parameter_heat_map.ts";
export { type CostPoint, type QualityAgainstCost, qualityAgainstCost } from "./figures/quality_against_cost.ts";
export { type Roof, type Roofline, roofline, type RooflinePoint } from "./figures/roofline.ts";
export { type SeedSpread, seedSpread } from "./figures/seed_spread.ts";
export type { DirectedAxis } from "./figures/value_classes.ts";
