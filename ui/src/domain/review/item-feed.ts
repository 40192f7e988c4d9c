/**
 * Which item comes next, fetched while the reviewer reads the one before it.
 *
 * On the tab of pending items that is the next pending item of the queue, in a filter the next open one that it finds; on any
 * other tab or in a search it is the next row. The fetched item is used once, and only after the item that it was fetched for.
 */
import { asFailure, type Backend, type ItemView } from '../../lib/backend';
import type { ListController } from './list.svelte';

export class ItemFeed {
  #ahead: { after: string; way: string; item: Promise<ItemView | null> } | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly queueId: string,
    private readonly list: ListController,
  ) {}

  first(): Promise<ItemView | null> {
    return this.list.walksFilter
      ? this.list.filter.next(null)
      : this.backend.nextItem(this.queueId, null);
  }

  /** Asks for what follows `item` already now. */
  prefetch(item: ItemView): void {
    const asked = this.#ask(item);
    // a failure is met again, and told, when the item is wanted
    asked.catch(() => {});
    this.#ahead = { after: item.id, way: this.#way(), item: asked };
  }

  /** What was fetched ahead may have been decided meanwhile. */
  forget(): void {
    this.#ahead = null;
  }

  /** After a decision: the next one to do, from the beginning of the queue if there is none after it. */
  async following(item: ItemView | null): Promise<ItemView | null> {
    if (item === null) return this.first();
    const next = await this.after(item).catch((error: unknown) => {
      // an item in quarantine has no place in the queue any more
      if (asFailure(error).code === 'not_found') return null;
      throw error;
    });
    if (next !== null || !this.list.walksPending) return next;
    const wrapped = await this.first();
    return wrapped?.id === item.id ? null : wrapped;
  }

  /** What comes after `item`, whether or not anything was decided. */
  async after(item: ItemView | null): Promise<ItemView | null> {
    if (item === null) return this.first();
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead?.after === item.id && ahead.way === this.#way()) {
      const fetched = await ahead.item.catch(() => null);
      if (fetched !== null) return fetched;
    }
    return this.#ask(item);
  }

  /** What came before `item`: the row above it, or the item before it in the queue. */
  async before(item: ItemView | null): Promise<ItemView | null> {
    if (item === null) {
      const last = this.list.rows.at(-1);
      return last === undefined ? null : this.backend.item(last.id);
    }
    const row = this.list.neighbour(item.id, -1);
    return row === null
      ? this.backend.previousItem(this.queueId, item.id)
      : this.backend.item(row.id);
  }

  async #ask(item: ItemView): Promise<ItemView | null> {
    const { walksPending, walksFilter, filter } = this.list;
    if (walksPending || walksFilter) {
      const next = walksFilter
        ? await filter.next(item.id)
        : await this.backend.nextItem(this.queueId, item.id);
      // the program begins again at the end of the queue: the last pending item is followed by itself
      return next?.id === item.id ? null : next;
    }
    let row = this.list.neighbour(item.id, 1);
    // rows come page by page, and a list that is not on screen asks for none
    if (row === null && this.list.hasMore) {
      await this.list.more();
      row = this.list.neighbour(item.id, 1);
    }
    return row === null ? null : this.backend.item(row.id);
  }

  #way(): string {
    const { tab, searched, filter } = this.list;
    return JSON.stringify([tab, searched, filter.filtering]);
  }
}
