/**
 * What the list is filtered and sorted by, and the filters that are kept under a name.
 *
 * Each change is asked for at once. What would tell a verdict that is hidden is not offered, and refused by the program.
 */
import { t } from '$language';
import { languageName } from '../format';
import { labelName, stateName, taskName } from '../labels';
import {
  type Backend,
  type FilterCount,
  type Filtering,
  type FilterTerms,
  type ItemView,
  type SavedFilter,
} from '../../lib/backend';
import { SavedFiltersController } from '../saved-filters.svelte';

export const SORTS = ['imported', 'unsafe', 'safe', 'uncertain', 'decided', 'language'] as const;
export type SortId = (typeof SORTS)[number];

/** Nothing is said. */
export const NO_TERMS: FilterTerms = {
  state: null,
  task: null,
  language: null,
  label: null,
  decided_label: null,
  category: null,
  guard_category: null,
  disagreement: null,
  score: null,
  reviewer: null,
  since: null,
  until: null,
  flagged: null,
  has_image: null,
  text: null,
};

export type TermId = keyof FilterTerms;
export const TERM_IDS = Object.keys(NO_TERMS) as TermId[];

/** Conditions and orders that tell what a guard said. */
const TELLING: readonly TermId[] = ['label', 'guard_category', 'disagreement', 'score'];
const TELLING_SORTS: readonly string[] = ['unsafe', 'safe', 'uncertain'];

export class FilterController {
  terms = $state.raw<FilterTerms>({ ...NO_TERMS });
  sort = $state<SortId>('imported');
  /** The form is in view. */
  open = $state(false);
  /** The saved filter that is gone through. */
  opened = $state.raw<SavedFilter | null>(null);
  /** How many items are found, once they are counted. */
  found = $state.raw<FilterCount | null>(null);
  /** Those that have a name. */
  readonly kept: SavedFiltersController;

  constructor(
    private readonly backend: Backend,
    readonly queueId: string,
    /** Lists anew. */
    private readonly changed: () => Promise<void>,
  ) {
    this.kept = new SavedFiltersController(backend, queueId);
  }

  /** The conditions in force, in the order of the form. */
  readonly said = $derived(TERM_IDS.filter((id) => this.terms[id] !== null));
  readonly isOn = $derived(this.said.length > 0 || this.sort !== 'imported');

  /** What the program is asked for. */
  get filtering(): Filtering {
    return { filter: this.terms, sort: this.sort };
  }

  /** Whether what is open of it is gone through, and not its rows. */
  get walksOpen(): boolean {
    return this.terms.state === null || this.terms.state === 'pending';
  }

  /** Whether a condition or an order may be chosen: in a blind queue, verdicts are hidden until the decision. */
  offers(id: TermId | SortId, mode: string): boolean {
    const tells = TELLING.some((telling) => telling === id) || TELLING_SORTS.includes(id);
    return !tells || mode !== 'blind' || this.terms.state === 'decided';
  }

  async set<Id extends TermId>(id: Id, value: FilterTerms[Id]): Promise<void> {
    this.terms = { ...this.terms, [id]: value === '' ? null : value };
    this.opened = null;
    await this.changed();
  }

  async sortBy(sort: SortId): Promise<void> {
    this.sort = sort;
    this.opened = null;
    await this.changed();
  }

  async clear(): Promise<void> {
    this.forget();
    await this.changed();
  }

  /** Takes everything off without asking for a list. */
  forget(): void {
    this.terms = { ...NO_TERMS };
    this.sort = 'imported';
    this.opened = null;
    this.found = null;
  }

  /** Puts a saved filter in force, before anything is listed. */
  async openSaved(filterId: string): Promise<void> {
    await this.kept.load();
    const wanted = this.kept.saved.find(({ id }) => id === filterId);
    if (wanted === undefined) return;
    this.terms = wanted.filtering.filter;
    this.sort = SORTS.find((sort) => sort === wanted.filtering.sort) ?? 'imported';
    this.opened = wanted;
  }

  /** Keeps what is in force under a name. */
  async save(name: string): Promise<boolean> {
    const kept = await this.kept.save(name, this.filtering);
    this.opened = kept ?? this.opened;
    return kept !== null;
  }

  /** After the rows: how many there are. */
  async count(): Promise<void> {
    const asked = JSON.stringify(this.filtering);
    const found = await this.backend.filters.count(this.queueId, this.filtering).catch(() => null);
    if (asked === JSON.stringify(this.filtering)) this.found = found;
  }

  next(after: string | null): Promise<ItemView | null> {
    return this.backend.filters.next(this.queueId, this.filtering, after);
  }
}

/** A condition in force, in words. */
export function termText(terms: FilterTerms, id: TermId): string {
  const value = terms[id];
  const name = t(`filter.${id}`);
  if (value === true) return name;
  if (value === false) return t('filter.not', { what: name });
  return t('filter.is', { what: name, value: valueText(id, String(value)) });
}

function valueText(id: TermId, value: string): string {
  switch (id) {
    case 'state':
      return stateName(value);
    case 'task':
      return taskName(value);
    case 'language':
      return languageName(value);
    case 'label':
    case 'decided_label':
      return labelName(value);
    case 'disagreement':
      return t(value === 'guards' ? 'filter.disagreement.guards' : 'filter.disagreement.decision');
    default:
      return value;
  }
}
