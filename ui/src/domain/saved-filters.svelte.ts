/** The filters of a queue that are kept under a name. */
import {
  asFailure,
  type Backend,
  type Failure,
  type Filtering,
  type SavedFilter,
} from '../lib/backend';

export class SavedFiltersController {
  saved = $state.raw<SavedFilter[]>([]);
  failure = $state.raw<Failure | null>(null);

  constructor(
    private readonly backend: Backend,
    private readonly queueId: string,
  ) {}

  load(): Promise<boolean> {
    return this.#try(async () => {
      this.saved = await this.backend.filters.saved(this.queueId);
    });
  }

  /** Keeps what is in force; null if it could not be. */
  async save(name: string, filtering: Filtering): Promise<SavedFilter | null> {
    let kept: SavedFilter | null = null;
    await this.#try(async () => {
      kept = await this.backend.filters.save(this.queueId, name, filtering);
      this.saved = [...this.saved, kept];
    });
    return kept;
  }

  rename(filterId: string, name: string): Promise<boolean> {
    return this.#try(async () => {
      const renamed = await this.backend.filters.rename(this.queueId, filterId, name);
      this.saved = this.saved.map((filter) => (filter.id === filterId ? renamed : filter));
    });
  }

  /** No item is touched. */
  remove(filterId: string): Promise<boolean> {
    return this.#try(async () => {
      await this.backend.filters.remove(this.queueId, filterId);
      this.saved = this.saved.filter(({ id }) => id !== filterId);
    });
  }

  async #try(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      this.failure = null;
      return true;
    } catch (error) {
      this.failure = asFailure(error);
      return false;
    }
  }
}
