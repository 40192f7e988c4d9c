/**
 * What a policy says, for the window: the clauses for labels and categories, the team's reasons, and where a note must say
 * why. Pure; a policy is data that the program keeps, and nothing of it is written here.
 */
import type { GestureKind, PolicyRule, PolicyTerms } from '../lib/backend';

/** What a label or a category means. */
export interface Clause {
  name: string;
  guidance: string;
  examples: readonly string[];
  /** A note must say why. */
  rationale: boolean;
}

export function labelClauses(terms: PolicyTerms): Clause[] {
  return terms.labels.map(({ label, ...clause }) => ({ ...clause, name: label }));
}

/** Those that may be said of a task. */
export function categoryClauses(terms: PolicyTerms, task: string): Clause[] {
  return terms.categories.filter(({ tasks }) => tasks.includes(task));
}

/** The clauses for what is being said: for the chosen categories or, while there are none, for the label. */
export function clausesFor(
  terms: PolicyTerms,
  task: string,
  said: { label: string; categories: readonly string[] } | null,
): Clause[] {
  if (said === null) return [];
  const chosen = categoryClauses(terms, task).filter(({ name }) => said.categories.includes(name));
  return chosen.length > 0 ? chosen : labelClauses(terms).filter(({ name }) => name === said.label);
}

/** The clause that wants a note for what is being said, if one does. */
export function wantsNote(
  terms: PolicyTerms,
  said: { label: string; categories: readonly string[] },
): Clause | null {
  const clauses = [
    ...labelClauses(terms).filter(({ name }) => name === said.label),
    ...terms.categories.filter(({ name }) => said.categories.includes(name)),
  ];
  return clauses.find(({ rationale }) => rationale) ?? null;
}

/** The clauses as one text, for whoever is asked what they mean for an item. */
export function policyText(terms: PolicyTerms, task: string): string {
  return [...labelClauses(terms), ...categoryClauses(terms, task)]
    .filter(({ guidance }) => guidance !== '')
    .map(({ name, guidance }) => `${name}: ${guidance}`)
    .join('\n');
}

/** The rule for skipping, escalating or flagging; null for what nobody has to explain. */
export function ruleOf(terms: PolicyTerms, kind: GestureKind): PolicyRule | null {
  return kind === 'quarantine' ? null : terms.reasons[kind];
}
