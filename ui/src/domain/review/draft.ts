/**
 * A decision that is being made: what the scheme still asks for, and whether it can be saved.
 *
 * Pure; `ReviewController` holds the draft and saves it. A label that needs nothing more never becomes a draft.
 */
import type { DecisionView, PolicyTerms, Scheme, TaskScheme, VerdictView } from '../../lib/backend';
import { t } from '$language';
import { labelName, severityOf } from '../labels';
import { wantsNote } from '../policy';

export interface Draft {
  label: string;
  /** In the order of the scheme. */
  categories: readonly string[];
  refusal: boolean | null;
}

/** What a label asks for beside itself. */
export interface Asked {
  categories: readonly string[];
  refusal: boolean;
}

export function schemeOf(scheme: Scheme, task: string): TaskScheme {
  return task === 'response' ? scheme.response : scheme.prompt;
}

/** Nothing has a category that is safe. */
export function asked(scheme: TaskScheme, label: string): Asked {
  const categories = severityOf(label) === 'safe' ? [] : scheme.categories;
  return { categories, refusal: scheme.refusal };
}

export function isComplete({ categories, refusal }: Asked): boolean {
  return categories.length === 0 && !refusal;
}

/** A draft of `label`; what was decided before with the same label is kept, so that a detail can be changed. */
export function draftOf(label: string, before: DecisionView | null): Draft {
  if (before === null || before.label !== label)
    return { label, categories: [], refusal: before?.refusal ?? null };
  return { label, categories: before.categories, refusal: before.refusal };
}

export function toggleCategory(draft: Draft, category: string, scheme: TaskScheme): Draft {
  const chosen = new Set(draft.categories);
  if (!chosen.delete(category)) chosen.add(category);
  return { ...draft, categories: scheme.categories.filter((name) => chosen.has(name)) };
}

/** What the guard suggests, in the words of the scheme; null if it suggests none of its labels. */
export function suggestionOf(verdict: VerdictView, scheme: Scheme, task: string): Draft | null {
  const label = verdict.suggestion;
  if (label === null || !scheme.labels.includes(label)) return null;
  const wanted = asked(schemeOf(scheme, task), label);
  return {
    label,
    categories: wanted.categories.filter((name) => verdict.suggested_categories.includes(name)),
    refusal: wanted.refusal ? verdict.refusal : null,
  };
}

/** Why a draft cannot be saved yet. */
export interface Lack {
  message: string;
  /** It is a note that is missing. */
  note: boolean;
}

/** What the scheme asks for and the draft does not say, or the note that the policy wants with it; null: it can be saved. */
export function lackOf(
  draft: Draft,
  scheme: TaskScheme | null,
  terms: PolicyTerms | null,
  note: string | null,
): Lack | null {
  if (scheme === null || terms === null) return null;
  if (asked(scheme, draft.label).refusal && draft.refusal === null)
    return { message: t('review.say.refusal'), note: false };
  const clause = note === null ? wantsNote(terms, draft) : null;
  if (clause === null) return null;
  return { message: t('policy.say.noteWith', { what: labelName(clause.name) }), note: true };
}

/** Whether the draft says what has been decided already. */
export function sameAs(draft: Draft, decision: DecisionView | null): boolean {
  return (
    decision !== null &&
    decision.label === draft.label &&
    decision.refusal === draft.refusal &&
    [...decision.categories].sort().join('\n') === [...draft.categories].sort().join('\n')
  );
}
