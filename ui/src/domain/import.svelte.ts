/**
 * One import, from the files that were chosen to the report of what became of their rows.
 *
 * `ImportController` goes through `choosing`, `previewing`, `importing` and `done`. A file that is dropped anywhere in
 * the window is handed to `offer`. Neighbours: `views/import` renders it, `Pace` gives rate and time left.
 */
import { t } from '$language';
import type {
  Backend,
  Failure,
  FieldMapping,
  FileFilter,
  ImportPreview,
  ImportProgress,
  ImportReport,
  QueueCard,
} from '$lib/backend';
import { asFailure } from '$lib/backend';
import { Pace, type PaceReading } from './pace';

/** Fields of an item that a column can be mapped to, in the order in which they are offered. */
export const FIELDS = [
  'prompt',
  'response',
  'messages',
  'images',
  'language',
  'id',
  'group',
  'source',
] as const;

/** Fields for labels that come with a file. They are gold or prior, never decisions. */
export const LABEL_FIELDS = [
  'labels',
  'labels_role',
  'prompt_label',
  'prompt_categories',
  'response_label',
  'response_categories',
  'response_refusal',
] as const;

export type Field = (typeof FIELDS)[number] | (typeof LABEL_FIELDS)[number];

/** What a field is called, and what belongs into it. */
export function fieldText(field: Field): { label: string; hint: string } {
  return { label: t(`import.field.${field}`), hint: t(`import.field.${field}Hint`) };
}

/** At least one of these must come from a column, or there is nothing to judge. */
const JUDGED_FIELDS = ['prompt', 'messages', 'images'];

/** The policy of a new queue where nothing else is chosen. */
const DEFAULT_POLICY = 'qwen3guard';

export type ImageKeeping = 'copy' | 'link';

/** What becomes of the images that rows name. */
export function imageKeeping(): { value: ImageKeeping; label: string; hint: string }[] {
  return (['copy', 'link'] as const).map((value) => ({
    value,
    label: t(`import.images.${value}`),
    hint: t(`import.images.${value}Hint`),
  }));
}

function fileTypes(): FileFilter[] {
  return [
    { name: t('import.fileTypes'), extensions: ['jsonl', 'ndjson', 'json', 'csv', 'tsv'] },
    { name: t('import.allFiles'), extensions: ['*'] },
  ];
}

export type ImportPhase = 'choosing' | 'previewing' | 'importing' | 'done';

const NO_PACE: PaceReading = { perSecond: null, secondsLeft: null };

export class ImportController {
  phase = $state<ImportPhase>('choosing');
  paths = $state.raw<string[]>([]);
  preview = $state.raw<ImportPreview | null>(null);
  /** True while a preview is being read. */
  reading = $state(false);
  queues = $state.raw<QueueCard[]>([]);
  /** Id of an existing queue, or null for a new one. */
  queueId = $state<string | null>(null);
  newQueueName = $state('');
  /** Names of the policies that a new queue can have; it gets the newest version. */
  policies = $state.raw<readonly string[]>([DEFAULT_POLICY]);
  policy = $state(DEFAULT_POLICY);
  images = $state<ImageKeeping>('copy');
  progress = $state.raw<ImportProgress>({ rows_read: 0, rows_failed: 0, fraction: 0 });
  pace = $state.raw<PaceReading>(NO_PACE);
  stopping = $state(false);
  /** Files hover over the window. */
  hovering = $state(false);
  report = $state.raw<ImportReport | null>(null);
  /** Where the list of errors was saved. */
  savedErrorsTo = $state<string | null>(null);
  failure = $state.raw<Failure | null>(null);

  /** Counts previews, so that the answer to an older question is dropped. */
  #asked = 0;

  constructor(
    private readonly backend: Backend,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Name of the queue that the rows go to. */
  get queueName(): string {
    const existing = this.queues.find((card) => card.id === this.queueId);
    return existing?.name ?? this.newQueueName.trim();
  }

  /** What a new queue's name clashes with: importing would add to that queue. */
  get nameTaken(): boolean {
    return (
      this.queueId === null && this.queues.some((card) => card.name === this.newQueueName.trim())
    );
  }

  /** Why the import cannot start, or null. */
  get problem(): string | null {
    if (this.preview === null) return t('import.problem.file');
    if (!JUDGED_FIELDS.some((field) => this.columnOf(field) !== null))
      return t('import.problem.prompt');
    if (this.queueName === '') return t('import.problem.name');
    if (this.nameTaken) return t('import.problem.taken');
    return null;
  }

  /** The next import goes to this queue, unless one is under way. */
  addTo(queueId: string): void {
    if (this.phase === 'importing') return;
    if (this.phase === 'done') this.reset();
    this.queueId = queueId;
  }

  /** Loads the queues that rows can be added to. */
  async open(): Promise<void> {
    try {
      const [queues, policies] = await Promise.all([
        this.backend.queues(),
        this.backend.policies(),
      ]);
      this.queues = queues;
      this.policies = [...new Set(policies.map(({ name }) => name))];
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Takes files that were dropped or picked, unless an import is running. */
  async offer(paths: string[]): Promise<void> {
    const first = paths[0];
    if (first === undefined || this.phase === 'importing') return;
    this.paths = paths;
    this.report = null;
    this.savedErrorsTo = null;
    await this.#ask(first, null);
    if (this.preview !== null && this.newQueueName === '')
      this.newQueueName = stem(this.preview.file_name);
  }

  async pick(): Promise<void> {
    try {
      const paths = await this.backend.pickFiles(fileTypes());
      await this.offer(paths);
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Reads `field` from `column` from now on, or from none. */
  async remap(field: string, column: string | null): Promise<void> {
    if (this.preview === null) return;
    const others = this.preview.mapping.filter((pair) => pair.field !== field);
    // Without a rule of its own a field would be guessed again: an empty column says that there is none.
    const mapping = [...others, { field, column: column ?? '' }];
    await this.#ask(this.preview.path, mapping);
  }

  columnOf(field: string): string | null {
    return this.preview?.mapping.find((pair) => pair.field === field)?.column || null;
  }

  async start(): Promise<void> {
    if (this.problem !== null || this.preview === null) return;
    this.phase = 'importing';
    this.failure = null;
    this.stopping = false;
    this.progress = { rows_read: 0, rows_failed: 0, fraction: 0 };
    this.pace = NO_PACE;
    const pace = new Pace(this.nowMs);
    const order = {
      paths: this.paths,
      queue: this.queueName,
      policy: this.policy,
      mapping: this.preview.mapping,
      link_images: this.images === 'link',
    };
    try {
      this.report = await this.backend.importFiles(order, (progress) => {
        this.progress = progress;
        this.pace = pace.read(progress.rows_read, progress.fraction);
      });
      this.phase = 'done';
    } catch (error) {
      this.failure = asFailure(error);
      this.phase = 'previewing';
    }
  }

  /** What has been read stays; the report says how much that is. */
  async stop(): Promise<void> {
    this.stopping = true;
    try {
      await this.backend.cancelImport();
    } catch (error) {
      this.failure = asFailure(error);
      this.stopping = false;
    }
  }

  async saveErrors(): Promise<void> {
    if (this.report === null) return;
    try {
      const path = await this.backend.pickSaveFile('import-errors.csv');
      if (path === null) return;
      await this.backend.saveImportErrors(this.report.queue_id, path);
      this.savedErrorsTo = path;
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** Back to the beginning, for another file. */
  reset(): void {
    this.#asked += 1;
    this.phase = 'choosing';
    this.paths = [];
    this.preview = null;
    this.reading = false;
    this.queueId = null;
    this.newQueueName = '';
    this.report = null;
    this.savedErrorsTo = null;
    this.failure = null;
  }

  async #ask(path: string, mapping: FieldMapping[] | null): Promise<void> {
    const asked = (this.#asked += 1);
    this.reading = true;
    this.failure = null;
    try {
      const preview = await this.backend.previewImport(path, mapping);
      if (asked !== this.#asked) return;
      this.preview = preview;
      this.phase = 'previewing';
    } catch (error) {
      if (asked !== this.#asked) return;
      this.failure = asFailure(error);
      if (mapping === null) {
        this.preview = null;
        this.phase = 'choosing';
      }
    } finally {
      if (asked === this.#asked) this.reading = false;
    }
  }
}

const byBackend = new WeakMap<Backend, ImportController>();

/** The import of the window: it goes on while other screens are in view. */
export function importOf(backend: Backend): ImportController {
  const known = byBackend.get(backend) ?? new ImportController(backend);
  byBackend.set(backend, known);
  return known;
}

/** File name without its last extension. */
function stem(fileName: string): string {
  return fileName.replace(/\.[^.]+$/, '');
}
