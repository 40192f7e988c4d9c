/**
 * The policies of a workspace: their versions, one that is being edited, files, and queues that go over to one.
 *
 * A queue goes over only after it was shown what that means. Neighbours: `policy-draft.svelte.ts`, `views/settings`.
 */
import { t } from '$language';
import type {
  Backend,
  Failure,
  FileFilter,
  PolicyChangeView,
  PolicyRow,
  PolicyView,
  QueueCard,
} from '$lib/backend';
import { asFailure } from '$lib/backend';
import { PolicyDraft } from './policy-draft.svelte';

/** A queue that would go over to a version. */
export interface Step {
  queue: QueueCard;
  reference: string;
  change: PolicyChangeView;
}

export class PoliciesController {
  rows = $state.raw<PolicyRow[] | null>(null);
  queues = $state.raw<QueueCard[]>([]);
  draft = $state.raw<PolicyDraft | null>(null);
  step = $state.raw<Step | null>(null);
  busy = $state(false);
  /** What was done last. */
  message = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);

  constructor(private readonly backend: Backend) {}

  load(): Promise<void> {
    return this.#try(() => this.#refresh());
  }

  edit(row: PolicyRow): Promise<void> {
    return this.#try(async () => {
      this.draft = new PolicyDraft((await this.backend.policy(row.id)).terms);
    });
  }

  leave(): void {
    this.draft = null;
    this.failure = null;
  }

  save(): Promise<void> {
    const { draft } = this;
    return this.#try(async () => {
      if (draft === null) return;
      const kept = await this.backend.savePolicy(draft.terms());
      this.draft = null;
      await this.#kept(kept);
    });
  }

  importFile(): Promise<void> {
    return this.#try(async () => {
      const files: FileFilter[] = [{ name: t('policies.files'), extensions: ['json'] }];
      const [path] = await this.backend.pickFiles(files);
      if (path !== undefined) await this.#kept(await this.backend.importPolicy(path));
    });
  }

  exportFile(row: PolicyRow): Promise<void> {
    return this.#try(async () => {
      const path = await this.backend.pickSaveFile(`${row.name}-${row.version}.json`);
      if (path === null) return;
      await this.backend.exportPolicy(row.id, path);
      this.message = t('policies.written', { path });
    });
  }

  /** Looks at what it would mean for a queue to go over to a version. */
  weigh(queueId: string, row: PolicyRow): Promise<void> {
    return this.#try(async () => {
      const queue = this.queues.find(({ id }) => id === queueId);
      if (queue === undefined) return;
      const change = await this.backend.policyChange(queueId, row.id);
      this.step = { queue, reference: row.id, change };
    });
  }

  /** It goes over. */
  take(): Promise<void> {
    const { step } = this;
    return this.#try(async () => {
      if (step === null) return;
      await this.backend.usePolicy(step.queue.id, step.reference);
      this.step = null;
      this.message = t('policies.taken', { queue: step.queue.name, policy: step.change.to });
      await this.#refresh();
    });
  }

  async #kept({ terms }: PolicyView): Promise<void> {
    this.message = t('policies.kept', { name: terms.name, version: String(terms.version) });
    await this.#refresh();
  }

  async #refresh(): Promise<void> {
    [this.rows, this.queues] = await Promise.all([this.backend.policies(), this.backend.queues()]);
  }

  async #try(act: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.message = null;
    try {
      await act();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.busy = false;
    }
  }
}
