/**
 * A label with what the scheme asks beside it, for a decision that is saved only when Enter says so: an adjudication, or one
 * label for many items.
 *
 * Its owner saves it. Neighbours: `draft.ts` knows the scheme; the pickers of `views/review` show it as they show the
 * decision of a review, which is why both are `Deciding`.
 */
import type { DecisionView, PolicyTerms, Scheme } from '../../lib/backend';
import { t } from '$language';
import { numberedAction, type Handlers } from '../keys';
import { labelName } from '../labels';
import { Busy } from './busy.svelte';
import { asked, draftOf, lackOf, schemeOf, toggleCategory, type Asked, type Draft } from './draft';

/** What the pickers of a decision need to know, and what they do. */
export interface Deciding {
  readonly draft: Draft | null;
  readonly task: { decision: DecisionView | null } | null;
  readonly asked: Asked | null;
  readonly terms: PolicyTerms | null;
  readonly ready: boolean;
  readonly busy: Busy;
  choose(label: string): unknown;
  toggleCategory(category: string): void;
  setRefusal(refusal: boolean): unknown;
}

export interface ChoiceSetup {
  scheme: () => Scheme | null;
  terms: () => PolicyTerms | null;
  taskId: () => string;
  /** A label may be chosen. */
  ready: () => boolean;
}

export class LabelChoice implements Deciding {
  draft = $state.raw<Draft | null>(null);
  /** Why it may be needed. */
  note = $state('');
  readonly busy = new Busy();
  readonly task = null;
  readonly #setup: ChoiceSetup;

  constructor(setup: ChoiceSetup) {
    this.#setup = setup;
  }

  get labels(): readonly string[] {
    return this.#setup.scheme()?.labels ?? [];
  }

  get terms(): PolicyTerms | null {
    return this.#setup.terms();
  }

  get ready(): boolean {
    return !this.busy.now && this.#setup.ready();
  }

  get asked(): Asked | null {
    const scheme = this.#setup.scheme();
    if (this.draft === null || scheme === null) return null;
    return asked(schemeOf(scheme, this.#setup.taskId()), this.draft.label);
  }

  /** Nothing is open but a label: another one may still be chosen by its key. */
  get asksNothing(): boolean {
    return this.asked === null || (this.asked.categories.length === 0 && !this.asked.refusal);
  }

  choose(label: string): void {
    if (this.ready) this.draft = draftOf(label, null);
  }

  toggleCategory(category: string): void {
    const scheme = this.#setup.scheme();
    if (!this.ready || this.draft === null || scheme === null) return;
    this.draft = toggleCategory(this.draft, category, schemeOf(scheme, this.#setup.taskId()));
  }

  setRefusal(refusal: boolean): void {
    if (this.ready && this.draft !== null) this.draft = { ...this.draft, refusal };
  }

  /** Why it cannot be saved yet; null: it can be. */
  lack(): string | null {
    const scheme = this.#setup.scheme();
    if (this.draft === null || scheme === null) return t('review.say.chooseFirst');
    const task = schemeOf(scheme, this.#setup.taskId());
    return lackOf(this.draft, task, this.terms, this.noteGiven)?.message ?? null;
  }

  /** Null if there is nothing but blanks. */
  get noteGiven(): string | null {
    const text = this.note.trim();
    return text === '' ? null : text;
  }

  /** Back to nothing chosen. */
  clear(): void {
    this.draft = null;
    this.note = '';
  }
}

/** The keys of a choice: labels first, then categories and the refusal. `choose` is what a label key does. */
export function choiceActions(
  choice: LabelChoice,
  choose: (label: string) => void = (label) => choice.choose(label),
): Handlers {
  const handlers: Handlers = {
    'refusal-yes': {
      run: () => choice.setRefusal(true),
      enabled: () => choice.ready && choice.asked?.refusal === true,
    },
    'refusal-no': {
      run: () => choice.setRefusal(false),
      enabled: () => choice.ready && choice.asked?.refusal === true,
    },
    disarm: {
      run: () => (choice.draft = null),
      enabled: () => choice.ready && choice.draft !== null,
    },
  };
  for (let index = 0; ; index += 1) {
    const action = numberedAction('label', index);
    if (action === null) break;
    handlers[action] = {
      run: () => choose(choice.labels[index] ?? ''),
      enabled: () => choice.ready && choice.asksNothing && index < choice.labels.length,
      exists: () => index < choice.labels.length,
      name: () => t('action.labelNamed', { label: labelName(choice.labels[index] ?? '') }),
    };
  }
  for (let index = 0; ; index += 1) {
    const action = numberedAction('category', index);
    if (action === null) break;
    const category = () => choice.asked?.categories[index];
    handlers[action] = {
      run: () => choice.toggleCategory(category() ?? ''),
      enabled: () => choice.ready && category() !== undefined,
      exists: () => category() !== undefined,
      name: () => category() ?? '',
    };
  }
  return handlers;
}
