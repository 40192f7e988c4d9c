/**
 * What the page can ask of the program: one method a command, promises that reject with a `BackendError`.
 *
 * `tauri.ts` is the real one, `fake/` an in-memory one for tests and for development in a browser. Everything else sees
 * this interface only. The types that cross are generated from the program; see `index.ts`.
 */
import { t } from '$language';
import type {
  Alike,
  AssistantView,
  AssistOrder,
  AssistView,
  AuditView,
  BulkPreview,
  BundleMade,
  BundleOpened,
  ComparisonView,
  DeviceView,
  DisagreementView,
  ExportOrder,
  ExportPreview,
  ExportReport,
  Failure as Refusal,
  FieldMapping,
  FigureFormat,
  ForecastView,
  Gesture,
  GuardView,
  HistoryEntry,
  ImportOrder,
  ImportPreview,
  ImportProgress,
  ImportReport,
  InsightQuery,
  InsightView,
  ItemPage,
  ItemView,
  ListQuery,
  MissingTemperature,
  NewDecision,
  Notice,
  PairedTestQuery,
  PairedTestView,
  PlanOrder,
  PolicyChangeView,
  PolicyRow,
  PolicyTerms,
  PolicyView,
  QueueCard,
  QueueChange,
  RunOrder,
  RunView,
  Saved,
  SearchPage,
  SelfTest,
  SettingsView,
  SplitOrder,
  Start,
  StepProgress,
  TeamView,
  Undone,
  WorkMerged,
  WorkReturned,
} from './bindings';
import type { FilterBackend } from './filters';

/** What was refused, with the window's own code where the program gave no answer at all. */
export type Failure = Omit<Refusal, 'code'> & { code: Refusal['code'] | 'no_answer' };

/** A file type that a dialog offers. */
export interface FileFilter {
  name: string;
  /** Without the dot. */
  extensions: string[];
}

export interface Backend {
  start(): Promise<Start>;
  /** Called once; `onNotice` is called for as long as the window lives. */
  watch(onNotice: (notice: Notice) => void): Promise<void>;
  savePreferences(preferences: string): Promise<void>;
  setReviewer(name: string): Promise<void>;

  queues(): Promise<QueueCard[]>;
  queue(queueId: string): Promise<QueueCard>;
  changeQueue(queueId: string, change: QueueChange): Promise<QueueCard>;
  draw(queueId: string, size: number): Promise<QueueCard>;
  setPlan(queueId: string, order: PlanOrder): Promise<QueueCard>;
  openDemo(): Promise<QueueCard>;

  /** Every version of every policy, by name, newest first. */
  policies(): Promise<PolicyRow[]>;
  /** NAME (its newest version), NAME@VERSION or an id. */
  policy(reference: string): Promise<PolicyView>;
  /** Kept as the next version of its name, whichever the terms say. */
  savePolicy(terms: PolicyTerms): Promise<PolicyView>;
  importPolicy(path: string): Promise<PolicyView>;
  exportPolicy(reference: string, path: string): Promise<void>;
  /** What it would mean for a queue to go over to a version. */
  policyChange(queueId: string, reference: string): Promise<PolicyChangeView>;
  usePolicy(queueId: string, reference: string): Promise<QueueCard>;

  previewImport(path: string, mapping: FieldMapping[] | null): Promise<ImportPreview>;
  importFiles(
    order: ImportOrder,
    onProgress: (progress: ImportProgress) => void,
  ): Promise<ImportReport>;
  cancelImport(): Promise<void>;
  saveImportErrors(queueId: string, path: string): Promise<void>;

  listItems(query: ListQuery): Promise<ItemPage>;
  search(queueId: string, text: string, limit: number): Promise<SearchPage>;
  item(itemId: string): Promise<ItemView>;
  nextItem(queueId: string, after: string | null): Promise<ItemView | null>;
  previousItem(queueId: string, before: string): Promise<ItemView | null>;
  readonly filters: FilterBackend;

  decide(decision: NewDecision): Promise<Saved>;
  gesture(gesture: Gesture): Promise<Saved>;
  undo(queueId: string): Promise<Undone>;
  /** What is nearly the same as an item. */
  alike(itemId: string): Promise<Alike>;
  /**
   * The decision for its item and for others, as one act that one undo takes back. `lookedAt`: its item was on screen. What nobody
   * looked at is left as it is if something was done with it, or if somebody is to look at it.
   */
  decideAll(decision: NewDecision, others: string[], lookedAt: boolean): Promise<Saved>;
  /** What one label for many items would do: nothing is saved. */
  previewBulk(task: string, itemIds: string[]): Promise<BulkPreview>;
  /** `language` is a BCP 47 tag; "und" if it cannot be told. */
  correctLanguage(itemId: string, language: string): Promise<ItemView>;
  history(itemId: string): Promise<HistoryEntry[]>;

  /** What reviewers decided differently, by item; the first of it. */
  disagreements(queueId: string, limit: number): Promise<DisagreementView[]>;
  adjudicate(decision: NewDecision): Promise<Saved>;

  team(queueId: string): Promise<TeamView>;
  splitQueue(order: SplitOrder): Promise<BundleMade[]>;
  openBundle(path: string): Promise<BundleOpened>;
  /** What the reviewer at the window did with a queue that was opened from a bundle. */
  giveBack(queueId: string, path: string): Promise<WorkReturned>;
  /** All files or none. */
  mergeReturns(paths: string[]): Promise<WorkMerged[]>;

  /** The chat model that helps the reviewer; null: none was added. */
  assistant(): Promise<AssistantView | null>;
  /** `onLoading` hears how far the assistant is loaded, in bytes, `onText` the answer in pieces. */
  assist(
    order: AssistOrder,
    onLoading: (progress: StepProgress) => void,
    onText: (text: string) => void,
  ): Promise<AssistView>;
  cancelAssist(): Promise<void>;

  /** What can be said of a run before it starts. */
  forecastRun(order: RunOrder): Promise<ForecastView>;
  /** Loads the guard of an order, measures it for some seconds, and remembers that. */
  measureRun(order: RunOrder): Promise<ForecastView>;
  startRun(order: RunOrder): Promise<RunView>;
  pauseRun(runId: string): Promise<void>;
  resumeRun(runId: string): Promise<void>;
  cancelRun(runId: string): Promise<void>;
  runs(): Promise<RunView[]>;

  guards(): Promise<GuardView[]>;
  devices(): Promise<DeviceView[]>;
  addGuard(
    path: string,
    family: string | null,
    onProgress: (progress: StepProgress) => void,
  ): Promise<GuardView>;
  removeGuard(guardId: string): Promise<void>;
  setDefaultGuard(guardId: string): Promise<void>;
  checkGuard(guardId: string, onLoading: (progress: StepProgress) => void): Promise<SelfTest>;

  previewExport(order: ExportOrder): Promise<ExportPreview>;
  export(order: ExportOrder, folder: string): Promise<ExportReport>;

  /** How good a guard is on a queue, and how sure that is. Takes seconds where there are many judgements. */
  insight(query: InsightQuery): Promise<InsightView>;
  /** Fits a temperature for each task; gives those that it cannot be fitted for. */
  calibrate(queueId: string, guardId: string | null): Promise<MissingTemperature[]>;
  /** Two guards on the same items. */
  compare(queueId: string, guardA: string, guardB: string): Promise<ComparisonView>;
  /** Which one is right more often, on every task and yardstick. */
  pairedTests(query: PairedTestQuery): Promise<PairedTestView[]>;
  /** Writes a chart or its numbers to the file that was chosen. */
  saveFigure(path: string, format: FigureFormat, bytes: Uint8Array): Promise<void>;
  verifyAudit(): Promise<AuditView>;
  settings(): Promise<SettingsView>;
  saveSettings(settings: SettingsView): Promise<SettingsView>;

  /** Dialogs of the system. An empty list or null: nothing was chosen. */
  pickFiles(filters?: FileFilter[]): Promise<string[]>;
  pickFolder(): Promise<string | null>;
  pickSaveFile(suggestedName: string): Promise<string | null>;
  /** Files dropped on the window. Returns how to stop listening. */
  onFilesDropped(handler: (paths: string[]) => void, onHover?: (over: boolean) => void): () => void;
  /** Address of an image, or of a small copy of it, for `<img src>`. */
  mediaUrl(itemId: string, sha256: string, small: boolean): string;
}

/** The program said no, and how. */
export class BackendError extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
    this.name = 'BackendError';
  }
}

/** Whatever was thrown, as something that can be shown. */
export function asFailure(error: unknown): Failure {
  if (error instanceof BackendError) return error.failure;
  return {
    code: 'no_answer',
    message: t('failure.no_answer'),
    advice: t('failure.no_answer.advice'),
    details: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
  };
}
