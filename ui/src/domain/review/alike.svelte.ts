/**
 * What is nearly the same as the item on screen, and whether the next decision goes to it too.
 *
 * `AlikeController` looks for it when the panel is opened. Neighbours: `views/review/AlikePanel.svelte` renders it,
 * `ReviewController` asks it whom a decision is for.
 */
import {
  asFailure,
  type Alike,
  type Backend,
  type Failure,
  type ItemView,
} from '../../lib/backend';

export class AlikeController {
  found = $state.raw<Alike | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** The next decision goes to what is undecided of them too. */
  together = $state(false);
  #itemId: string | null = null;

  readonly #backend: Backend;
  readonly #item: () => ItemView | null;
  readonly #taskId: () => string;

  constructor(backend: Backend, item: () => ItemView | null, taskId: () => string) {
    this.#backend = backend;
    this.#item = item;
    this.#taskId = taskId;
  }

  /** Those that the active task of is undecided. */
  readonly open = $derived.by(() =>
    (this.found?.items ?? []).filter(({ tasks }) =>
      tasks.some(({ task, state }) => task === this.#taskId() && state !== 'decided'),
    ),
  );

  /** Looks for what is nearly the same as the item on screen. */
  async look(): Promise<void> {
    const itemId = this.#item()?.id ?? null;
    if (itemId === null) return;
    if (itemId !== this.#itemId) this.leave();
    this.#itemId = itemId;
    try {
      const found = await this.#backend.alike(itemId);
      if (this.#itemId !== itemId) return;
      [this.found, this.failure] = [found, null];
      this.together &&= this.open.length > 0;
    } catch (error) {
      if (this.#itemId === itemId) this.failure = asFailure(error);
    }
  }

  toggle(): void {
    this.together = !this.together && this.open.length > 0;
  }

  /** Whom a decision about an item goes to beside it. */
  others(itemId: string): string[] {
    return this.together && itemId === this.#itemId ? this.open.map(({ item_id }) => item_id) : [];
  }

  /** Another item is on screen. */
  leave(): void {
    this.found = null;
    this.failure = null;
    this.together = false;
    this.#itemId = null;
  }
}
