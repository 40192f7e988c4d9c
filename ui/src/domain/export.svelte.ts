/**
 * An export: who gets what, how it will look, and where it went.
 *
 * Every change of the order asks for a new preview; an answer to an older question is dropped. Neighbours:
 * `views/export`.
 */
import { t } from '$language';
import type {
  Backend,
  ExportOrder,
  ExportPreview,
  ExportReport,
  Failure,
  GuardView,
  QueueCard,
} from '$lib/backend';
import { asFailure } from '$lib/backend';

export interface ExportOption {
  value: string;
  label: string;
  hint: string;
}

/** Formats with who they are for. */
export function exportFormats(): ExportOption[] {
  return (['llama-factory', 'decisions'] as const).map((value) => {
    const audience = t(`export.format.${value}Audience`);
    const hint = t('export.formatHint', { audience, files: t(`export.format.${value}Files`) });
    return { value, label: t(`export.format.${value}`), hint };
  });
}

/** What may become of "controversial" where the guard that learns has no word for it. */
export function controversialChoices(): ExportOption[] {
  return (['exclude', 'safe', 'unsafe'] as const).map((value) => ({
    value,
    label: t(`export.controversial.${value}`),
    hint: t(`export.controversial.${value}Hint`),
  }));
}

/** Largest share that may go to validation. */
export const VALIDATION_MAX = 0.5;

/** Largest seed that crosses to the program (an unsigned 32-bit number). */
const SEED_MAX = 4_294_967_295;

export class ExportController {
  queues = $state.raw<QueueCard[]>([]);
  guards = $state.raw<GuardView[]>([]);
  queueId = $state<string | null>(null);
  format = $state('llama-factory');
  guardId = $state<string | null>(null);
  controversialAs = $state('exclude');
  validation = $state(0.1);
  seed = $state(1);
  preview = $state.raw<ExportPreview | null>(null);
  previewing = $state(false);
  exporting = $state(false);
  /** Queues and guards are known. */
  opened = $state(false);
  report = $state.raw<ExportReport | null>(null);
  failure = $state.raw<Failure | null>(null);

  #asked = 0;

  constructor(private readonly backend: Backend) {}

  get card(): QueueCard | null {
    return this.queues.find((card) => card.id === this.queueId) ?? null;
  }

  get guard(): GuardView | null {
    return this.guards.find((guard) => guard.id === this.guardId) ?? null;
  }

  /** Training formats have a wording and a split; decisions have neither. */
  get isTraining(): boolean {
    return this.format !== 'decisions';
  }

  /** Whether reviewers can say "controversial" where the guard that learns cannot. */
  get asksControversial(): boolean {
    const { guard, card } = this;
    if (!this.isTraining || guard === null || card === null) return false;
    const has = (labels: string[]) =>
      labels.some((label) => label.toLowerCase() === 'controversial');
    return has(card.scheme.labels) && !has(guard.labels);
  }

  get validationProblem(): string | null {
    const fits = this.validation >= 0 && this.validation <= VALIDATION_MAX;
    return fits ? null : t('export.validationProblem');
  }

  get seedProblem(): string | null {
    const fits = Number.isInteger(this.seed) && this.seed >= 0 && this.seed <= SEED_MAX;
    return fits ? null : t('export.seedProblem', { most: SEED_MAX });
  }

  /** Why there can be no export, or null. */
  get problem(): string | null {
    if (this.queueId === null) return t('words.chooseQueue');
    if (this.isTraining) return this.validationProblem ?? this.seedProblem;
    return null;
  }

  async open(queueId: string | null): Promise<void> {
    try {
      [this.queues, this.guards] = await Promise.all([
        this.backend.queues(),
        this.backend.guards(),
      ]);
      const wanted = queueId ?? this.queueId;
      this.queueId = (this.queues.find((card) => card.id === wanted) ?? this.queues[0])?.id ?? null;
      this.guardId ??=
        (this.guards.find((guard) => guard.is_default) ?? this.guards[0])?.id ?? null;
    } catch (error) {
      this.failure = asFailure(error);
      return;
    }
    this.opened = true;
    await this.refresh();
  }

  /** Asks for a preview of the order as it stands. */
  async refresh(): Promise<void> {
    const asked = (this.#asked += 1);
    this.report = null;
    this.failure = null;
    const order = this.#order();
    if (order === null) {
      this.preview = null;
      return;
    }
    this.previewing = true;
    try {
      const preview = await this.backend.previewExport(order);
      if (asked === this.#asked) this.preview = preview;
    } catch (error) {
      if (asked !== this.#asked) return;
      this.preview = null;
      this.failure = asFailure(error);
    } finally {
      if (asked === this.#asked) this.previewing = false;
    }
  }

  /** Asks for a folder and writes the export into it. */
  async export(): Promise<void> {
    const order = this.#order();
    if (order === null || this.exporting) return;
    try {
      const folder = await this.backend.pickFolder();
      if (folder === null) return;
      this.exporting = true;
      this.report = await this.backend.export(order, folder);
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    } finally {
      this.exporting = false;
    }
  }

  #order(): ExportOrder | null {
    if (this.problem !== null || this.queueId === null) return null;
    return {
      queue_id: this.queueId,
      format: this.format,
      guard_id: this.isTraining ? this.guardId : null,
      controversial_as: this.controversialAs,
      validation: this.isTraining ? this.validation : 0,
      seed: this.seed,
    };
  }
}
