/** Whether a decision is what the gold label of its item says, as far as that says anything that could be decided. Pure. */
import type { DecisionView, GoldView, TaskScheme } from '../../lib/backend';

export function agreesWithGold(
  decision: DecisionView,
  gold: GoldView,
  scheme: Pick<TaskScheme, 'categories' | 'refusal'>,
): boolean {
  const sorted = (names: readonly string[]) => [...names].sort().join('\n');
  // another policy may have named more, and nobody could say it here
  const named = gold.categories.filter((name) => scheme.categories.includes(name));
  const categories = named.length === 0 || sorted(named) === sorted(decision.categories);
  const refusal = !scheme.refusal || gold.refusal === null || gold.refusal === decision.refusal;
  return gold.label === decision.label && categories && refusal;
}
