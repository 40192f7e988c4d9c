/**
 * Numbers with their intervals as they are written: three decimals, a dash where a number is undefined, and the reason why.
 */
import { language, t } from '$language';
import type { FigureView, Missing, QualityView } from '$lib/backend';
import type { Cell, NumberTable } from '$shared/charts/plot';
import { decimals, languageName, NONE } from '../format';

/** The numbers of a guard, in the order of the table. */
export const METRICS = [
  'auprc',
  'average_precision',
  'auroc',
  'precision',
  'recall',
  'f1',
  'calibration_error',
] as const;
export type Metric = (typeof METRICS)[number];

export const GROUPINGS = ['language', 'category', 'source', 'guard'] as const;
export type Grouping = (typeof GROUPINGS)[number];

const DIGITS = 3;

export function metricName(metric: Metric): string {
  return t(`insight.metric.${metric}`);
}

/** "0.912", or a dash. */
export function figureText({ value }: Pick<FigureView, 'value'>): string {
  return value === null ? NONE : decimals(value, DIGITS);
}

/** "0.881 to 0.940", or why there is none. */
export function intervalText({ value, low, high }: FigureView): string {
  if (value === null) return t('insight.undefined');
  if (low === null || high === null) return t('insight.noInterval');
  return t('insight.interval', { low: decimals(low, DIGITS), high: decimals(high, DIGITS) });
}

/** A share of a threshold's row: "0.912", or that it is undefined. */
export function shareText(share: number | null): string {
  return share === null ? t('insight.undefined') : decimals(share, DIGITS);
}

/** "0.50"; with three decimals where that is not all of it. */
export function thresholdText(threshold: number): string {
  const isWhole = Math.abs(threshold * 100 - Math.round(threshold * 100)) < 1e-9;
  return decimals(threshold, isWhole ? 2 : DIGITS);
}

/** "95%" */
export function confidenceText(confidence: number): string {
  return new Intl.NumberFormat(language(), { style: 'percent' }).format(confidence);
}

/** What a row of the table is about. */
export function groupName(by: Grouping, group: string | null): string {
  if (group === null) return t('insight.all');
  if (by === 'language') return languageName(group);
  return by === 'source' && group === 'unknown' ? t('insight.unknown') : group;
}

export interface Reason {
  group: string;
  metric: Metric;
  note: Missing;
}

/** Why numbers, or their intervals, are missing. */
export function reasonsOf(by: Grouping, rows: readonly QualityView[]): Reason[] {
  return rows.flatMap((row) =>
    METRICS.flatMap((metric) => {
      const { note } = row[metric];
      return note === null ? [] : [{ group: groupName(by, row.group), metric, note }];
    }),
  );
}

/** The table as it is kept in a file: every number with both ends of its interval. */
export function qualityTable(by: Grouping, rows: readonly QualityView[]): NumberTable {
  const ends = (metric: Metric) => [metric, `${metric}_low`, `${metric}_high`];
  return {
    columns: ['task', 'against', by, 'n', 'positives', 'unjudged', ...METRICS.flatMap(ends)],
    rows: rows.map((row): Cell[] => [
      row.task,
      row.against,
      row.group ?? 'all',
      row.n,
      row.positives,
      row.unjudged,
      ...METRICS.flatMap((metric) => [row[metric].value, row[metric].low, row[metric].high]),
    ]),
  };
}
