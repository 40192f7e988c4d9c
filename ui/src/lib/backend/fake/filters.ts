/** What the fake finds by a filter, and the filters that it keeps. */
import type { Filtering, FilterTerms, ItemView, SavedFilter } from '../bindings';
import type { FilterBackend } from '../filters';
import { rowOf, stateOf, viewOf, visible, type FakeItem, type FakeQueue } from './model';
import { failureOf } from './review';

/** Answers as every method of the fake does: late, refused, or with a copy. */
type Answer = <T>(args: unknown[], make: () => T) => Promise<T>;

const COUNTED_MAX = 10_000;

export class FakeFilters implements FilterBackend {
  kept: SavedFilter[] = [];
  #number = 0;

  constructor(
    private readonly answer: Answer,
    private readonly queue: (queueId: string) => FakeQueue,
  ) {}

  list = (queueId: string, filtering: Filtering, cursor: string | null, limit: number) =>
    this.answer(['list', queueId, filtering, cursor], () => {
      const found = this.#found(queueId, filtering);
      const from = cursor === null ? 0 : Number(cursor);
      const more = found.length > from + limit;
      return {
        rows: found.slice(from, from + limit).map(rowOf),
        cursor: more ? String(from + limit) : null,
        withheld: false,
      };
    });

  count = (queueId: string, filtering: Filtering) =>
    this.answer(['count', queueId, filtering], () => {
      const n = this.#found(queueId, filtering).length;
      return { found: Math.min(n, COUNTED_MAX), more: n > COUNTED_MAX };
    });

  next = (queueId: string, filtering: Filtering, after: string | null) =>
    this.answer(['next', queueId, filtering, after], (): ItemView | null => {
      const state = filtering.filter.state ?? 'pending';
      const sorted = this.#found(queueId, {
        ...filtering,
        filter: { ...filtering.filter, state: null },
      });
      const behind = sorted.slice(sorted.findIndex(({ id }) => id === after) + 1);
      const from = state === 'pending' ? [...behind, ...sorted] : behind;
      const next = from.find((item) => stateOf(item) === state);
      if (next === undefined) return null;
      return { ...viewOf(next, this.queue(queueId)), draw_id: null };
    });

  saved = (queueId: string) =>
    this.answer(['saved', queueId], () =>
      this.kept.filter((filter) => filter.queue_id === queueId),
    );

  save = (queueId: string, name: string, filtering: Filtering) =>
    this.answer(['save', queueId, name, filtering], () => {
      this.#free(queueId, name);
      this.#number += 1;
      const filter = { id: `filter-${this.#number}`, queue_id: queueId, name, filtering };
      this.kept = [...this.kept, filter];
      return filter;
    });

  rename = (queueId: string, filterId: string, name: string) =>
    this.answer(['rename', queueId, filterId, name], () => {
      this.#free(queueId, name);
      const filter = this.kept.find(({ id }) => id === filterId);
      if (filter === undefined)
        throw failureOf('not_found', 'The filter is gone', 'Choose another one');
      const renamed = { ...filter, name };
      this.kept = this.kept.map((other) => (other.id === filterId ? renamed : other));
      return renamed;
    });

  remove = (queueId: string, filterId: string) =>
    this.answer(['remove', queueId, filterId], () => {
      this.kept = this.kept.filter(({ id }) => id !== filterId);
    });

  #free(queueId: string, name: string): void {
    if (this.kept.some((filter) => filter.queue_id === queueId && filter.name === name))
      throw failureOf('conflict', `There is a saved filter ${name} already`, 'Choose another name');
  }

  #found(queueId: string, { filter, sort }: Filtering): FakeItem[] {
    const queue = this.queue(queueId);
    const tells =
      filter.label !== null ||
      filter.score !== null ||
      filter.disagreement !== null ||
      ['unsafe', 'safe', 'uncertain'].includes(sort);
    if (tells && queue.mode === 'blind' && filter.state !== 'decided')
      throw failureOf(
        'invalid',
        'Verdicts of this queue are hidden until an item is decided',
        'Ask for the state decided',
      );
    return sorted(
      visible(queue).filter((item) => matches(item, filter)),
      sort,
    );
  }
}

function matches(item: FakeItem, filter: FilterTerms): boolean {
  const decision = item.tasks[0]?.decisions.at(-1);
  const verdict = item.tasks[0]?.verdict ?? null;
  const label =
    verdict === null || 'failed' in verdict ? null : (verdict.label?.toLowerCase() ?? null);
  const says = (wanted: string | null, found: string | null | undefined) =>
    wanted === null || wanted === found;
  return (
    says(filter.state, stateOf(item)) &&
    says(filter.language, item.language ?? 'und') &&
    says(filter.label, label) &&
    says(filter.decided_label, decision?.label) &&
    says(filter.reviewer, decision?.reviewer) &&
    (filter.category === null || decision?.categories.includes(filter.category) === true) &&
    (filter.task === null || item.tasks.some(({ task }) => task === filter.task)) &&
    (filter.flagged === null || filter.flagged === item.flagged) &&
    (filter.has_image === null || filter.has_image === item.images.length > 0) &&
    (filter.score === null || between(filter.score, riskOf(item))) &&
    (filter.text === null ||
      item.turns.some(({ content }) =>
        content.toLowerCase().includes((filter.text ?? '').toLowerCase()),
      ))
  );
}

function between(range: string, p: number): boolean {
  const [from = '', to = ''] = range.split('..');
  return p >= Number(from || 0) && p <= Number(to || 1);
}

/** Largest probability of unsafe over its tasks; -1 without a verdict. */
function riskOf(item: FakeItem): number {
  return Math.max(
    -1,
    ...item.tasks.map(({ verdict }) =>
      verdict === null || 'failed' in verdict ? -1 : verdict.p_unsafe,
    ),
  );
}

function sorted(items: FakeItem[], sort: string): FakeItem[] {
  const key = (item: FakeItem): number => {
    const p = riskOf(item);
    if (sort === 'unsafe') return -p;
    if (sort === 'safe') return p < 0 ? 2 : p;
    if (sort === 'uncertain') return p < 0 ? 2 : Math.abs(p - 0.5);
    return 0;
  };
  return [...items].sort(
    (a, b) =>
      (sort === 'language' ? (a.language ?? 'und').localeCompare(b.language ?? 'und') : 0) ||
      key(a) - key(b) ||
      a.seq - b.seq,
  );
}
