/** A decision that goes to more than the item on screen: how it is sent, and what is said of it. */
import { t } from '$language';
import type { Backend, NewDecision, Saved } from '../../lib/backend';
import { labelName, taskName } from '../labels';

/** One act, whomever it goes to. */
export function sendDecision(
  backend: Backend,
  decision: NewDecision,
  others: string[],
): Promise<Saved> {
  return others.length > 0 ? backend.decideAll(decision, others, true) : backend.decide(decision);
}

export function saidOf(decision: NewDecision, others: number): string {
  const said = t('review.say.decided', {
    task: taskName(decision.task),
    label: labelName(decision.label),
  });
  return others > 0 ? t('alike.decided', { said, count: others }) : said;
}
