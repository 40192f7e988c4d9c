/** How a queue is reviewed, in sentences, and what may be planned. Pure; `QueuesController` changes it. */
import { t } from '$language';
import type { PlanOrder, PlanView } from '$lib/backend';
import { decimals } from './format';

export type ShareName = 'second' | 'gold' | 'blind';

/** 20%, 0.5% */
export function share(percent: number): string {
  return `${decimals(percent, Number.isInteger(percent) ? 0 : 1)}%`;
}

/** Null: it is one. */
export function shareProblem(percent: number | null): string | null {
  const is = percent !== null && Number.isFinite(percent) && percent >= 0 && percent <= 100;
  return is ? null : t('plan.noShare');
}

/** The plan in a line: what differs from a single review. */
export function planSummary(plan: PlanView): string {
  const parts = [
    ...(plan.second > 0 ? [t('plan.sum.second', { share: share(plan.second) })] : []),
    ...(plan.gold > 0 ? [t('plan.sum.gold', { share: share(plan.gold) })] : []),
    ...(plan.blind > 0 ? [t('plan.sum.blind', { share: share(plan.blind) })] : []),
  ];
  return parts.length === 0 ? t('plan.sum.single') : parts.join(', ');
}

/** What a change means from now on, in a sentence. */
export function planSaid(change: Partial<PlanOrder>): string {
  const { second, gold, blind, feedback, own_adjudication: own } = change;
  if (second !== undefined && second !== null)
    return second > 0 ? t('plan.said.second', { share: share(second) }) : t('plan.said.secondNone');
  if (gold !== undefined && gold !== null)
    return gold > 0 ? t('plan.said.gold', { share: share(gold) }) : t('plan.said.goldNone');
  if (blind !== undefined && blind !== null)
    return blind > 0 ? t('plan.said.blind', { share: share(blind) }) : t('plan.said.blindNone');
  if (feedback !== undefined && feedback !== null)
    return t(feedback === 'immediate' ? 'plan.said.feedback' : 'plan.said.feedbackNever');
  return t(own === true ? 'plan.said.own' : 'plan.said.ownNot');
}
