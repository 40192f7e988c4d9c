/**
 * A policy that is being edited. Saving it makes a new version; the version that it began as stays as it is.
 *
 * Lists of short lines (examples) are edited as one text. What guards' own words are in the policy follows a category that is
 * renamed, and goes with one that is taken out. Whether all of it makes sense is the program's to say.
 */
import type { PolicyCategory, PolicyLabel, PolicyReasons, PolicyTerms } from '$lib/backend';

export const SEVERITIES = ['safe', 'controversial', 'unsafe'] as const;
export const TASKS = ['prompt', 'response'] as const;
export const GESTURES = ['skip', 'escalate', 'flag'] as const;

type Said = Pick<PolicyLabel, 'guidance' | 'examples' | 'rationale'>;

/** What a label or a category means. */
export class ClauseDraft {
  guidance = $state('');
  /** One a line. */
  examples = $state('');
  rationale = $state(false);

  constructor(said: Said | undefined) {
    this.guidance = said?.guidance ?? '';
    this.examples = said?.examples.join('\n') ?? '';
    this.rationale = said?.rationale ?? false;
  }

  said(): Said {
    const lines = this.examples.split('\n').map((line) => line.trim());
    return {
      guidance: this.guidance.trim(),
      examples: lines.filter((line) => line !== ''),
      rationale: this.rationale,
    };
  }
}

export class LabelDraft extends ClauseDraft {
  /** Whether the policy has it. */
  has = $state(false);

  constructor(
    readonly label: string,
    labels: readonly PolicyLabel[],
  ) {
    const found = labels.find((known) => known.label === label);
    super(found);
    this.has = found !== undefined;
  }
}

export class CategoryDraft extends ClauseDraft {
  name = $state('');
  prompt = $state(true);
  response = $state(true);
  /** What it was called; null for a new one. */
  readonly was: string | null;

  constructor(category?: PolicyCategory) {
    super(category);
    this.was = category?.name ?? null;
    if (category === undefined) return;
    this.name = category.name;
    this.prompt = category.tasks.includes('prompt');
    this.response = category.tasks.includes('response');
  }
}

export class PolicyDraft {
  name = $state('');
  about = $state('');
  labels = $state<LabelDraft[]>([]);
  categories = $state<CategoryDraft[]>([]);
  asksRefusal = $state(false);
  refusal = $state('');
  reasons = $state<PolicyReasons>() as PolicyReasons;
  readonly #guards: PolicyTerms['guards'];

  constructor(terms: PolicyTerms) {
    this.name = terms.name;
    this.about = terms.about;
    this.labels = SEVERITIES.map((label) => new LabelDraft(label, terms.labels));
    this.categories = terms.categories.map((category) => new CategoryDraft(category));
    this.asksRefusal = terms.refusal !== null;
    this.refusal = terms.refusal ?? '';
    this.reasons = structuredClone(terms.reasons);
    this.#guards = terms.guards;
  }

  addCategory(): void {
    this.categories.push(new CategoryDraft());
  }

  removeCategory(index: number): void {
    this.categories.splice(index, 1);
  }

  addReason(gesture: (typeof GESTURES)[number]): void {
    this.reasons[gesture].codes.push({ code: '', text: '' });
  }

  removeReason(gesture: (typeof GESTURES)[number], index: number): void {
    this.reasons[gesture].codes.splice(index, 1);
  }

  /** What is saved. The program gives it its version. */
  terms(): PolicyTerms {
    const labels = this.labels.filter(({ has }) => has);
    const named = new Map(
      this.categories.flatMap(({ was, name }) => (was === null ? [] : [[was, name.trim()]])),
    );
    return {
      name: this.name.trim(),
      version: 1,
      about: this.about.trim(),
      labels: labels.map((label) => ({ label: label.label, ...label.said() })),
      categories: this.categories.map((category) => ({
        name: category.name.trim(),
        tasks: TASKS.filter((task) => category[task]),
        ...category.said(),
      })),
      refusal: this.asksRefusal ? this.refusal.trim() : null,
      reasons: $state.snapshot(this.reasons),
      guards: this.#guards.map((guard) => ({
        family: guard.family,
        labels: guard.labels.filter(({ target }) => labels.some(({ label }) => label === target)),
        categories: guard.categories.flatMap(({ native, target }) => {
          const now = named.get(target);
          return now === undefined ? [] : [{ native, target: now }];
        }),
      })),
    };
  }
}
