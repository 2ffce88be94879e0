// What an author gives to a report.

import type { MachineFacts, ResultRecord } from "../record/mod.ts";
import type { PlotlyFigure, TableColumn } from "./document.ts";
import type { TableFilter } from "./html_filter.ts";
import type { Content } from "./inline.ts";

/** What a report is made with. Scale and parameters default to those of the run (`--scale`, `-p`). */
export interface ReportOptions {
  title: string;
  scale?: string;
  parameters?: Record<string, unknown>;
  /** The machine that runs the notebook. */
  machine?: MachineFacts;
  /** Other machines that records may come from. */
  machines?: MachineFacts[];
}

/** A table as an author gives it. */
export interface TableOptions {
  /** Words in lower case with hyphens: "parameters-by-width". */
  id: string;
  caption: Content;
  columns: (Content | { label: Content; align?: TableColumn["align"] })[];
  /** Cells: cell(record) or the record itself, parameter(value), text without digits, or null for an empty cell. */
  rows: (Content | null)[][];
  /** Lets readers of index.html filter the rows, together with those of other tables of the group. */
  filter?: TableFilter;
}

/** A figure as an author gives it. */
export interface FigureOptions {
  /** Names the file: "quality-against-width". */
  id: string;
  caption: Content;
  /** What the figure shows, for readers who do not see it. */
  alt: string;
  figure: PlotlyFigure;
  /** The records that the figure is drawn from; at least one. */
  records: readonly ResultRecord[];
  /** Size of the static image in CSS pixels; 760 x 440 unless the layout says otherwise. */
  width?: number;
  height?: number;
}
