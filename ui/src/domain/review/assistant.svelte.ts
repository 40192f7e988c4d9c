/**
 * The reviewer's assistant: a chat model that translates and explains the item on screen. What it writes is never a
 * verdict, is stored nowhere, and goes when the next item comes.
 *
 * `AssistantController` asks one thing at a time and shows the text as it is written. Neighbours:
 * `views/review/AssistantPanel.svelte` renders it; the program frames the question, the item's text is data in it.
 */
import { language as answersIn, t } from '$language';
import {
  asFailure,
  type AssistantView,
  type Backend,
  type Failure,
  type ItemView,
  type StepProgress,
} from '../../lib/backend';
import { languageName } from '../format';
import type { Handlers } from '../keys';

export type AssistTask = 'translate' | 'explain' | 'policy' | 'ask';

/** What can be asked with one key, in the order of the buttons. */
export const ASSIST_TASKS = ['translate', 'explain', 'policy'] as const;

/** What a task is called, and what it asks. */
export function assistText(task: (typeof ASSIST_TASKS)[number]): { name: string; title: string } {
  return { name: t(`assistant.${task}`), title: t(`assistant.${task}Title`) };
}

/** One question and what was written to it so far. */
export interface Answer {
  itemId: string;
  task: AssistTask;
  question: string | null;
  text: string;
  /** `cut`: at the longest answer there is. */
  state: 'waiting' | 'writing' | 'finished' | 'stopped' | 'cut';
  /** How far the assistant is loaded, in bytes, while it is. */
  loading: StepProgress | null;
  /** What has to be known about it. */
  warning: string | null;
}

const ENDS: Record<string, Answer['state']> = { length: 'cut', cancelled: 'stopped' };

/** Same language, as far as a reader is concerned. */
const SAME: Record<string, string> = { fil: 'tl', zsm: 'ms', in: 'id' };
const primary = (tag: string): string => {
  const first = tag.toLowerCase().split('-')[0] ?? '';
  return SAME[first] ?? first;
};

/** Null where it was not determined. */
function determined(language: string | null): string | null {
  return language === 'und' ? null : language;
}

/** Why an answer about text in a language is worth less, or null. */
export function languageDoubt(assistant: AssistantView, tag: string | null): string | null {
  if (assistant.languages.length === 0) return null;
  const language = determined(tag);
  if (language === null) return t('assistant.languageUnknown');
  const known = assistant.languages.map(primary);
  if (known.includes(primary(language))) return null;
  return t('assistant.untrained', { language: languageName(language) });
}

export class AssistantController {
  /** Null: none was added. */
  assistant = $state.raw<AssistantView | null>(null);
  /** It is known whether there is one. */
  known = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** What is typed for a question in the reviewer's own words. */
  question = $state('');
  #answer = $state.raw<Answer | null>(null);
  /** Counts questions, so that text of an older one is dropped. */
  #asked = 0;

  constructor(
    private readonly backend: Backend,
    private readonly item: () => ItemView | null,
    /** What the labels and categories of the queue mean. */
    private readonly policy: () => string,
  ) {}

  /** Of the item on screen; that of another one is not shown. */
  readonly answer = $derived.by(() =>
    this.#answer !== null && this.#answer.itemId === this.item()?.id ? this.#answer : null,
  );
  readonly busy = $derived.by(() => isGoing(this.#answer));
  readonly doubt = $derived.by(() =>
    this.assistant === null ? null : languageDoubt(this.assistant, this.item()?.language ?? null),
  );

  /** What the reader has to know, said once: the program's word on the language comes with the answer. */
  readonly cautions = $derived.by<string[]>(() => {
    const warning = this.answer?.warning ?? null;
    const known = determined(this.item()?.language ?? null) !== null;
    const doubt = warning !== null && known ? null : this.doubt;
    return [doubt, warning].flatMap((said) => said ?? []);
  });

  /** Whether there is an assistant; asked anew whenever the panel opens. */
  async look(): Promise<void> {
    try {
      this.assistant = await this.backend.assistant();
      this.known = true;
      this.failure = null;
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  async ask(task: AssistTask): Promise<void> {
    const item = this.item();
    if (item === null || this.assistant === null || this.busy) return;
    const typed = task === 'ask' || task === 'policy' ? this.question.trim() : '';
    if (task === 'ask' && typed === '') return;
    const question = typed === '' ? null : typed;
    // a question in one's own words is about understanding the item
    const order = {
      item_id: item.id,
      task: task === 'ask' ? 'explain' : task,
      question: task === 'policy' ? (question ?? this.policy()) : question,
      language: answersIn(),
    };
    const asked = (this.#asked += 1);
    this.failure = null;
    this.#answer = {
      itemId: item.id,
      task,
      question,
      text: '',
      state: 'waiting',
      loading: null,
      warning: null,
    };
    try {
      const written = await this.backend.assist(
        order,
        (loading) => this.#change(asked, { loading }),
        (text) => this.#write(asked, text),
      );
      const { text, warning } = written;
      this.#change(asked, { text, warning, state: ENDS[written.ended] ?? 'finished' });
      // What is typed meanwhile is the next question.
      if (asked === this.#asked && this.question.trim() === question) this.question = '';
    } catch (error) {
      if (asked !== this.#asked) return;
      this.#change(asked, { state: 'stopped' });
      this.failure = asFailure(error);
    }
  }

  /** What was written stays. */
  async stop(): Promise<void> {
    if (!this.busy) return;
    try {
      await this.backend.cancelAssist();
    } catch (error) {
      this.failure = asFailure(error);
    }
  }

  /** The item has gone: nobody reads on. */
  leave(): void {
    void this.stop();
    this.failure = null;
  }

  #write(asked: number, text: string): void {
    this.#change(asked, {
      text: (this.#answer?.text ?? '') + text,
      state: 'writing',
      loading: null,
    });
  }

  #change(asked: number, part: Partial<Answer>): void {
    if (asked === this.#asked && this.#answer !== null) this.#answer = { ...this.#answer, ...part };
  }
}

function isGoing(answer: Answer | null): boolean {
  return answer !== null && (answer.state === 'waiting' || answer.state === 'writing');
}

/** What can be asked while the panel is open. `focus` puts the caret where a question is typed. */
export function assistantActions(assistant: AssistantController, focus: () => void): Handlers {
  const able = () => assistant.assistant !== null && !assistant.busy;
  const tasks = ASSIST_TASKS.map((task) => [
    `assist-${task}`,
    { run: () => void assistant.ask(task), enabled: able },
  ]);
  return {
    ...(Object.fromEntries(tasks) as Handlers),
    'assist-ask': { run: focus, enabled: () => assistant.assistant !== null },
    'assist-stop': { run: () => void assistant.stop(), enabled: () => assistant.busy },
  };
}
