/** The charts of the dashboard: what is drawn, and the same numbers as tables. Nothing is computed here. */
import { t } from '$language';
import type { BinView, CurvesView, ThresholdView } from '$lib/backend';
import type { NumberTable, Plot, PlotPoint, PlotSeries } from '$shared/charts/plot';
import { decimals } from '../format';
import { metricName, shareText, thresholdText } from './figures';

/** The precision-recall curve, with the threshold that is chosen on it. */
export function curvePlot(curves: CurvesView, at: ThresholdView | null): Plot {
  const series: PlotSeries[] = [
    {
      name: t('insight.curve'),
      colour: 'accent',
      look: 'line',
      points: curves.precision_recall.map(({ threshold, recall, precision }) =>
        onCurve(threshold, recall, precision),
      ),
    },
  ];
  // where nothing is called unsafe there is no precision, and no place on the curve
  if (at !== null && at.precision !== null && at.recall !== null)
    series.push({
      name: t('insight.atThreshold', { threshold: thresholdText(at.threshold) }),
      colour: 'text',
      look: 'mark',
      points: [onCurve(at.threshold, at.recall, at.precision)],
    });
  return { x: metricName('recall'), y: metricName('precision'), series };
}

function onCurve(threshold: number | null, recall: number, precision: number): PlotPoint {
  const hint =
    threshold === null
      ? t('insight.nothingFlagged')
      : t('insight.pointHint', {
          threshold: decimals(threshold, 3),
          precision: shareText(precision),
          recall: shareText(recall),
        });
  return { x: recall, y: precision, hint };
}

/** The points of the curve, from recall 0 up. */
export function curveTable(curves: CurvesView): NumberTable {
  return {
    columns: [
      t('insight.column.threshold'),
      t('insight.column.recall'),
      t('insight.column.precision'),
    ],
    rows: curves.precision_recall.map(({ threshold, recall, precision }) => [
      threshold,
      recall,
      precision,
    ]),
  };
}

/** Shares by probability, as the guard gives it and scaled, beside what would be perfect. */
export function reliabilityPlot(curves: CurvesView): Plot {
  const series: PlotSeries[] = [
    {
      name: t('insight.perfect'),
      colour: 'line-strong',
      look: 'guide',
      points: [
        { x: 0, y: 0, hint: t('insight.perfect') },
        { x: 1, y: 1, hint: t('insight.perfect') },
      ],
    },
    {
      name: t('insight.asGiven'),
      colour: 'accent',
      look: 'linked',
      points: curves.reliability.flatMap(inBin),
    },
  ];
  if (curves.reliability_scaled.length > 0)
    series.push({
      name: t('insight.scaled'),
      colour: 'unsafe-bar',
      look: 'linked',
      shape: 'rectRot',
      points: curves.reliability_scaled.flatMap(inBin),
    });
  return { x: t('insight.probability'), y: t('insight.share'), series };
}

/** An empty bin has no share and is not drawn. */
function inBin({ n, mean, share, share_low: low, share_high: high }: BinView): PlotPoint[] {
  if (share === null) return [];
  const hint = t('insight.binHint', { n, mean: decimals(mean, 3), share: decimals(share, 3) });
  return [{ x: mean, y: share, low, high, hint }];
}

export function reliabilityTable(curves: CurvesView): NumberTable {
  const rows = (name: string, bins: readonly BinView[]) =>
    bins.map((bin) => [
      name,
      bin.low,
      bin.high,
      bin.n,
      bin.share === null ? null : bin.mean,
      bin.share,
      bin.share_low,
      bin.share_high,
    ]);
  return {
    columns: [
      t('insight.column.series'),
      t('insight.column.low'),
      t('insight.column.high'),
      t('insight.column.pairs'),
      t('insight.column.mean'),
      t('insight.column.share'),
      t('insight.column.share_low'),
      t('insight.column.share_high'),
    ],
    rows: [
      ...rows(t('insight.asGiven'), curves.reliability),
      ...rows(t('insight.scaled'), curves.reliability_scaled),
    ],
  };
}
