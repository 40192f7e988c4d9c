/**
 * What a chart shows and the numbers behind it, as data.
 *
 * `drawing.ts` draws it, `NumberTable.svelte` writes it out for people, `csv.ts` for programs. Who makes one knows what it is about;
 * this folder does not.
 */

export interface PlotPoint {
  x: number;
  y: number;
  /** Ends of an interval of y. */
  low?: number | null;
  high?: number | null;
  /** What is said when somebody points at it. */
  hint: string;
}

/** Names of the window's colours. */
export type PlotColour = 'accent' | 'unsafe-bar' | 'line-strong' | 'text';

export interface PlotSeries {
  name: string;
  colour: PlotColour;
  /** A line; a line with its points and their intervals; a dashed line to compare with; one point that stands out. */
  look: 'line' | 'linked' | 'guide' | 'mark';
  /** Shape of its points, so that two series differ in more than colour. */
  shape?: 'circle' | 'rectRot';
  points: readonly PlotPoint[];
}

/** Both axes go from 0 to 1. */
export interface Plot {
  x: string;
  y: string;
  series: readonly PlotSeries[];
}

/** A cell that is null stands for a number that is undefined. */
export type Cell = string | number | null;

export interface NumberTable {
  columns: readonly string[];
  rows: readonly (readonly Cell[])[];
}
