/**
 * What the numbers of a queue rest on: gold labels, or blind decisions on a uniform draw, on each task.
 *
 * Only these two are estimates of anything; what else was decided is told apart and never among them.
 */
import { t } from '$language';
import type { InsightView } from '$lib/backend';
import { taskName } from '../labels';

export interface Basis {
  /** "prompt-estimate" */
  id: string;
  task: string;
  against: string;
  /** Pairs with both a judgement and a verdict. */
  n: number;
  /** Of these, unsafe by the judgement. */
  positives: number;
  /** Pairs with a judgement that the guard has not judged. */
  unjudged: number;
}

/** Estimates before gold, prompts before responses. */
export function basesOf(view: InsightView): Basis[] {
  const whole = view.quality.filter((row) => row.group === null);
  const bases = whole.map(({ task, against, n, positives, unjudged }) => {
    return { id: `${task}-${against}`, task, against, n, positives, unjudged };
  });
  const rank = ({ task, against }: Basis) =>
    (task === 'prompt' ? 0 : 2) + (against === 'estimate' ? 0 : 1);
  return bases.sort((a, b) => rank(a) - rank(b));
}

/** "estimate", "gold" */
export function againstName(against: string): string {
  return against === 'gold' ? t('insight.gold') : t('insight.estimate');
}

/** What it rests on, or that there is nothing yet. */
export function basisText({ against, n, positives, unjudged }: Basis): string {
  const isGold = against === 'gold';
  if (n === 0 && unjudged > 0) return t('insight.allUnjudged', { n: unjudged });
  if (n === 0) return isGold ? t('insight.goldNone') : t('insight.estimateNone');
  const text = isGold ? t('insight.goldText') : t('insight.estimateText');
  return t('insight.basisHint', { text, positives, unjudged });
}

/** "Prompt: Estimate (412)" */
export function basisName({ task, against, n }: Basis): string {
  return t('insight.tab', { task: taskName(task), against: againstName(against), n });
}

/** Whether a row or a curve is about it. */
export function isOn(basis: Basis, about: { task: string; against: string }): boolean {
  return about.task === basis.task && about.against === basis.against;
}
