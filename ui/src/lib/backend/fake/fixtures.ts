/** Guards, devices and figures as the fake gives them: invented, and recognisable as such. */
import type {
  AssistantView,
  DemoInfo,
  DeviceView,
  ForecastView,
  GuardView,
  ImportPreview,
  RunView,
  SelfTest,
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
  memory: [
    { precision: 'f32', bytes: 60_000_000 },
    { precision: 'bf16', bytes: 56_000_000 },
    { precision: 'int8', bytes: 53_000_000 },
  ],
  images: false,
  languages: [],
  is_guard: true,
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
  memory: [
    { precision: 'bf16', bytes: 9_800_000_000 },
    { precision: 'f32', bytes: 18_300_000_000 },
    { precision: 'int8', bytes: 5_700_000_000 },
    { precision: 'int4', bytes: 3_600_000_000 },
  ],
  images: false,
  languages: [],
  is_guard: true,
  warnings: [],
  added_at: '2026-01-19T16:00:00Z',
};

/** Reads images, and is too large for the smaller device as it is. */
export const SEA_GUARD_12B: GuardView = {
  ...QWEN_GUARD,
  id: 'g-gemma',
  name: 'Gemma-SEA-Guard-12B',
  path: '/models/Gemma-SEA-Guard-12B-2602',
  family: 'sea-guard',
  family_reason: 'An instruct checkpoint of an architecture that SEA-Guard has',
  architecture: 'Gemma3ForConditionalGeneration',
  labels: ['safe', 'unsafe'],
  categories: [],
  weights_bytes: 24_374_000_000,
  parameters: 12_187_000_000,
  context_tokens: 131_072,
  memory_needed_bytes: 27_100_000_000,
  memory: [
    { precision: 'bf16', bytes: 27_100_000_000 },
    { precision: 'f32', bytes: 51_500_000_000 },
    { precision: 'int8', bytes: 15_200_000_000 },
    { precision: 'int4', bytes: 9_100_000_000 },
  ],
  images: true,
  license: 'gemma',
};

export const ASSISTANT: AssistantView = {
  guard_id: 'g-apertus',
  memory_needed_bytes: 18_900_000_000,
  name: 'Apertus-SEA-LION-v4-8B-IT',
  languages: ['en', 'my', 'tl', 'ms', 'ta'],
};

/** No guard: the reviewer's assistant. */
export const ASSISTANT_GUARD: GuardView = {
  ...QWEN_GUARD,
  id: 'g-apertus',
  name: ASSISTANT.name,
  path: '/models/Apertus-SEA-LION-v4-8B-IT',
  family: 'assistant',
  family_reason: 'A chat model without a guard’s answer',
  architecture: 'ApertusForCausalLM',
  labels: [],
  categories: [],
  weights_bytes: 16_107_000_000,
  parameters: 8_053_000_000,
  memory_needed_bytes: 18_900_000_000,
  memory: [
    { precision: 'bf16', bytes: 18_900_000_000 },
    { precision: 'int8', bytes: 10_600_000_000 },
    { precision: 'int4', bytes: 6_300_000_000 },
  ],
  languages: ASSISTANT.languages,
  is_guard: false,
};

export const DEVICES: DeviceView[] = [
  {
    kind: 'cpu',
    name: 'A processor with 8 cores',
    memory_bytes: 34_359_738_368,
    memory_free_bytes: 21_474_836_480,
  },
  {
    kind: 'cuda',
    name: 'A card with 8 GiB',
    memory_bytes: 8_589_934_592,
    memory_free_bytes: 7_730_941_133,
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
    repeated: 2,
    failed: 1,
    items_per_second: 12.5,
    tokens_per_second: 4321,
    cached_share: 0.684,
    eta_seconds: 83,
    device: 'CPU · a processor with 8 cores · bf16',
    device_fallback: 'There is no CUDA build of the engine beside the program',
    notes: [
      "The guard's process ended and was started again; three items are tried once more",
      '3 items have images, which this guard does not read: they are left out',
    ],
    left_out: 3,
    loading: null,
    recent: recent.map((verdict, i) => ({ ...verdict, item_id: `recent-${i}`, task: 'prompt' })),
  };
}

/** The demo guard was measured on this machine, the others were not. */
export function forecastOf(guardId: string | null): ForecastView {
  const measured = guardId === DEMO_GUARD.id;
  return {
    tasks: 528,
    seconds: measured ? 725 : null,
    measured_at: measured ? '2026-02-14T12:00:00.000Z' : null,
    measured_by: measured ? 'run' : null,
  };
}

/** What differs in a run whose guard is not loaded yet. */
export const BEING_LOADED: Partial<RunView> = {
  state: 'loading',
  done: 0,
  repeated: 0,
  failed: 0,
  items_per_second: null,
  tokens_per_second: null,
  cached_share: null,
  eta_seconds: null,
  device: null,
  device_fallback: null,
  notes: [],
  loading: { done: 2_600_000_000, total: 8_044_936_192 },
  recent: [],
};

/** What the fake's assistant writes, in the pieces in which it comes. */
export const ASSISTED: string[] = [
  'A neighbour plays loud music every night. ',
  'The writer asks how to word a letter that frightens him. ',
  '\n\n“ခြိမ်းခြောက်” is the ordinary word for to threaten; ',
  'it is not used in jest.',
];
