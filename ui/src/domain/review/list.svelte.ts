/**
 * The rows of a queue beside the item: a tab, a filter or a search, page by page.
 *
 * A row that leaves its tab because it was decided stays where it is, with its new state, until the list is asked anew:
 * nothing moves under the reviewer. A quarantined item leaves at once.
 */
import {
  asFailure,
  type Backend,
  type Failure,
  type ItemRow,
  type ItemView,
  type Undone,
} from '../../lib/backend';
import { itemState, type TabId } from '../labels';
import { FilterController } from './filter.svelte';

const PAGE_ROWS = 100;
const SEARCH_ROWS = 200;

export class ListController {
  tab = $state<TabId>('pending');
  rows = $state.raw<ItemRow[]>([]);
  /** What is searched for; empty: the tab is shown. */
  searched = $state('');
  /** There is more than a search shows. */
  capped = $state(false);
  loaded = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** Undecided items are left out, because the filter or the order would tell a verdict that stays hidden. */
  withheld = $state(false);
  readonly filter: FilterController;
  #cursor: string | null = null;
  #loading = false;
  /** Counts questions, so that an answer to an older one is dropped. */
  #asked = 0;

  constructor(
    private readonly backend: Backend,
    readonly queueId: string,
  ) {
    this.filter = new FilterController(backend, queueId, () => this.#anew());
  }

  /** The next item is the next pending one, not the next row. */
  get walksPending(): boolean {
    return this.tab === 'pending' && this.searched === '' && !this.filter.isOn;
  }

  /** The next item is the next open one that the filter finds, and not the next row. */
  get walksFilter(): boolean {
    return this.filter.isOn && this.filter.walksOpen && this.searched === '';
  }

  /** The first page of a tab, without the filter; of the filter or the tab that is in force if none is named. */
  async open(tab?: TabId): Promise<void> {
    if (tab !== undefined) {
      this.tab = tab;
      this.filter.forget();
    }
    this.searched = '';
    await this.#anew();
  }

  get hasMore(): boolean {
    return this.#cursor !== null;
  }

  /** More of it, when the end of what there is comes into sight. */
  async more(): Promise<void> {
    if (this.#cursor === null || this.#loading) return;
    await this.#ask(async () => {
      const page = await this.#page(this.#cursor);
      // rows may have changed while it came
      return [...this.rows, ...page];
    });
  }

  async search(text: string): Promise<void> {
    const wanted = text.trim();
    if (wanted === '') return this.open();
    this.searched = wanted;
    if (this.filter.isOn) return this.#anew();
    this.withheld = false;
    await this.#ask(async () => {
      const page = await this.backend.search(this.queueId, wanted, SEARCH_ROWS);
      this.#cursor = null;
      this.capped = page.capped;
      return page.rows;
    });
  }

  indexOf(itemId: string | null): number {
    return itemId === null ? -1 : this.rows.findIndex(({ id }) => id === itemId);
  }

  neighbour(itemId: string, step: 1 | -1): ItemRow | null {
    const index = this.indexOf(itemId);
    return index < 0 ? null : (this.rows[index + step] ?? null);
  }

  /** Takes over what an item is now. */
  update(item: ItemView): void {
    const index = this.indexOf(item.id);
    const row = this.rows[index];
    if (row === undefined) return;
    const state = itemState(item.tasks);
    this.rows = this.rows.with(index, { ...row, state, flagged: item.flagged });
  }

  /** Asks anew for what is shown. */
  async again(): Promise<void> {
    await (this.searched === '' ? this.open() : this.search(this.searched));
  }

  /** Takes over what was taken back; of several items all rows are asked for anew. */
  async takeBack({ item, others }: Undone): Promise<void> {
    if (others > 0) await this.again();
    else this.update(item);
  }

  remove(itemId: string): void {
    this.rows = this.rows.filter(({ id }) => id !== itemId);
  }

  /** What a decision about an item says of the draw: whoever filters or sorts chooses, and draws nothing. */
  drawOf(item: ItemView): string | null {
    return this.filter.isOn ? '' : item.draw_id;
  }

  async #anew(): Promise<void> {
    this.capped = false;
    this.filter.found = null;
    await this.#ask(() => this.#page(null));
    if (this.filter.isOn && this.failure === null) void this.filter.count();
  }

  async #page(cursor: string | null): Promise<ItemRow[]> {
    const { queueId, tab, searched, filter } = this;
    if (!filter.isOn) {
      const page = await this.backend.listItems({
        queue_id: queueId,
        tab,
        cursor,
        limit: PAGE_ROWS,
      });
      this.withheld = false;
      this.#cursor = page.cursor;
      return page.rows;
    }
    const { filter: terms, sort } = filter.filtering;
    const wanted = { sort, filter: searched === '' ? terms : { ...terms, text: searched } };
    const page = await this.backend.filters.list(queueId, wanted, cursor, PAGE_ROWS);
    this.withheld = page.withheld;
    this.#cursor = page.cursor;
    return page.rows;
  }

  async #ask(rows: () => Promise<ItemRow[]>): Promise<void> {
    const number = (this.#asked += 1);
    this.#loading = true;
    try {
      const answer = await rows();
      if (number !== this.#asked) return;
      this.rows = answer;
      this.failure = null;
      this.loaded = true;
    } catch (error) {
      if (number === this.#asked) this.failure = asFailure(error);
    } finally {
      if (number === this.#asked) this.#loading = false;
    }
  }
}
