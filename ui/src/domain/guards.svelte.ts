/**
 * The guards of the workspace: what each one is, whether it fits this machine, and whether it answers as it should.
 *
 * `GuardsController` adds folders (hashing them takes a while and is shown), sets the default, runs self-tests and
 * removes. Neighbours: `views/guards`.
 */
import { t } from '$language';
import { SvelteMap } from 'svelte/reactivity';

import type {
  Backend,
  DeviceView,
  Failure,
  GuardView,
  MemoryView,
  SelfTest,
  StepProgress,
} from '$lib/backend';
import { asFailure } from '$lib/backend';
import { either } from './format';
import { Pace, type PaceReading } from './pace';
import { precisionName } from './precision';

/** Families that can be forced on a checkpoint; an empty value reads it there. */
export function families(): { value: string; label: string }[] {
  return [
    { value: '', label: t('guards.family.own') },
    { value: 'qwen3guard-gen', label: 'Qwen3Guard-Gen' },
    { value: 'qwen3guard-stream', label: 'Qwen3Guard-Stream' },
    { value: 'sea-guard', label: 'SEA-Guard' },
    { value: 'assistant', label: t('guards.family.assistant') },
  ];
}

/** Whether a guard fits a device. `unknown` when the device does not say how much memory is free. */
export type Fit = 'fits' | 'tight' | 'too_large' | 'unknown';

/** Above this share of the free memory a guard loads, but the machine will feel it. */
const TIGHT_SHARE = 0.85;

export function fitOn(device: DeviceView, neededBytes: number): Fit {
  const free = device.memory_free_bytes;
  if (free === null) return 'unknown';
  if (neededBytes > free) return 'too_large';
  return neededBytes > free * TIGHT_SHARE ? 'tight' : 'fits';
}

/** What a guard needs in every precision that it can be run in, as published first. */
export function memoryOf(guard: GuardView): MemoryView[] {
  return guard.memory.length > 0
    ? guard.memory
    : [{ precision: guard.precision, bytes: guard.memory_needed_bytes }];
}

function kindName(kind: string): string {
  const known = (['cpu', 'cuda', 'metal'] as const).find((name) => name === kind);
  return known === undefined ? kind : t(`guard.kind.${known}`);
}

/** Where a guard does not fit, in a sentence; null where it fits everywhere as it was published. */
export function shortage(guard: GuardView, devices: readonly DeviceView[]): string | null {
  const needs = memoryOf(guard);
  const runsOn = (device: DeviceView, bytes: number) => fitOn(device, bytes) !== 'too_large';
  const sentences = devices.flatMap((device) => {
    const [own, ...smaller] = needs;
    if (own === undefined || runsOn(device, own.bytes)) return [];
    const kind = kindName(device.kind);
    const fitting = smaller.filter(({ bytes }) => runsOn(device, bytes));
    const names = either(fitting.map(({ precision }) => precisionName(precision)));
    return fitting.length === 0
      ? t('guard.fitsNowhere', { device: kind })
      : t('guard.fitsOnlyIn', { device: kind, precisions: names });
  });
  return sentences.length === 0 ? null : [...new Set(sentences)].join('. ');
}

/** A folder that is being read. */
export interface Adding {
  path: string;
  /** 0 to 1. */
  fraction: number;
  /** In bytes. */
  progress: StepProgress;
  pace: PaceReading;
}

export class GuardsController {
  guards = $state.raw<GuardView[]>([]);
  devices = $state.raw<DeviceView[]>([]);
  loaded = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** One of `families`. */
  family = $state('');
  adding = $state.raw<Adding | null>(null);
  /** The guard whose removal waits for a second press. */
  removingId = $state<string | null>(null);
  /** The guard that is being tested. */
  checkingId = $state<string | null>(null);
  /** How far it is loaded for that, in bytes. */
  checkLoading = $state.raw<StepProgress | null>(null);
  /** Results of self-tests by guard. */
  readonly checks = new SvelteMap<string, SelfTest>();

  constructor(
    private readonly backend: Backend,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  async load(): Promise<void> {
    try {
      [this.guards, this.devices] = await Promise.all([
        this.backend.guards(),
        this.backend.devices(),
      ]);
      this.loaded = true;
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Asks for a checkpoint, which is a folder or a GGUF file, and adds it. */
  async pickAndAdd(kind: 'folder' | 'gguf'): Promise<void> {
    try {
      const path =
        kind === 'folder'
          ? await this.backend.pickFolder()
          : (await this.backend.pickFiles([{ name: 'GGUF', extensions: ['gguf'] }])).at(0);
      if (path !== null && path !== undefined) await this.add(path);
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Reads, hashes and registers a checkpoint. */
  async add(path: string): Promise<void> {
    if (this.adding !== null) return;
    const pace = new Pace(this.nowMs);
    this.failure = null;
    this.adding = {
      path,
      fraction: 0,
      progress: { done: 0, total: 0 },
      pace: { perSecond: null, secondsLeft: null },
    };
    try {
      await this.backend.addGuard(path, this.family || null, (progress) => {
        const { done, total } = progress;
        const fraction = total > 0 ? done / total : 0;
        this.adding = { path, fraction, progress, pace: pace.read(done, fraction) };
      });
      this.adding = null;
      await this.load();
    } catch (error) {
      this.adding = null;
      this.failure = asFailure(error);
    }
  }

  async makeDefault(guardId: string): Promise<void> {
    try {
      await this.backend.setDefaultGuard(guardId);
      await this.load();
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  askRemoval(guardId: string): void {
    this.removingId = guardId;
  }

  keep(): void {
    this.removingId = null;
  }

  /** Takes the guard off the list. Its verdicts and the folder stay. */
  async remove(): Promise<void> {
    const guardId = this.removingId;
    if (guardId === null) return;
    try {
      await this.backend.removeGuard(guardId);
      this.removingId = null;
      this.checks.delete(guardId);
      await this.load();
    } catch (error) {
      this.removingId = null;
      this.failure = asFailure(error);
    }
  }

  async check(guardId: string): Promise<void> {
    if (this.checkingId !== null) return;
    this.checkingId = guardId;
    this.checkLoading = null;
    this.checks.delete(guardId);
    try {
      const check = await this.backend.checkGuard(guardId, (step) => (this.checkLoading = step));
      this.checks.set(guardId, check);
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.checkingId = null;
    }
  }
}

const byBackend = new WeakMap<Backend, GuardsController>();

/** The guards of the window: a folder is read and a test goes on while other screens are in view. */
export function guardsOf(backend: Backend): GuardsController {
  const known = byBackend.get(backend) ?? new GuardsController(backend);
  byBackend.set(backend, known);
  return known;
}
