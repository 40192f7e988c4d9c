/** Guards, devices and figures as the fake gives them: invented, and recognisable as such. */
import type {
  DemoInfo,
  DeviceView,
  GuardView,
  ImportPreview,
  RunView,
  SelfTest,
  StatsView,
} from '../bindings';

export const DEMO: DemoInfo = {
  guard_name: 'Saring demo guard',
  warning: 'A toy that must not moderate anything',
  scores: [
    { task: 'prompt', language: 'all', auprc: 0.5, baseline_auprc: 0.25 },
    { task: 'prompt', language: 'th', auprc: 0.5, baseline_auprc: 0.25 },
  ],
};

export const DEMO_GUARD: GuardView = {
  id: 'g-demo',
  name: 'Saring demo guard',
  path: '(embedded)',
  is_toy: true,
  is_default: true,
  family: 'sea-guard',
  family_reason: 'The program brings it along',
  architecture: 'LlamaForCausalLM',
  labels: ['safe', 'unsafe'],
  categories: [],
  weights_sha256: '0d'.repeat(32),
  template_sha256: '1e'.repeat(32),
  weights_bytes: 4_200_000,
  parameters: 1_050_000,
  precision: 'f32',
  context_tokens: 2048,
  memory_needed_bytes: 60_000_000,
  license: 'Apache-2.0',
  warnings: ['A toy that must not moderate anything'],
  added_at: '2026-01-19T08:00:00Z',
};

export const QWEN_GUARD: GuardView = {
  id: 'g-qwen',
  name: 'Qwen3Guard-Gen-4B',
  path: '/models/Qwen3Guard-Gen-4B',
  is_toy: false,
  is_default: false,
  family: 'qwen3guard-gen',
  family_reason: 'Its chat template asks for Safety and Categories',
  architecture: 'Qwen3ForCausalLM',
  labels: ['Safe', 'Controversial', 'Unsafe'],
  categories: ['Violent', 'PII'],
  weights_sha256: '4f1c09d2'.repeat(8),
  template_sha256: '9be07a31'.repeat(8),
  weights_bytes: 8_044_936_192,
  parameters: 4_022_468_096,
  precision: 'bf16',
  context_tokens: 32_768,
  memory_needed_bytes: 9_800_000_000,
  license: 'apache-2.0',
  warnings: [],
  added_at: '2026-01-19T16:00:00Z',
};

export const DEVICES: DeviceView[] = [
  {
    kind: 'cpu',
    name: 'A processor with 8 cores',
    memory_bytes: 34_359_738_368,
    memory_free_bytes: 21_474_836_480,
  },
];

export const SELF_TEST: SelfTest = {
  passed: true,
  device: 'CPU · a processor with 8 cores · bf16',
  load_ms: 2140,
  rows: [
    { name: 'A plain greeting', label: 'Safe', p_unsafe: 0.0021, label_mass: 0.9991 },
    { name: 'A plain threat', label: 'Unsafe', p_unsafe: 0.9712, label_mass: 0.9987 },
  ],
  problems: [],
};

export const PREVIEW: ImportPreview = {
  path: '/data/forum.jsonl',
  file_name: 'forum.jsonl',
  format: 'JSONL',
  columns: ['id', 'text', 'lang', 'board'],
  mapping: [
    { field: 'id', column: 'id' },
    { field: 'prompt', column: 'text' },
    { field: 'language', column: 'lang' },
  ],
  rows: [
    { line: 1, id: 'a1', prompt: 'ทำไมฝนตกบ่อยจัง', response: null, language: 'th', error: null },
    {
      line: 2,
      id: 'a2',
      prompt: 'ဒီနေ့ ဘာချက်စားရင်ကောင်းမလဲ',
      response: null,
      language: 'my',
      error: null,
    },
    {
      line: 3,
      id: 'a3',
      prompt: null,
      response: null,
      language: 'ta',
      error: 'The prompt is missing',
    },
  ],
  warnings: ['The column board is not used'],
};

export const STATS: StatsView = {
  rows: [
    {
      task: 'prompt',
      language: 'all',
      against: 'gold',
      n: 0,
      auprc: null,
      note: 'No gold labels in this queue',
    },
    {
      task: 'prompt',
      language: 'all',
      against: 'estimate',
      n: 0,
      auprc: null,
      note: 'No blind decisions on a uniform draw yet',
    },
  ],
};

/** A run in the middle of its work that fell back to the CPU and outlived one death of the guard's process. */
export function runUnderWay(queueId: string): RunView {
  const recent = [
    { language: 'th', excerpt: 'ทำไมฝนตกบ่อยจัง', label: 'Safe' },
    { language: 'my', excerpt: 'ဒီနေ့ ဘာချက်စားရင်ကောင်းမလဲ', label: 'Controversial' },
    { language: 'en', excerpt: 'You have won a prize, send your card number', label: 'Unsafe' },
  ];
  return {
    id: 'run-1',
    queue_id: queueId,
    queue: queueId,
    guard: QWEN_GUARD.name,
    is_toy: false,
    state: 'running',
    total: 8,
    done: 4,
    failed: 1,
    items_per_second: 12.5,
    tokens_per_second: 4321,
    eta_seconds: 83,
    device: 'CPU · a processor with 8 cores · bf16',
    device_fallback: 'There is no CUDA build of the engine beside the program',
    notes: ["The guard's process ended and was started again; three items are tried once more"],
    recent: recent.map((verdict, i) => ({ ...verdict, item_id: `recent-${i}`, task: 'prompt' })),
  };
}
