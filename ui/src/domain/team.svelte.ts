/**
 * Several reviewers without a network: how far each is, bundles for their laptops, and what comes back.
 *
 * `TeamController` asks for files and hands them on; what is refused is told as the program tells it, and whole.
 */
import {
  asFailure,
  type Backend,
  type BundleMade,
  type BundleOpened,
  type Failure,
  type QueueCard,
  type TeamView,
  type WorkMerged,
  type WorkReturned,
} from '$lib/backend';

/** What was done last. */
export type TeamResult =
  | { kind: 'split'; files: BundleMade[] }
  | { kind: 'opened'; bundle: BundleOpened }
  | { kind: 'returned'; work: WorkReturned }
  | { kind: 'merged'; files: WorkMerged[] };

/** Names in a line, separated by commas. */
export function namesIn(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

export class TeamController {
  team = $state.raw<TeamView | null>(null);
  card = $state.raw<QueueCard | null>(null);
  result = $state.raw<TeamResult | null>(null);
  failure = $state.raw<Failure | null>(null);
  busy = $state(false);
  readonly #backend: Backend;
  readonly #queueId: () => string | null;

  constructor(backend: Backend, queueId: () => string | null) {
    this.#backend = backend;
    this.#queueId = queueId;
  }

  /** The queue came from a bundle: this is a reviewer's laptop. */
  readonly isLaptop = $derived(this.team?.named === false);

  async look(): Promise<void> {
    const queueId = this.#queueId();
    if (this.card?.id !== queueId) [this.card, this.team] = [null, null];
    if (queueId === null) return;
    try {
      const [card, team] = await Promise.all([
        this.#backend.queue(queueId),
        this.#backend.team(queueId),
      ]);
      if (this.#queueId() === queueId) [this.card, this.team] = [card, team];
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** `overlap` is a percentage; null: as the plan says. */
  async split(reviewers: string[], overlap: number | null): Promise<void> {
    const queueId = this.#queueId();
    if (queueId === null) return;
    await this.#do(async () => {
      const folder = await this.#backend.pickFolder();
      if (folder === null) return null;
      const files = await this.#backend.splitQueue({
        queue_id: queueId,
        reviewers,
        overlap,
        folder,
      });
      return { kind: 'split', files };
    });
  }

  async open(): Promise<void> {
    await this.#do(async () => {
      const [path] = await this.#backend.pickFiles();
      if (path === undefined) return null;
      return { kind: 'opened', bundle: await this.#backend.openBundle(path) };
    });
  }

  /** The queue that a bundle was opened into. */
  async queueNamed(name: string): Promise<string | null> {
    const cards = await this.#backend.queues();
    return cards.find((card) => card.name === name)?.id ?? null;
  }

  async giveBack(reviewer: string): Promise<void> {
    const queueId = this.#queueId();
    if (queueId === null) return;
    await this.#do(async () => {
      const path = await this.#backend.pickSaveFile(
        `${this.card?.name ?? 'queue'}-${reviewer}.return`,
      );
      if (path === null) return null;
      return { kind: 'returned', work: await this.#backend.giveBack(queueId, path) };
    });
  }

  async merge(): Promise<void> {
    await this.#do(async () => {
      const paths = await this.#backend.pickFiles();
      if (paths.length === 0) return null;
      return { kind: 'merged', files: await this.#backend.mergeReturns(paths) };
    });
  }

  async #do(act: () => Promise<TeamResult | null>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.failure = null;
    try {
      const result = await act();
      if (result === null) return;
      this.result = result;
      await this.look();
    } catch (error) {
      this.result = null;
      this.failure = asFailure(error);
    } finally {
      this.busy = false;
    }
  }
}
