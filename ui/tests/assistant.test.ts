import { describe, expect, it } from 'vitest';
import { AssistantController } from '../src/domain/review';
import { languageDoubt } from '../src/domain/review/assistant.svelte';
import { policyText } from '../src/domain/policy';
import { QWEN3GUARD } from '../src/lib/backend/fake';
import { termsFrom } from '../src/lib/backend/fake/policies';
import { ASSISTANT, ASSISTED } from '../src/lib/backend/fake/fixtures';
import { openDesk, sent } from './review-desk';

const POLICY = 'safe: nothing harmful';

async function open(assistantView = ASSISTANT as typeof ASSISTANT | null) {
  const { backend, review } = await openDesk();
  backend.assistantView = assistantView;
  const assistant = new AssistantController(
    backend,
    () => review.item,
    () => POLICY,
  );
  await assistant.look();
  return { assistant, backend, review };
}

describe('AssistantController', () => {
  it('shows what is written, and says when it is finished', async () => {
    const { assistant, backend } = await open();
    await assistant.ask('translate');
    expect(sent(backend, 'assist')).toEqual([
      { item_id: 'q-1', task: 'translate', question: null, language: 'en' },
    ]);
    expect(assistant.answer).toMatchObject({ text: ASSISTED.join(''), state: 'finished' });
    expect(sent(backend, 'decide'), 'what is written is no decision').toEqual([]);
  });

  it('stops when it is told to, and keeps what there is', async () => {
    const { assistant, backend } = await open();
    let said = '';
    const whole = backend.assist;
    backend.assist = (order, onLoading, onText) =>
      whole(order, onLoading, (text) => {
        onText(text);
        said ||= text;
        void assistant.stop();
      });
    await assistant.ask('explain');
    expect(assistant.answer).toMatchObject({ text: said, state: 'stopped' });
    expect(assistant.busy).toBe(false);
  });

  it('does not show what was written about another item', async () => {
    const { assistant, review } = await open();
    await assistant.ask('translate');
    await review.next();
    expect(assistant.answer).toBeNull();
    await review.previous();
    expect(assistant.answer?.text).toBe(ASSISTED.join(''));
  });

  it('shows how far the assistant is loaded until it writes', async () => {
    const { assistant, backend } = await open();
    const seen: unknown[] = [];
    const whole = backend.assist;
    backend.assist = (order, onLoading, onText) =>
      whole(
        order,
        (step) => {
          onLoading(step);
          seen.push(assistant.answer?.loading);
        },
        onText,
      );
    await assistant.ask('translate');
    expect(seen).toContainEqual({ done: 800_000_000, total: 8_000_000_000 });
    expect(assistant.answer?.loading).toBeNull();
  });

  it('says once that it was not trained for a language', async () => {
    const { assistant, backend, review } = await open({ ...ASSISTANT, languages: ['my'] });
    await review.openItem('q-1');
    expect(assistant.cautions).toEqual([expect.stringContaining('not trained for')]);
    const warning = 'The assistant was not trained for Thai.';
    const whole = backend.assist;
    backend.assist = async (...order) => ({ ...(await whole(...order)), warning });
    await assistant.ask('translate');
    expect(assistant.cautions).toEqual([warning]);
  });

  it('asks about the clause that was typed, or about the reminders of the queue', async () => {
    const { assistant, backend } = await open();
    await assistant.ask('policy');
    assistant.question = ' No threats against neighbours ';
    await assistant.ask('policy');
    expect(sent<{ question: string }>(backend, 'assist').map(({ question }) => question)).toEqual([
      POLICY,
      'No threats against neighbours',
    ]);
    expect(assistant.question, 'it has been asked').toBe('');
  });

  it('keeps what is typed while it writes', async () => {
    const { assistant, backend } = await open();
    const whole = backend.assist;
    backend.assist = (...order) => {
      assistant.question = 'And the second line?';
      return whole(...order);
    };
    assistant.question = 'Is this a proverb?';
    await assistant.ask('ask');
    expect(assistant.question, 'the next question, not asked yet').toBe('And the second line?');
  });

  it('asks in the own words of the reviewer only when there are some', async () => {
    const { assistant, backend } = await open();
    await assistant.ask('ask');
    expect(sent(backend, 'assist')).toEqual([]);
    assistant.question = 'Is this a proverb?';
    await assistant.ask('ask');
    expect(sent(backend, 'assist')).toMatchObject([
      { task: 'explain', question: 'Is this a proverb?' },
    ]);
  });

  it('asks nothing where there is no assistant, and says what went wrong where it failed', async () => {
    const none = await open(null);
    await none.assistant.ask('translate');
    expect(sent(none.backend, 'assist')).toEqual([]);
    const { assistant, backend } = await open();
    backend.failNext('assist', { message: 'There is not enough memory' });
    await assistant.ask('translate');
    expect(assistant.failure?.message).toBe('There is not enough memory');
    expect(assistant.busy).toBe(false);
  });
});

describe('the languages of an assistant', () => {
  it('are compared by language, not by script or country', () => {
    expect(languageDoubt(ASSISTANT, 'my-MM')).toBeNull();
    expect(languageDoubt(ASSISTANT, 'fil'), 'Filipino and Tagalog').toBeNull();
    expect(languageDoubt(ASSISTANT, 'th')).toContain('not trained for Thai');
    expect(languageDoubt(ASSISTANT, null)).toContain('not known');
    expect(
      languageDoubt({ ...ASSISTANT, languages: [] }, 'th'),
      'nothing is known of it',
    ).toBeNull();
  });
});

describe('the policy as a text', () => {
  it('has the clauses that say something about the task', () => {
    const terms = termsFrom(QWEN3GUARD);
    for (const category of terms.categories.slice(1)) category.guidance = '';
    expect(policyText(terms, 'response').split('\n')).toEqual([
      'safe: Invented guidance about safe',
      'controversial: Invented guidance about controversial',
      'unsafe: Invented guidance about unsafe',
      'Violent: Invented guidance about Violent',
    ]);
  });
});
