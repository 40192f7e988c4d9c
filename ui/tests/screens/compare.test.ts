import { fireEvent, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import { CompareController } from '$domain/compare.svelte';
import InsightScreen from '$views/insight/InsightScreen.svelte';
import { ASSISTANT_GUARD } from '$lib/backend/fake/fixtures';
import { asked, show } from './show';

describe('CompareController', () => {
  it('offers guards only, two different ones', async () => {
    const backend = new FakeBackend();
    backend.guardList = [...backend.guardList, ASSISTANT_GUARD];
    const control = new CompareController(backend);
    await control.open();
    expect(control.guards.map(({ id }) => id)).toEqual(['g-demo', 'g-qwen']);
    expect([control.a, control.b]).toEqual(['g-demo', 'g-qwen']);
    control.b = 'g-demo';
    await control.compare('forum', 0.5);
    expect(control.problem).toBe('Choose two different guards');
    expect(asked(backend, 'compare')).toEqual([]);
  });

  it('drops an answer about guards that are no longer chosen', async () => {
    const backend = new FakeBackend();
    const control = new CompareController(backend);
    await control.open();
    const comparing = control.compare('forum', 0.5);
    control.forget();
    await comparing;
    expect(control.result).toBeNull();
    expect(control.busy).toBe(false);
  });
});

describe('the comparison', () => {
  it('says how often two guards agree, and opens an item on which they do not', async () => {
    const { backend, shell } = await show(InsightScreen, 'insight', { queueId: 'forum' });
    const button = await screen.findByTestId('compare-run');
    await vi.waitFor(() => expect(button).toHaveProperty('disabled', false));
    await userEvent.click(button);
    expect(asked(backend, 'compare')).toEqual([['forum', 'g-demo', 'g-qwen']]);
    expect((await screen.findByTestId('compare-agreement')).textContent).toMatch(
      /99%.*1,177 of 1,180.*kappa 0\.95/s,
    );
    const [first] = await screen.findAllByTestId('compare-open');
    await userEvent.click(first as HTMLElement);
    expect([shell.place, shell.itemId]).toEqual(['review', 'forum-2']);
  });

  it('says how many stay hidden, and that the list is cut', async () => {
    const backend = new FakeBackend();
    const whole = backend.compare;
    backend.compare = async (...asked) => ({ ...(await whole(...asked)), agree: 100, hidden: 12 });
    await show(InsightScreen, 'insight', { queueId: 'forum' }, backend);
    const button = await screen.findByTestId('compare-run');
    await vi.waitFor(() => expect(button).toHaveProperty('disabled', false));
    await userEvent.click(button);
    expect((await screen.findByTestId('compare-hidden')).textContent).toContain('12 more');
    expect(screen.getByTestId('compare-cut').textContent).toContain('The 3');
  });

  it('tests which one is right more often, at the threshold of the slider, and opens an item', async () => {
    const { backend, shell } = await show(InsightScreen, 'insight', { queueId: 'forum' });
    const slider = await screen.findByTestId('threshold');
    await fireEvent.input(slider, { target: { value: '32' } });
    await userEvent.click(screen.getByTestId('compare-run'));
    expect((await screen.findByTestId('paired-p')).textContent).toBe('0.0060');
    expect(asked(backend, 'pairedTests')).toEqual([
      [{ queue_id: 'forum', guard_a: 'g-demo', guard_b: 'g-qwen', threshold: 0.3 }],
    ]);
    const differing = screen.getByTestId('paired-differing');
    expect(differing.textContent).toContain('3 items');
    await userEvent.click(within(differing).getAllByTestId('paired-open')[1] as HTMLElement);
    expect([shell.place, shell.itemId]).toEqual(['review', 'forum-5']);
  });

  it('says that nothing can be tested where there are no judgements', async () => {
    const backend = new FakeBackend();
    backend.pairedTests = () => Promise.resolve([]);
    await show(InsightScreen, 'insight', { queueId: 'forum' }, backend);
    const button = await screen.findByTestId('compare-run');
    await vi.waitFor(() => expect(button).toHaveProperty('disabled', false));
    await userEvent.click(button);
    expect((await screen.findByTestId('paired-none')).textContent).toContain(
      'nothing can be tested',
    );
  });

  it('says what to do where one guard alone is there', async () => {
    const backend = new FakeBackend();
    backend.guardList = backend.guardList.slice(0, 1);
    await show(InsightScreen, 'insight', { queueId: 'forum' }, backend);
    expect((await screen.findByTestId('compare-problem')).textContent).toContain('add another one');
  });
});
