/**
 * One label run: which guard judges a queue, on what, and how far it is.
 *
 * `RunController` starts a run and follows it by notices, so that the screen may be left and come back to. Verdicts of
 * a queue that is reviewed blind are never sent; the screen says so instead of showing an empty column.
 */
import type {
  Backend,
  DeviceView,
  Failure,
  GuardView,
  Notice,
  QueueCard,
  RunView,
} from '$lib/backend';
import { asFailure } from '$lib/backend';

/** Devices that can be asked for; those that are not there are refused by the engine, never silently replaced. */
export const DEVICES: { value: string; label: string }[] = [
  { value: 'auto', label: 'Fastest there is' },
  { value: 'cuda', label: 'NVIDIA GPU (CUDA)' },
  { value: 'metal', label: 'Apple GPU (Metal)' },
  { value: 'cpu', label: 'CPU' },
];

export const PRECISIONS: { value: string; label: string; hint: string }[] = [
  { value: 'auto', label: "The checkpoint's own", hint: 'As its makers published it' },
  { value: 'f32', label: 'f32', hint: 'The reference: slowest, twice the memory' },
  { value: 'bf16', label: 'bf16', hint: 'Half the memory of f32' },
  {
    value: 'int8',
    label: 'int8',
    hint: 'Fastest on a CPU; scores differ slightly, and every verdict records it',
  },
];

/** A run that may still change. */
export function isActive(run: RunView): boolean {
  return run.state === 'loading' || run.state === 'running' || run.state === 'paused';
}

export class RunController {
  card = $state.raw<QueueCard | null>(null);
  guards = $state.raw<GuardView[]>([]);
  devices = $state.raw<DeviceView[]>([]);
  guardId = $state<string | null>(null);
  device = $state('auto');
  precision = $state('auto');
  /** The run of this queue that is going on, or the one that ended last. */
  run = $state.raw<RunView | null>(null);
  /** An order to start, pause, resume or stop is on its way. */
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** What the engine said while this screen was in view. */
  engineMessages = $state.raw<string[]>([]);

  constructor(private readonly backend: Backend) {}

  get guard(): GuardView | null {
    return this.guards.find((guard) => guard.id === this.guardId) ?? null;
  }

  get active(): boolean {
    return this.run !== null && isActive(this.run);
  }

  /** Share done, 0 to 1; `done` counts what could not be judged too. */
  get fraction(): number {
    if (this.run === null || this.run.total === 0) return 0;
    return this.run.done / this.run.total;
  }

  get blind(): boolean {
    return this.card?.mode === 'blind';
  }

  async open(queueId: string): Promise<void> {
    try {
      const [card, guards, devices, runs] = await Promise.all([
        this.backend.queue(queueId),
        this.backend.guards(),
        this.backend.devices(),
        this.backend.runs(),
      ]);
      this.card = card;
      this.guards = guards;
      this.devices = devices;
      this.guardId ??= (guards.find((guard) => guard.is_default) ?? guards[0])?.id ?? null;
      const own = runs.filter((run) => run.queue_id === queueId);
      this.run = own.find(isActive) ?? newest(own);
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  async start(): Promise<void> {
    const { card } = this;
    if (card === null) return;
    await this.#order(async () => {
      this.engineMessages = [];
      this.run = await this.backend.startRun({
        queue_id: card.id,
        guard_id: this.guardId,
        device: this.device,
        precision: this.precision,
      });
    });
  }

  pause = (): Promise<void> => this.#onRun((id) => this.backend.pauseRun(id));
  resume = (): Promise<void> => this.#onRun((id) => this.backend.resumeRun(id));
  stop = (): Promise<void> => this.#onRun((id) => this.backend.cancelRun(id));

  onNotice(notice: Notice): void {
    if (notice.kind === 'engine') {
      this.engineMessages = [...this.engineMessages, notice.message].slice(-20);
    } else if (notice.kind === 'run' && notice.run.queue_id === this.card?.id) {
      const ended = this.active && !isActive(notice.run);
      this.run = notice.run;
      if (ended) void this.#recount(notice.run.queue_id);
    } else if (notice.kind === 'queue' && this.card !== null && notice.queue_id === this.card.id) {
      this.card = { ...this.card, counts: notice.counts };
    }
  }

  async #recount(queueId: string): Promise<void> {
    try {
      this.card = await this.backend.queue(queueId);
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  #onRun(order: (runId: string) => Promise<unknown>): Promise<void> {
    const { run } = this;
    if (run === null) return Promise.resolve();
    return this.#order(() => order(run.id));
  }

  async #order(order: () => Promise<unknown>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      await order();
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.busy = false;
    }
  }
}

/** Ids grow with time, in whatever order runs are listed. */
function newest(runs: RunView[]): RunView | null {
  return runs.reduce<RunView | null>(
    (last, run) => (last === null || run.id > last.id ? run : last),
    null,
  );
}
