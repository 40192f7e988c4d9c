/**
 * How the fake thinks of queues and items, and the views that it makes of them.
 *
 * Mirrors what the program promises: a hidden verdict is not in the view at all, decisions are appended, a quarantined
 * item is nowhere.
 */
import type {
  Alike,
  DecisionView,
  GoldView,
  HistoryEntry,
  ImageView,
  ItemRow,
  ItemView,
  PlanView,
  PolicyView,
  QueueCard,
  QueueOrder,
  GuardView,
  ReviewMode,
  RunView,
  Scheme,
  StateCounts,
  TaskView,
  Turn,
  VerdictSlot,
  VerdictView,
} from '../bindings';
import { DEVICES } from './fixtures';
import { termsFrom } from './policies';
import { makeRisk } from './risk';
import { SAMPLES, type Sample } from './samples';

export interface FakeTask {
  task: 'prompt' | 'response';
  state: string;
  verdict: VerdictView | { failed: string } | null;
  decisions: DecisionView[];
  /** What settled a disagreement. */
  settled?: DecisionView;
  /** The label that came with it. */
  gold?: GoldView;
}

export interface FakeItem {
  id: string;
  queueId: string;
  seq: number;
  language: string | null;
  languageFrom?: string;
  turns: Turn[];
  images: ImageView[];
  source: string | null;
  tasks: FakeTask[];
  flagged: boolean;
  quarantined: boolean;
  history: HistoryEntry[];
}

export interface FakeQueue {
  id: string;
  name: string;
  scheme: Scheme;
  policy: PolicyView;
  order: QueueOrder;
  mode: ReviewMode;
  draw: { id: string; size: number } | null;
  plan: Omit<PlanView, 'awaiting_adjudication' | 'disputed'>;
  items: FakeItem[];
  /** Who looks at it: what reviewers decide apart is shown as they left it themselves. */
  viewer: () => string | null;
  /** Items in bundles, by reviewer. */
  bundles: Record<string, number>;
  /** It was opened from a bundle: nobody has a name here. */
  fromBundle: boolean;
}

const CATEGORIES = [
  'Violent',
  'Non-violent Illegal Acts',
  'Sexual Content or Sexual Acts',
  'PII',
  'Suicide & Self-Harm',
  'Unethical Acts',
  'Politically Sensitive Topics',
  'Copyright Violation',
];

export const QWEN3GUARD: Scheme = {
  name: 'qwen3guard',
  labels: ['safe', 'controversial', 'unsafe'],
  prompt: { categories: [...CATEGORIES, 'Jailbreak'], refusal: false },
  response: { categories: CATEGORIES, refusal: true },
};

export const SEA_GUARD: Scheme = {
  name: 'sea-guard',
  labels: ['safe', 'unsafe'],
  prompt: { categories: [], refusal: false },
  response: { categories: [], refusal: false },
};

export interface QueuePlan {
  id: string;
  name: string;
  scheme: Scheme;
  mode: ReviewMode;
  size: number;
  /** Without a guard's run: every verdict is absent. */
  labelled: boolean;
  /** What its items are made of, again and again. Left out: a bit of everything. */
  samples?: Sample[];
}

export function makeQueue(plan: QueuePlan, viewer: () => string | null = () => null): FakeQueue {
  const items = Array.from({ length: plan.size }, (_, index) => {
    const samples = plan.samples ?? SAMPLES;
    const sample = samples[index % samples.length] as Sample;
    return makeItem(plan, sample, index + 1);
  });
  return {
    id: plan.id,
    name: plan.name,
    scheme: plan.scheme,
    policy: { id: `${plan.scheme.name}@1`, terms: termsFrom(plan.scheme) },
    order: 'imported',
    mode: plan.mode,
    draw: null,
    plan: { second: 0, gold: 0, blind: 0, feedback: 'immediate', own_adjudication: false },
    items,
    viewer,
    bundles: {},
    fromBundle: false,
  };
}

function makeItem(plan: QueuePlan, sample: Sample, seq: number): FakeItem {
  const id = `${plan.id}-${seq}`;
  const tasks: FakeTask[] = [{ task: 'prompt', state: 'pending', verdict: null, decisions: [] }];
  if (sample.responseP)
    tasks.push({ task: 'response', state: 'pending', verdict: null, decisions: [] });
  if (plan.labelled) {
    for (const task of tasks)
      task.verdict = sample.failed
        ? { failed: sample.failed }
        : makeVerdict(plan.scheme, sample, task.task, id);
  }
  return {
    id,
    queueId: plan.id,
    seq,
    language: sample.language,
    turns: sample.turns,
    images: sample.images ?? [],
    source: JSON.stringify({ board: 'forum', posted: '2025-11-03', thread: seq }),
    tasks,
    flagged: false,
    quarantined: false,
    history: plan.labelled
      ? [
          {
            at: '2026-01-20T09:12:00Z',
            by: guardName(plan.scheme),
            task: 'prompt',
            what: 'verdict',
            reason: null,
            note: null,
            policy: null,
            anchored: false,
            undone: false,
          },
        ]
      : [],
  };
}

export function guardName(scheme: Scheme): string {
  return scheme.name === 'sea-guard' ? 'Saring demo guard' : 'Qwen3Guard-Gen-4B';
}

function makeVerdict(
  scheme: Scheme,
  sample: Sample,
  task: 'prompt' | 'response',
  itemId: string,
): VerdictView {
  const [safe, mid, unsafe] = task === 'response' && sample.responseP ? sample.responseP : sample.p;
  const toy = scheme.name === 'sea-guard';
  const probabilities = toy
    ? [
        { label: 'safe', p: safe + mid / 2 },
        { label: 'unsafe', p: unsafe + mid / 2 },
      ]
    : [
        { label: 'Safe', p: safe },
        { label: 'Controversial', p: mid },
        { label: 'Unsafe', p: unsafe },
      ];
  const best = probabilities.reduce((a, b) => (b.p > a.p ? b : a));
  const label = best.label;
  const flagged = label.toLowerCase() !== 'safe';
  const offFormat = sample.language === null;
  return {
    id: `v-${itemId}-${task}`,
    guard: guardName(scheme),
    is_toy: toy,
    label,
    suggestion: label.toLowerCase(),
    suggested_categories: flagged && !toy && task === 'prompt' ? (sample.categories ?? []) : [],
    p_unsafe: toy ? unsafe + mid / 2 : mid + unsafe,
    probabilities,
    label_mass: offFormat ? 0.031 : 0.99812,
    off_format: offFormat,
    categories: flagged && !toy && task === 'prompt' ? (sample.categories ?? []) : [],
    has_categories: !toy,
    refusal: task === 'response' && !toy ? (sample.refusal ?? null) : null,
    truncated: sample.turns.some((turn) => turn.content.length > 1000),
    notes: sample.notes ?? [],
    pixels_max: sample.pixelsMax ?? null,
    risk:
      task === 'response' && sample.flaggedFrom !== undefined
        ? makeRisk(sample.turns.at(-1)?.content ?? '', sample.flaggedFrom)
        : null,
    made_at: '2026-01-20T09:12:00Z',
    provenance: [
      { name: 'Guard', value: guardName(scheme) },
      { name: 'Weights', value: `sha256 ${'4f1c09d2'.repeat(8)}` },
      { name: 'Template', value: `sha256 ${'9be07a31'.repeat(8)}` },
      { name: 'Precision', value: sample.precision ?? 'bf16' },
      { name: 'Device', value: 'CPU' },
      { name: 'Mode', value: 'strict' },
      { name: 'Program', value: '0.1.0' },
    ],
  };
}

/** What settled it, or the last decision. */
export function current(task: FakeTask): DecisionView | null {
  return task.settled ?? task.decisions.at(-1) ?? null;
}

/** The last decision of each reviewer, oldest first. */
export function voicesOf(task: FakeTask): DecisionView[] {
  return task.decisions.filter(
    ({ reviewer }, index) =>
      !task.decisions.slice(index + 1).some((later) => later.reviewer === reviewer),
  );
}

function saysTheSame(one: DecisionView, other: DecisionView): boolean {
  const categories = (view: DecisionView) => [...view.categories].sort().join();
  return (
    one.label === other.label &&
    one.refusal === other.refusal &&
    categories(one) === categories(other)
  );
}

function isSecond(item: FakeItem, queue: FakeQueue): boolean {
  const share = queue.plan.second;
  return share > 0 && item.seq % Math.round(100 / share) === 0;
}

/** What a decision that nobody looks for makes of a task: left as it is where it was touched, or gets a look of its own. */
export function fateOf(
  task: FakeTask,
  item: FakeItem,
  queue: FakeQueue,
): 'free' | 'touched' | 'apart' {
  const isGold = task.gold !== undefined && queue.plan.gold > 0;
  if (isSecond(item, queue) || isGold || queue.draw !== null) return 'apart';
  return task.state === 'pending' ? 'free' : 'touched';
}

/** What a task waits for that somebody decided already. */
export function awaitingOf(
  task: FakeTask,
  item: FakeItem,
  queue: FakeQueue,
): 'second' | 'adjudication' | null {
  const voices = voicesOf(task);
  const [first] = voices;
  if (!isSecond(item, queue) || first === undefined || task.settled !== undefined) return null;
  if (voices.some((voice) => !saysTheSame(first, voice))) return 'adjudication';
  return voices.length < 2 ? 'second' : null;
}

export function stateOf(item: FakeItem): string {
  const states = item.tasks.map((task) => task.state);
  if (states.includes('pending')) return 'pending';
  return states.find((state) => state !== 'decided') ?? 'decided';
}

export function visible(queue: FakeQueue): FakeItem[] {
  return queue.items.filter((item) => !item.quarantined);
}

/** Whether there is something to decide about it for whoever looks. */
export function isOpen(item: FakeItem, queue: FakeQueue): boolean {
  if (stateOf(item) !== 'pending' || queue.plan.second === 0) return stateOf(item) === 'pending';
  return item.tasks.some(
    (task) =>
      task.state === 'pending' &&
      awaitingOf(task, item, queue) !== 'adjudication' &&
      !voicesOf(task).some(({ reviewer }) => reviewer === queue.viewer()),
  );
}

export function countsOf(queue: FakeQueue): StateCounts {
  const items = visible(queue);
  const having = (state: string) => items.filter((item) => stateOf(item) === state).length;
  return {
    total: items.length,
    pending: having('pending'),
    decided: having('decided'),
    skipped: having('skipped'),
    escalated: having('escalated'),
    flagged: items.filter((item) => item.flagged).length,
    quarantined: queue.items.length - items.length,
  };
}

export function cardOf(queue: FakeQueue): QueueCard {
  const items = visible(queue);
  const languages: Record<string, number> = {};
  for (const item of items) {
    const language = item.language ?? 'und';
    languages[language] = (languages[language] ?? 0) + 1;
  }
  const labelled = items.filter((item) => item.tasks.every((task) => task.verdict !== null)).length;
  const drawn = queue.draw;
  const settling = items.map((item) => ({
    item,
    tasks: item.tasks.filter((task) => awaitingOf(task, item, queue) === 'adjudication'),
  }));
  return {
    id: queue.id,
    name: queue.name,
    scheme: queue.scheme,
    policy: queue.policy,
    order: queue.order,
    mode: queue.mode,
    counts: countsOf(queue),
    languages: Object.entries(languages).map(([language, n]) => ({ language, items: n })),
    labelled,
    unlabelled: items.length - labelled,
    draw: drawn === null ? null : { ...drawn, pending: drawn.size },
    plan: {
      ...queue.plan,
      awaiting_adjudication: settling.flatMap(({ tasks }) => tasks).length,
      disputed: settling.filter(({ item, tasks }) => tasks.length === item.tasks.length).length,
    },
    created_at: '2026-01-19T16:40:00Z',
  };
}

export function viewOf(item: FakeItem, queue: FakeQueue): ItemView {
  return {
    id: item.id,
    queue_id: item.queueId,
    seq: item.seq,
    external_id: `post-${48_000 + item.seq}`,
    language: item.language,
    language_from: item.languageFrom ?? (item.language === null ? null : 'file'),
    in_unicode: null,
    turns: item.turns,
    images: item.images,
    source: item.source,
    tasks: item.tasks.map((task) => taskView(task, item, queue)),
    flagged: item.flagged,
    duplicates: item.seq % 7 === 0 ? 2 : 0,
    draw_id: queue.draw?.id ?? null,
  };
}

/** What the fake calls alike: the pending neighbours of every seventh item. */
export function alikeOf(item: FakeItem, queue: FakeQueue): Alike {
  const near = item.seq % 7 === 0 ? queue.items : [];
  const others = near.filter(
    ({ id, seq, quarantined }) => id !== item.id && !quarantined && Math.abs(seq - item.seq) < 3,
  );
  return {
    items: others.map((other) => ({
      item_id: other.id,
      seq: other.seq,
      language: other.language,
      excerpt: other.turns[0]?.content ?? '',
      text_distance: Math.abs(other.seq - item.seq) / 10,
      picture_distance: null,
      tasks: other.tasks.map((task) => ({
        task: task.task,
        state: task.state,
        label: task.decisions.at(-1)?.label ?? null,
      })),
    })),
    more: false,
  };
}

function taskView(task: FakeTask, item: FakeItem, queue: FakeQueue): TaskView {
  const own = voicesOf(task).find(({ reviewer }) => reviewer === queue.viewer()) ?? null;
  const apart = awaitingOf(task, item, queue) !== null;
  const decision = apart ? own : current(task);
  const { gold, feedback } = queue.plan;
  return {
    task: task.task,
    state: apart && own !== null ? 'decided' : task.state,
    verdict: slotOf(task, queue, decision),
    decision,
    gold: gold > 0 && feedback === 'immediate' && decision !== null ? (task.gold ?? null) : null,
  };
}

function slotOf(task: FakeTask, queue: FakeQueue, decision: DecisionView | null): VerdictSlot {
  if (queue.mode === 'blind' && decision === null) return { kind: 'hidden' };
  if (task.verdict === null) return { kind: 'absent' };
  if ('failed' in task.verdict) return { kind: 'failed', reason: task.verdict.failed };
  return { kind: 'shown', verdict: task.verdict };
}

export function rowOf(item: FakeItem): ItemRow {
  return {
    id: item.id,
    seq: item.seq,
    language: item.language,
    excerpt: (item.turns.findLast(({ role }) => role === 'user')?.content ?? '').slice(0, 120),
    state: stateOf(item),
    has_response: item.tasks.length > 1,
    has_image: item.images.length > 0,
    flagged: item.flagged,
    labelled: item.tasks.every((task) => task.verdict !== null),
  };
}

/** A run that has just begun. */
export function runOf(id: string, queue: FakeQueue, guard: GuardView): RunView {
  return {
    id,
    queue_id: queue.id,
    queue: queue.name,
    guard: guard.name,
    is_toy: guard.is_toy,
    state: 'running',
    total: queue.items.length,
    done: 0,
    repeated: 0,
    failed: 0,
    items_per_second: null,
    tokens_per_second: null,
    cached_share: null,
    eta_seconds: null,
    device: DEVICES[0]?.name ?? null,
    device_fallback: null,
    notes: [],
    left_out: 0,
    loading: null,
    recent: [],
  };
}
