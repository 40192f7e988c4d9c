/**
 * One label run: which guard judges a queue, on what, and how far it is.
 *
 * `RunController` starts a run and follows it by notices, so that the screen may be left and come back to. Verdicts of
 * a queue that is reviewed blind are never sent; the screen says so instead of showing an empty column.
 */
import { t } from '$language';
import type {
  Backend,
  DeviceView,
  Failure,
  ForecastView,
  GuardView,
  Notice,
  QueueCard,
  RunOrder,
  RunView,
} from '$lib/backend';
import { asFailure } from '$lib/backend';
import { bytes, megapixels } from './format';
import { memoryOf } from './guards.svelte';
import { precisionName } from './precision';

/** Devices that can be asked for; those that are not there are refused by the engine, never silently replaced. */
export function devices(): { value: string; label: string }[] {
  return (['auto', 'cuda', 'metal', 'cpu'] as const).map((value) => ({
    value,
    label: t(`run.device.${value}`),
  }));
}

export function precisions(): { value: string; label: string; hint: string }[] {
  return (['auto', 'f32', 'bf16', 'int8', 'int4'] as const).map((value) => ({
    value,
    label: value === 'auto' ? t('run.precision.auto') : precisionName(value),
    hint: t(`run.precision.${value}Hint`),
  }));
}

/** Most pixels of an image that a guard looks at; empty: as many as its checkpoint allows. */
export function pixelBudgets(): { value: string; label: string }[] {
  const pixels = [1_000_000, 500_000, 250_000];
  return [
    { value: '', label: t('run.pixels.own') },
    ...pixels.map((n) => ({ value: String(n), label: megapixels(n) })),
  ];
}

/** Memory of a guard in a precision; `auto` is its own. */
export function neededIn(guard: GuardView, precision: string): number | null {
  const needs = memoryOf(guard);
  const wanted = precision === 'auto' ? guard.precision : precision;
  const found = needs.find((need) => need.precision === wanted);
  if (found !== undefined) return found.bytes;
  return precision === 'auto' ? guard.memory_needed_bytes : null;
}

/** The precisions that a guard can be run in, each with the memory that it takes. */
export function precisionsOf(
  guard: GuardView | null,
): { value: string; label: string; disabled: boolean }[] {
  return precisions().map(({ value, label }) => {
    const needed = guard === null ? null : neededIn(guard, value);
    // a guard of which only its own precision is known may well run in others
    const listed = guard !== null && guard.memory.length > 0;
    if (needed === null) return { value, label, disabled: listed && value !== 'auto' };
    return { value, label: `${label} · ${bytes(needed)}`, disabled: false };
  });
}

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
  /** One of `pixelBudgets`. */
  pixels = $state('');
  /** The run of this queue that is going on, or the one that ended last. */
  run = $state.raw<RunView | null>(null);
  /** What can be said of the run as it is ordered; null while it is not known. */
  forecast = $state.raw<ForecastView | null>(null);
  measuring = $state(false);
  #foreseen = 0;
  /** An order to start, pause, resume or stop is on its way. */
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** What the engine said while this screen was in view. */
  engineMessages = $state.raw<string[]>([]);

  constructor(private readonly backend: Backend) {}

  get guard(): GuardView | null {
    return this.guards.find((guard) => guard.id === this.guardId) ?? null;
  }

  /** What the guard needs as ordered; null for a precision that it cannot be run in. */
  get neededBytes(): number | null {
    return this.guard === null ? null : neededIn(this.guard, this.precision);
  }

  /** Takes another guard. A precision that it cannot be run in is given up for its own. */
  choose(guardId: string): void {
    this.guardId = guardId;
    const chosen = precisionsOf(this.guard).find(({ value }) => value === this.precision);
    if (chosen?.disabled) this.precision = 'auto';
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
      this.guards = guards.filter((guard) => guard.is_guard);
      this.devices = devices;
      this.guardId ??=
        (this.guards.find((guard) => guard.is_default) ?? this.guards[0])?.id ?? null;
      const own = runs.filter((run) => run.queue_id === queueId);
      this.run = own.find(isActive) ?? newest(own);
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** The run as it would be started now. */
  get order(): RunOrder | null {
    if (this.card === null) return null;
    return {
      queue_id: this.card.id,
      guard_id: this.guardId,
      device: this.device,
      precision: this.precision,
      pixels_max: this.guard?.images && this.pixels !== '' ? Number(this.pixels) : null,
    };
  }

  /** Asks how long `order` would take. Of several questions the last one counts, whichever is answered last. */
  async foresee(order: RunOrder): Promise<void> {
    const asked = ++this.#foreseen;
    try {
      const forecast = await this.backend.forecastRun(order);
      if (asked === this.#foreseen) this.forecast = forecast;
    } catch (error) {
      if (asked !== this.#foreseen) return;
      this.forecast = null;
      this.failure = asFailure(error);
    }
  }

  measure = (): Promise<void> =>
    this.#order(async () => {
      const { order } = this;
      if (order === null) return;
      this.measuring = true;
      const asked = ++this.#foreseen;
      try {
        const found = await this.backend.measureRun(order);
        if (asked === this.#foreseen) this.forecast = found;
      } finally {
        this.measuring = false;
      }
    });

  async start(): Promise<void> {
    const { order } = this;
    if (order === null) return;
    await this.#order(async () => {
      this.engineMessages = [];
      this.run = await this.backend.startRun(order);
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
