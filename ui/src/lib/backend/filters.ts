/** What the page can ask about filtered lists and about filters that are kept under a name. */
import type { FilterCount, FilteredPage, Filtering, ItemView, SavedFilter } from './bindings';

export interface FilterBackend {
  list(
    queueId: string,
    filtering: Filtering,
    cursor: string | null,
    limit: number,
  ): Promise<FilteredPage>;
  /** Takes longer than the rows: asked when they are on screen. */
  count(queueId: string, filtering: Filtering): Promise<FilterCount>;
  /** What is open of it after an item; from the beginning after none. No draw brings it up. */
  next(queueId: string, filtering: Filtering, after: string | null): Promise<ItemView | null>;
  saved(queueId: string): Promise<SavedFilter[]>;
  save(queueId: string, name: string, filtering: Filtering): Promise<SavedFilter>;
  rename(queueId: string, filterId: string, name: string): Promise<SavedFilter>;
  remove(queueId: string, filterId: string): Promise<void>;
}
