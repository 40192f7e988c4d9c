/** Whether a decision is what the gold label of its item says, as far as that says anything. Pure. */
import type { DecisionView, GoldView } from '../../lib/backend';

export function agreesWithGold(decision: DecisionView, gold: GoldView): boolean {
  const sorted = (names: readonly string[]) => [...names].sort().join('\n');
  const categories =
    gold.categories.length === 0 || sorted(gold.categories) === sorted(decision.categories);
  const refusal = gold.refusal === null || gold.refusal === decision.refusal;
  return gold.label === decision.label && categories && refusal;
}
