import { fireEvent, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import App from '../src/App.svelte';
import { FakeBackend, PICTURE_SAMPLES, STREAM_SAMPLES } from '../src/lib/backend/fake';
import type { QueuePlan } from '../src/lib/backend/fake';
import { ASSISTANT } from '../src/lib/backend/fake/fixtures';
import { PLAN, sent } from './review-desk';

async function openReview(
  samples: QueuePlan['samples'],
  plan: Partial<QueuePlan> = {},
  preferences: object = {},
) {
  const backend = new FakeBackend({
    plans: [{ ...PLAN, size: samples?.length ?? 1, ...plan, samples }],
    reviewer: 'r1',
    preferences: JSON.stringify({ lastQueueId: 'q', ...preferences }),
  });
  backend.assistantView = ASSISTANT;
  const user = userEvent.setup();
  render(App, { backend });
  await user.click(await screen.findByTestId('nav-review'));
  await screen.findByTestId('item');
  return { backend, user };
}

const shows = (id: string) =>
  waitFor(() => expect(screen.getByTestId('item').dataset.item).toBe(id));
afterEach(() => void vi.restoreAllMocks());

const revealed = () => screen.getByTestId('image').dataset.revealed;

describe('images under review', () => {
  it('do not ask for the image itself before it is revealed', async () => {
    const { user } = await openReview(PICTURE_SAMPLES);
    expect(screen.getByTestId('image-small').getAttribute('src')).toMatch(/#small$/);
    expect(screen.getByTestId('image-small').style.filter).toMatch(/blur/);
    expect(screen.queryByTestId('image-full')).toBeNull();
    await user.keyboard('{v>}');
    await waitFor(() => expect(revealed()).toBe('true'));
    expect(screen.getByTestId('image-full').getAttribute('src')).toMatch(/#full$/);
    expect(screen.getByTestId('image-full').style.filter).toBe('');
    await user.keyboard('{/v}');
    await waitFor(() => expect(revealed()).toBe('false'));
    expect(screen.getByTestId('image-full').className).toContain('invisible');
  });

  it('are revealed by a click and covered by the next, and on the next item anyway', async () => {
    const { user } = await openReview(PICTURE_SAMPLES);
    await fireEvent.click(screen.getByTestId('image'), { detail: 1 });
    expect(revealed()).toBe('true');
    await fireEvent.click(screen.getByTestId('image'), { detail: 1 });
    expect(revealed()).toBe('false');
    await user.keyboard('{Shift>}V{/Shift}');
    expect(revealed(), 'by key without holding it').toBe('true');
    await user.keyboard('j');
    await shows('q-2');
    expect(revealed()).toBe('false');
  });

  it('go to actual size and back by two clicks', async () => {
    vi.spyOn(HTMLElement.prototype, 'clientWidth', 'get').mockReturnValue(600);
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(300);
    await openReview(PICTURE_SAMPLES);
    const image = screen.getByTestId('image');
    const twice = async () => {
      await fireEvent.click(image, { detail: 1 });
      await fireEvent.click(image, { detail: 2 });
    };
    await twice();
    expect([image.dataset.revealed, image.dataset.fitted]).toEqual(['true', 'false']);
    await twice();
    expect([image.dataset.revealed, image.dataset.fitted]).toEqual(['true', 'true']);
  });

  it('are enlarged by key, when the arrows move them and not the queue', async () => {
    const { user } = await openReview(PICTURE_SAMPLES, {}, { imageCover: 'plain' });
    await user.keyboard('+');
    expect(screen.getByTestId('image').dataset.fitted).toBe('false');
    await user.keyboard('{ArrowDown}{ArrowRight}');
    await shows('q-1');
    await user.keyboard('0');
    expect(screen.getByTestId('image').dataset.fitted).toBe('true');
    await user.keyboard('{ArrowDown}');
    await shows('q-2');
  });

  it('can be gone through where there are several, all under the same cover', async () => {
    const { user } = await openReview(PICTURE_SAMPLES);
    await user.keyboard('j');
    await shows('q-2');
    expect(screen.getAllByTestId('thumbnail').map(({ dataset }) => dataset.covered)).toEqual([
      'true',
      'true',
      'true',
      'true',
    ]);
    expect(screen.getByTestId('image-caption').textContent).toMatch(/1\/4.*1,200 × 800/s);
    await user.keyboard('i');
    expect(screen.getByTestId('image-caption').textContent).toMatch(/2\/4.*480 × 960/s);
    await user.keyboard('uu');
    expect(screen.getByTestId('image-caption').textContent).toContain('4/4');
    await user.click(screen.getAllByTestId('thumbnail')[2] as HTMLElement);
    expect(screen.getByTestId('image-caption').textContent).toContain('3/4');
  });

  it('say in the box what is wrong with one that cannot be shown', async () => {
    const { user } = await openReview(PICTURE_SAMPLES);
    await user.click(screen.getAllByTestId('list-row')[4] as HTMLElement);
    await shows('q-5');
    expect(screen.getByTestId('image-problem').textContent).toContain(
      'its file has changed or is gone',
    );
    await user.click(screen.getAllByTestId('list-row')[1] as HTMLElement);
    await shows('q-2');
    await user.keyboard('u');
    await fireEvent.error(screen.getByTestId('image-small'));
    expect(screen.getByTestId('image-problem').textContent).toContain('cannot be shown');
  });

  it('say that a verdict was made with a lowered budget, and what the guard noted', async () => {
    const { user } = await openReview(PICTURE_SAMPLES);
    expect(screen.getByTestId('coarse-images').title).toContain('0.25 MP');
    await user.keyboard('w');
    expect(screen.getByTestId('pixels-max').textContent).toContain('at most 0.25 MP');
    await user.click(screen.getAllByTestId('list-row')[2] as HTMLElement);
    await shows('q-3');
    expect(screen.getByTestId('verdict-notes').textContent).toContain('an image without text');
    expect(screen.getByTestId('verdict-noted').textContent, 'in view at once').toContain(
      'an image without text',
    );
    expect(screen.getByTestId('quantised').textContent).toContain('4-bit');
    expect(screen.queryByTestId('pixels-max')).toBeNull();
  });
});

describe('risk along a response', () => {
  it('marks the text from the first flagged word on, and says so to who cannot see it', async () => {
    await openReview(STREAM_SAMPLES);
    expect(screen.getByTestId('task-response-mark').textContent).toMatch(/^သူ့ကို ကြောက်အောင်/);
    expect(screen.getByTestId('task-response-flagged').textContent).toMatch(
      /flagged from 6\d% on: Violent/,
    );
    expect(screen.getByTestId('task-response-risk').textContent).toMatch(
      /flags the response from “သူ့ကို.*Violent.*0\.97/,
    );
    expect(screen.getByTestId('response-text').textContent).toContain('အရင်ဆုံး');
    const bars = [...screen.getByTestId('risk-strip').querySelectorAll('[data-flagged]')];
    expect(bars.some((bar) => bar.getAttribute('data-flagged') === 'true')).toBe(true);
    expect(bars.at(-1)?.getAttribute('title')).toContain('flagged: Violent');
  });

  it('marks nothing where nothing is flagged', async () => {
    const { user } = await openReview(STREAM_SAMPLES);
    await user.click(screen.getAllByTestId('list-row')[3] as HTMLElement);
    await shows('q-4');
    expect(screen.queryByTestId('task-response-mark')).toBeNull();
    expect(screen.getByTestId('task-response-risk').textContent).toContain('flagged nothing');
  });

  it('is not in the page while the verdict is hidden', async () => {
    const { user } = await openReview(STREAM_SAMPLES, { mode: 'blind' });
    expect(screen.queryByTestId('risk-strip')).toBeNull();
    expect(screen.queryByTestId('task-response-mark')).toBeNull();
    await user.keyboard('t12');
    expect(await screen.findByTestId('task-response-mark'), 'after the decision').toBeTruthy();
  });
});

describe('what is longer than its place', () => {
  it('is gone through by key, the item and the answer each by its own', async () => {
    vi.spyOn(HTMLElement.prototype, 'clientHeight', 'get').mockReturnValue(400);
    vi.spyOn(HTMLElement.prototype, 'scrollHeight', 'get').mockReturnValue(900);
    const moved: [string | undefined, number | undefined][] = [];
    HTMLElement.prototype.scrollBy = function (this: HTMLElement, how?: unknown) {
      moved.push([this.dataset.testid, (how as ScrollToOptions).top]);
    };
    const { user } = await openReview(STREAM_SAMPLES);
    await user.keyboard('{PageDown}{PageUp}');
    await user.keyboard('g');
    await screen.findByTestId('assist-translate');
    await user.keyboard('{Shift>}T{/Shift}');
    await screen.findByTestId('assistant-answer');
    await user.keyboard('{Shift>}{PageDown}{/Shift}');
    expect(moved).toEqual([
      ['item', 340],
      ['item', -340],
      ['assistant-answer', 340],
    ]);
  });
});

describe('the assistant', () => {
  it('is asked by key, is marked as generated and leaves the keys of the decision alone', async () => {
    const { backend, user } = await openReview(STREAM_SAMPLES);
    await user.keyboard('g');
    await screen.findByTestId('assist-translate');
    await user.keyboard('{Shift>}T{/Shift}');
    expect((await screen.findByTestId('assistant-mark')).textContent).toContain('not a verdict');
    await waitFor(() =>
      expect(screen.getByTestId('assistant-text').textContent).toContain('not used in jest'),
    );
    expect(screen.queryByTestId('assistant-caution'), 'it was trained for Burmese').toBeNull();
    expect(document.activeElement, 'the focus stays').toBe(screen.getByTestId('place-review'));
    await user.keyboard('1');
    await waitFor(() => expect(sent(backend, 'decide')).toHaveLength(1));
    expect(screen.getByTestId('assistant-panel'), 'it stays open').toBeTruthy();
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('assistant-panel')).toBeNull();
  });

  it('says that it was not trained for a language, and takes a question in own words', async () => {
    const { backend, user } = await openReview(STREAM_SAMPLES);
    await user.click(screen.getAllByTestId('list-row')[2] as HTMLElement);
    await shows('q-3');
    await user.keyboard('g');
    expect((await screen.findByTestId('assistant-caution')).textContent).toContain(
      'not trained for Thai',
    );
    await user.keyboard('o');
    await waitFor(() =>
      expect(document.activeElement).toBe(screen.getByTestId('assistant-question')),
    );
    await user.keyboard('1 proverb?{Enter}');
    expect(sent(backend, 'assist')).toMatchObject([{ question: '1 proverb?' }]);
    expect(sent(backend, 'decide'), 'what is typed decides nothing').toEqual([]);
  });

  it('says how to add one where there is none', async () => {
    const { backend, user } = await openReview(STREAM_SAMPLES);
    backend.assistantView = null;
    await user.keyboard('g');
    expect((await screen.findByTestId('assistant-none')).textContent).toContain('add the folder');
  });
});
