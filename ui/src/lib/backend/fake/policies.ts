/** Policies as the fake keeps them: made from what a queue lets reviewers say, with invented guidance. */
import type {
  PolicyChangeView,
  PolicyRow,
  PolicyRule,
  PolicyTerms,
  PolicyView,
  Scheme,
} from '../bindings';
import { BackendError } from '../backend';

const RULE: PolicyRule = { codes: [], free_text: true, required: false, rationale: false };

/** The part of a policy that a decision is made of. */
export function schemeFrom(terms: PolicyTerms): Scheme {
  const task = (name: string, refusal: boolean) => ({
    categories: terms.categories.filter(({ tasks }) => tasks.includes(name)).map((c) => c.name),
    refusal,
  });
  return {
    name: terms.name,
    labels: terms.labels.map(({ label }) => label),
    prompt: task('prompt', false),
    response: task('response', terms.refusal !== null),
  };
}

export function termsFrom(scheme: Scheme): PolicyTerms {
  const { prompt, response } = scheme;
  const clause = (name: string) => ({
    guidance: `Invented guidance about ${name}`,
    examples: [`An invented example of ${name}`],
    rationale: false,
  });
  const names = [...new Set([...prompt.categories, ...response.categories])];
  const has = (task: string, categories: string[], name: string) =>
    categories.includes(name) ? [task] : [];
  return {
    name: scheme.name,
    version: 1,
    about: 'Invented for tests',
    labels: scheme.labels.map((label) => ({ label, ...clause(label) })),
    categories: names.map((name) => ({
      name,
      tasks: [
        ...has('prompt', prompt.categories, name),
        ...has('response', response.categories, name),
      ],
      ...clause(name),
    })),
    refusal: response.refusal ? 'Invented guidance about refusals' : null,
    reasons: { skip: RULE, escalate: RULE, flag: RULE },
    guards: [],
  };
}

export class FakePolicies {
  readonly versions: PolicyView[] = [];

  keep(terms: PolicyTerms): PolicyView {
    const id = `${terms.name}@${terms.version}`;
    const known = this.versions.find((version) => version.id === id);
    if (known !== undefined) return known;
    const version = { id, terms };
    this.versions.push(version);
    return version;
  }

  /** As the next version of its name. */
  save(terms: PolicyTerms): PolicyView {
    const newest = this.#newest(terms.name);
    return this.keep({ ...terms, version: (newest?.terms.version ?? 0) + 1 });
  }

  find(reference: string): PolicyView {
    const found = this.versions.find(({ id }) => id === reference) ?? this.#newest(reference);
    if (found !== undefined) return found;
    const message = `There is no policy ${reference}`;
    throw new BackendError({ code: 'not_found', message, advice: 'Choose again', details: '' });
  }

  rows(used: { name: string; policyId: string }[]): PolicyRow[] {
    return this.versions.map(({ id, terms }) => ({
      id,
      name: terms.name,
      version: terms.version,
      ready_made: terms.version === 1,
      queues: used.filter(({ policyId }) => policyId === id).map(({ name }) => name),
      kept_by: terms.version === 1 ? null : 'reviewer-1',
      kept_at: '2026-01-19T16:40:00Z',
    }));
  }

  change(from: PolicyView, to: PolicyView): PolicyChangeView {
    const lost = from.terms.categories.filter(
      ({ name }) => !to.terms.categories.some((category) => category.name === name),
    );
    return {
      from: from.id,
      to: to.id,
      same: from.id === to.id,
      decisions: 12,
      unsayable: lost.map(({ name }) => ({ reason: `There is no category ${name}`, decisions: 1 })),
    };
  }

  #newest(name: string): PolicyView | undefined {
    return this.versions
      .filter(({ terms }) => terms.name === name)
      .sort((a, b) => b.terms.version - a.terms.version)[0];
  }
}
