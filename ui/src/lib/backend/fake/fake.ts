/**
 * An in-memory `Backend` for tests and for development in a browser.
 *
 * It keeps what the program promises as far as the window can tell (see `model.ts` and `review.ts`); `failNext` and
 * `delayMs` make it as unkind as the real one can be.
 */
import type {
  AssistantView,
  ExportOrder,
  Failure,
  GuardView,
  ImportOrder,
  ListQuery,
  Notice,
  PolicyTerms,
  QueueCard,
  QueueChange,
  RunOrder,
  RunView,
  SettingsView,
  StepProgress,
} from '../bindings';
import { BackendError, type Backend } from '../backend';
import {
  ASSISTED,
  DEMO,
  DEMO_GUARD,
  DEVICES,
  forecastOf,
  PREVIEW,
  QWEN_GUARD,
  SELF_TEST,
} from './fixtures';
import { FakeInsight } from './insight';
import {
  alikeOf,
  cardOf,
  isOpen,
  makeQueue,
  rowOf,
  runOf,
  SEA_GUARD,
  stateOf,
  viewOf,
  visible,
  type FakeItem,
  type FakeQueue,
  type QueuePlan,
} from './model';
import { FakeFilters } from './filters';
import { FakePolicies, schemeFrom } from './policies';
import { CHAT, POSTER, STICKER } from './pictures';
import { PLANS } from './plans';
import { failureOf, FakeReview } from './review';
import { teamBackend } from './team';

/** What the fake loads, whatever it is. */
const LOADED_BYTES = 8_000_000_000;

export interface FakeOptions {
  plans?: QueuePlan[];
  reviewer?: string | null;
  preferences?: string;
  firstStart?: boolean;
  delayMs?: number;
  now?: () => string;
}

type Call = { method: keyof Backend; args: unknown[] };

export class FakeBackend extends FakeInsight implements Backend {
  readonly calls: Call[] = [];
  readonly fakeQueues: FakeQueue[];
  reviewer: string | null;
  preferences: string;
  delayMs: number;
  guardList: GuardView[] = [DEMO_GUARD, QWEN_GUARD];
  runList: RunView[] = [];
  assistantView: AssistantView | null = null;
  /** What the assistant writes to any question, in pieces. */
  writes: readonly string[] = ASSISTED;
  /** Between two pieces of what the assistant writes. */
  writeMs = 0;
  /** Of every step in which a guard or the assistant is loaded. */
  loadMs = 0;
  readonly #firstStart: boolean;
  readonly policyList = new FakePolicies();
  readonly filters = new FakeFilters(
    (args, make) => this.#answer('filters', args, make),
    (queueId) => this.#queue(queueId),
  );
  readonly #review: FakeReview;
  readonly #failures = new Map<keyof Backend, BackendError[]>();
  readonly #dropHandlers = new Set<(paths: string[]) => void>();
  #settings: SettingsView = {
    mode: 'strict',
    sensitive_prompt: 'unsafe',
    sensitive_response: 'safe',
  };
  #notify: (notice: Notice) => void = () => {};
  #assistStopped = false;

  constructor(options: FakeOptions = {}) {
    super((method, args, make) => this.#answer(method, args, make));
    this.fakeQueues = (options.plans ?? PLANS).map((plan) => makeQueue(plan, () => this.reviewer));
    for (const { policy } of this.fakeQueues) this.policyList.keep(policy.terms);
    this.reviewer = options.reviewer === undefined ? 'reviewer-1' : options.reviewer;
    this.preferences = options.preferences ?? '';
    this.delayMs = options.delayMs ?? 0;
    this.#firstStart = options.firstStart ?? false;
    const now = options.now ?? (() => new Date().toISOString());
    this.#review = new FakeReview(now, () => this.reviewer);
  }

  /** The next call of `method` is refused. */
  failNext(method: keyof Backend, failure: Partial<Failure> = {}): void {
    const error = new BackendError({
      code: 'disk_full',
      message: 'The disk is full',
      advice: 'Make room, then try again',
      details: 'fake: SQLITE_FULL',
      ...failure,
    });
    this.#failures.set(method, [...(this.#failures.get(method) ?? []), error]);
  }

  /** What the program would say without being asked. */
  notify(notice: Notice): void {
    this.#notify(notice);
  }

  /** As if files were dropped on the window. */
  drop(paths: string[]): void {
    for (const handler of this.#dropHandlers) handler(paths);
  }

  async #load(onLoading: (progress: StepProgress) => void): Promise<void> {
    for (const share of [0.1, 0.35, 0.6, 0.85, 1]) {
      onLoading({ done: share * LOADED_BYTES, total: LOADED_BYTES });
      if (this.loadMs > 0) await new Promise((resolve) => setTimeout(resolve, this.loadMs));
    }
  }

  async #answer<T>(method: keyof Backend, args: unknown[], make: () => T): Promise<T> {
    this.calls.push({ method, args });
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const failure = this.#failures.get(method)?.shift();
    if (failure !== undefined) throw failure;
    // what crosses is a copy, as it is in the program
    return structuredClone(make());
  }

  #queue(queueId: string): FakeQueue {
    const found = this.fakeQueues.find(({ id }) => id === queueId);
    if (found === undefined)
      throw failureOf('not_found', 'The queue is gone', 'Choose another one');
    return found;
  }

  #item(itemId: string): [FakeQueue, FakeItem] {
    for (const queue of this.fakeQueues) {
      const found = visible(queue).find(({ id }) => id === itemId);
      if (found !== undefined) return [queue, found];
    }
    throw failureOf('not_found', 'The item is gone', 'Go to the next one');
  }

  start = () =>
    this.#answer('start', [], () => ({
      version: '0.1.0',
      workspace: '/home/reviewer/saring',
      first_start: this.#firstStart,
      reviewer: this.reviewer,
      preferences: this.preferences,
      demo: DEMO,
    }));
  watch = (onNotice: (notice: Notice) => void) =>
    this.#answer('watch', [], () => {
      this.#notify = onNotice;
    });
  savePreferences = (preferences: string) =>
    this.#answer('savePreferences', [preferences], () => {
      this.preferences = preferences;
    });
  setReviewer = (name: string) =>
    this.#answer('setReviewer', [name], () => {
      this.reviewer = name;
    });

  queues = () => this.#answer('queues', [], () => this.fakeQueues.map(cardOf));
  queue = (queueId: string) => this.#answer('queue', [queueId], () => cardOf(this.#queue(queueId)));
  changeQueue = (queueId: string, change: QueueChange) =>
    this.#answer('changeQueue', [queueId, change], () => {
      const queue = this.#queue(queueId);
      queue.order = change.order ?? queue.order;
      queue.mode = change.mode ?? queue.mode;
      return cardOf(queue);
    });
  draw = (queueId: string, size: number) =>
    this.#answer('draw', [queueId, size], () => {
      const queue = this.#queue(queueId);
      queue.draw = { id: `draw-${size}`, size };
      queue.order = 'draw';
      return cardOf(queue);
    });
  openDemo = (): Promise<QueueCard> =>
    this.#answer('openDemo', [], () =>
      cardOf(this.fakeQueues.find(({ id }) => id === 'demo') ?? this.#made('demo')),
    );

  #made(name: string): FakeQueue {
    const plan = { id: name, name, scheme: SEA_GUARD, size: 15, labelled: false };
    const queue = makeQueue({ ...plan, mode: 'suggestion' }, () => this.reviewer);
    this.fakeQueues.push(queue);
    return queue;
  }

  policies = () =>
    this.#answer('policies', [], () =>
      this.policyList.rows(
        this.fakeQueues.map(({ name, policy }) => ({ name, policyId: policy.id })),
      ),
    );
  policy = (reference: string) =>
    this.#answer('policy', [reference], () => this.policyList.find(reference));
  savePolicy = (terms: PolicyTerms) =>
    this.#answer('savePolicy', [terms], () => this.policyList.save(terms));
  importPolicy = (path: string) =>
    this.#answer('importPolicy', [path], () => {
      const [first] = this.policyList.versions;
      return this.policyList.save({
        ...this.policyList.find(first?.id ?? '').terms,
        name: 'imported',
      });
    });
  exportPolicy = (reference: string, path: string) =>
    this.#answer('exportPolicy', [reference, path], () => {});
  policyChange = (queueId: string, reference: string) =>
    this.#answer('policyChange', [queueId, reference], () =>
      this.policyList.change(this.#queue(queueId).policy, this.policyList.find(reference)),
    );
  usePolicy = (queueId: string, reference: string) =>
    this.#answer('usePolicy', [queueId, reference], () => {
      const queue = this.#queue(queueId);
      queue.policy = this.policyList.find(reference);
      queue.scheme = schemeFrom(queue.policy.terms);
      return cardOf(queue);
    });

  previewImport = (path: string, mapping: { field: string; column: string }[] | null) =>
    this.#answer('previewImport', [path, mapping], () => ({
      ...PREVIEW,
      path,
      file_name: path.split('/').at(-1) ?? path,
      mapping: mapping ?? PREVIEW.mapping,
    }));
  importFiles: Backend['importFiles'] = (order: ImportOrder, onProgress) =>
    this.#answer('importFiles', [order], () => {
      onProgress({ rows_read: 15, rows_failed: 1, fraction: 1 });
      const queue =
        this.fakeQueues.find(({ name }) => name === order.queue) ?? this.#made(order.queue);
      return {
        queue_id: queue.id,
        rows_read: 16,
        added: 15,
        known: 0,
        duplicates: 0,
        alike: 0,
        detected: 0,
        zawgyi: 0,
        failed: 1,
        errors: [{ file: order.paths[0] ?? '', line: 3, reason: 'The prompt is missing' }],
        warnings: [],
        cancelled: false,
      };
    });
  cancelImport = () => this.#answer('cancelImport', [], () => {});
  saveImportErrors = (queueId: string, path: string) =>
    this.#answer('saveImportErrors', [queueId, path], () => {});

  listItems = (query: ListQuery) =>
    this.#answer('listItems', [query], () => {
      const { tab, cursor, limit } = query;
      const all = visible(this.#queue(query.queue_id)).filter((item) =>
        tab === 'all' ? true : tab === 'flagged' ? item.flagged : stateOf(item) === tab,
      );
      const from = cursor === null ? all : all.filter((item) => item.seq > Number(cursor));
      const rows = from.slice(0, limit).map(rowOf);
      const last = rows.at(-1);
      return { rows, cursor: from.length > limit && last ? String(last.seq) : null };
    });
  search = (queueId: string, text: string, limit: number) =>
    this.#answer('search', [queueId, text, limit], () => {
      const wanted = text.toLowerCase();
      const found = visible(this.#queue(queueId)).filter((item) =>
        item.turns.some((turn) => turn.content.toLowerCase().includes(wanted)),
      );
      return { rows: found.slice(0, limit).map(rowOf), capped: found.length > limit };
    });
  item = (itemId: string) =>
    this.#answer('item', [itemId], () => {
      const [queue, item] = this.#item(itemId);
      return viewOf(item, queue);
    });
  nextItem = (queueId: string, after: string | null) =>
    this.#answer('nextItem', [queueId, after], () => {
      const queue = this.#queue(queueId);
      const seq = queue.items.find(({ id }) => id === after)?.seq ?? 0;
      const pending = visible(queue).filter((item) => isOpen(item, queue));
      const next = pending.find((item) => item.seq > seq) ?? pending[0] ?? null;
      return next === null ? null : viewOf(next, queue);
    });
  previousItem = (queueId: string, before: string) =>
    this.#answer('previousItem', [queueId, before], () => {
      const queue = this.#queue(queueId);
      const seq = queue.items.find(({ id }) => id === before)?.seq ?? 0;
      const found = visible(queue).findLast((item) => item.seq < seq);
      return found === undefined ? null : viewOf(found, queue);
    });

  decide: Backend['decide'] = (decision) =>
    this.#answer('decide', [decision], () => {
      const [queue, item] = this.#item(decision.item_id);
      return this.#review.decide(queue, item, decision);
    });
  gesture: Backend['gesture'] = (gesture) =>
    this.#answer('gesture', [gesture], () => {
      const [queue, item] = this.#item(gesture.item_id);
      return this.#review.gesture(queue, item, gesture);
    });
  correctLanguage = (itemId: string, language: string) =>
    this.#answer('correctLanguage', [itemId, language], () => {
      const [queue, item] = this.#item(itemId);
      item.language = language === 'und' ? null : language;
      item.languageFrom = 'corrected';
      return viewOf(item, queue);
    });
  alike = (itemId: string) =>
    this.#answer('alike', [itemId], () => {
      const [queue, item] = this.#item(itemId);
      return alikeOf(item, queue);
    });
  decideAll: Backend['decideAll'] = (decision, others, lookedAt) =>
    this.#answer('decideAll', [decision, others, lookedAt], () => {
      const [queue, item] = this.#item(decision.item_id);
      const items = [item, ...others.map((id) => this.#item(id)[1])];
      return this.#review.decideAll(queue, items, decision, lookedAt);
    });
  readonly #team = teamBackend({
    answer: (method, args, make) => this.#answer(method, args, make),
    queue: (queueId) => this.#queue(queueId),
    item: (itemId) => this.#item(itemId),
    review: () => this.#review,
  });
  previewBulk = this.#team.previewBulk;
  setPlan = this.#team.setPlan;
  disagreements = this.#team.disagreements;
  adjudicate = this.#team.adjudicate;
  team = this.#team.team;
  splitQueue = this.#team.splitQueue;
  openBundle = this.#team.openBundle;
  giveBack = this.#team.giveBack;
  mergeReturns = this.#team.mergeReturns;
  undo = (queueId: string) =>
    this.#answer('undo', [queueId], () => {
      this.#queue(queueId);
      return this.#review.undo();
    });
  history = (itemId: string) =>
    this.#answer('history', [itemId], () => this.#item(itemId)[1].history);

  assistant = () => this.#answer('assistant', [], () => this.assistantView);
  assist: Backend['assist'] = async (order, onLoading, onText) => {
    this.#assistStopped = false;
    await this.#answer('assist', [order], () => this.#item(order.item_id)[0].id);
    await this.#load(onLoading);
    const written = { text: '', guard: this.assistantView?.name ?? '', generated: true };
    for (const piece of this.writes) {
      await new Promise((resolve) => setTimeout(resolve, this.writeMs));
      if (this.#assistStopped) return { ...written, ended: 'cancelled', warning: null };
      written.text += piece;
      onText(piece);
    }
    return { ...written, ended: 'finished', warning: null };
  };
  cancelAssist = () =>
    this.#answer('cancelAssist', [], () => {
      this.#assistStopped = true;
    });

  forecastRun = (order: RunOrder) =>
    this.#answer('forecastRun', [order], () => forecastOf(order.guard_id));
  measureRun = (order: RunOrder) =>
    this.#answer('measureRun', [order], () => forecastOf(DEMO_GUARD.id));
  startRun = (order: RunOrder) =>
    this.#answer('startRun', [order], () => {
      const queue = this.#queue(order.queue_id);
      const guard = this.guardList.find(({ id }) => id === order.guard_id) ?? DEMO_GUARD;
      const run = runOf(`run-${this.runList.length + 1}`, queue, guard);
      this.runList = [run, ...this.runList];
      return run;
    });
  pauseRun = (runId: string) =>
    this.#answer('pauseRun', [runId], () => this.#setRun(runId, 'paused'));
  resumeRun = (runId: string) =>
    this.#answer('resumeRun', [runId], () => this.#setRun(runId, 'running'));
  cancelRun = (runId: string) =>
    this.#answer('cancelRun', [runId], () => this.#setRun(runId, 'cancelled'));
  runs = () => this.#answer('runs', [], () => this.runList);

  #setRun(runId: string, state: string): void {
    this.runList = this.runList.map((run) => (run.id === runId ? { ...run, state } : run));
  }

  guards = () => this.#answer('guards', [], () => this.guardList);
  devices = () => this.#answer('devices', [], () => DEVICES);
  addGuard: Backend['addGuard'] = (path, family, onProgress) =>
    this.#answer('addGuard', [path, family], () => {
      onProgress({ done: 1, total: 1 });
      const name = path.split('/').at(-1) ?? path;
      const guard = { ...QWEN_GUARD, id: `g-${name}`, name, path };
      this.guardList = [...this.guardList, guard];
      return guard;
    });
  removeGuard = (guardId: string) =>
    this.#answer('removeGuard', [guardId], () => {
      this.guardList = this.guardList.filter(({ id }) => id !== guardId);
    });
  setDefaultGuard = (guardId: string) =>
    this.#answer('setDefaultGuard', [guardId], () => {
      this.guardList = this.guardList.map((guard) => ({
        ...guard,
        is_default: guard.id === guardId,
      }));
    });
  checkGuard: Backend['checkGuard'] = async (guardId, onLoading) => {
    await this.#load(onLoading);
    return this.#answer('checkGuard', [guardId], () => SELF_TEST);
  };

  previewExport = (order: ExportOrder) =>
    this.#answer('previewExport', [order], () => ({
      rows: 3,
      train: 2,
      validation: 1,
      sample: ['{"instruction": "…", "output": "safe"}'],
      left_out: [{ reason: 'not decided', n: 12 }],
      card: '# forum-november\n\n3 rows',
    }));
  export = (order: ExportOrder, folder: string) =>
    this.#answer('export', [order, folder], () => ({
      folder,
      files: ['train.jsonl', 'validation.jsonl', 'README.md'],
      rows: 3,
      left_out: [{ reason: 'not decided', n: 12 }],
      chain_head: 'c0'.repeat(32),
    }));
  verifyAudit = () =>
    this.#answer('verifyAudit', [], () => ({
      events: 42,
      head: 'c0'.repeat(32),
      problems: [] as string[],
    }));
  settings = () => this.#answer('settings', [], () => this.#settings);
  saveSettings = (settings: SettingsView) =>
    this.#answer('saveSettings', [settings], () => {
      this.#settings = settings;
      return settings;
    });

  pickFiles = () => this.#answer('pickFiles', [], () => ['/data/forum.jsonl']);
  pickFolder = () =>
    this.#answer('pickFolder', [], (): string | null => '/models/Qwen3Guard-Gen-8B');
  pickSaveFile = (suggestedName: string) =>
    this.#answer('pickSaveFile', [suggestedName], (): string | null => `/data/${suggestedName}`);
  onFilesDropped(handler: (paths: string[]) => void): () => void {
    this.#dropHandlers.add(handler);
    return () => this.#dropHandlers.delete(handler);
  }
  mediaUrl(_itemId: string, sha256: string, small: boolean): string {
    const picture =
      { a: POSTER, b: CHAT, c: STICKER }[sha256.charAt(0)] ?? 'data:image/png;base64,';
    return `${picture}#${small ? 'small' : 'full'}`;
  }
}
