/**
 * The rows of a queue beside the item: a tab or a search, page by page.
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
  #cursor: string | null = null;
  #loading = false;
  /** Counts questions, so that an answer to an older one is dropped. */
  #asked = 0;

  constructor(
    private readonly backend: Backend,
    readonly queueId: string,
  ) {}

  /** The next item is the next pending one, not the next row. */
  get walksPending(): boolean {
    return this.tab === 'pending' && this.searched === '';
  }

  /** The first page of a tab. */
  async open(tab: TabId = this.tab): Promise<void> {
    this.tab = tab;
    this.searched = '';
    this.capped = false;
    await this.#ask(async () => {
      const page = await this.backend.listItems(this.#query(null));
      this.#cursor = page.cursor;
      return page.rows;
    });
  }

  /** More of the tab, when the end of what there is comes into sight. */
  async more(): Promise<void> {
    if (this.#cursor === null || this.#loading || this.searched !== '') return;
    const before = this.rows;
    await this.#ask(async () => {
      const page = await this.backend.listItems(this.#query(this.#cursor));
      this.#cursor = page.cursor;
      return [...before, ...page.rows];
    });
  }

  async search(text: string): Promise<void> {
    const wanted = text.trim();
    if (wanted === '') return this.open();
    this.searched = wanted;
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

  #query(cursor: string | null) {
    return { queue_id: this.queueId, tab: this.tab, cursor, limit: PAGE_ROWS };
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
