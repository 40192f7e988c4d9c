import { fireEvent, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { QueueCard } from '$lib/backend';
import { FakeBackend } from '$lib/backend/fake';
import {
  drawSizeProblem,
  nextStep,
  QueuesController,
  suggestedDrawSize,
} from '$domain/queues.svelte';
import QueuesScreen from '$views/queues/QueuesScreen.svelte';
import { asked, show } from './show';

async function card(change: Partial<QueueCard> = {}, counts: Partial<QueueCard['counts']> = {}) {
  const base = await new FakeBackend().queue('forum');
  return { ...base, ...change, counts: { ...base.counts, ...counts } };
}

describe('the next step of a queue', () => {
  it('is to import while it is empty', async () => {
    expect(nextStep(await card({}, { total: 0, pending: 0 }))).toBe('import');
  });
  it('is to label while nobody has decided anything', async () => {
    expect(nextStep(await card({ labelled: 0, unlabelled: 5 }))).toBe('label');
  });
  it('is to review once people decide, even if some items have no verdict', async () => {
    expect(nextStep(await card({ labelled: 2, unlabelled: 3 }, { decided: 1 }))).toBe('review');
  });
  it('is to export when nothing is pending', async () => {
    expect(nextStep(await card({}, { pending: 0, decided: 1204 }))).toBe('export');
  });
});

describe('the size of a draw', () => {
  it('is at most the queue', () => {
    expect(suggestedDrawSize(15)).toBe(15);
    expect(drawSizeProblem(15, 15)).toBeNull();
    expect(drawSizeProblem(16, 15)).toMatch(/only 15 items/);
  });
  it('is a whole number', () => {
    expect(drawSizeProblem(0, 15)).not.toBeNull();
    expect(drawSizeProblem(1.5, 15)).not.toBeNull();
  });
});

describe('QueuesController', () => {
  it('folds counts from notices into the card they belong to', async () => {
    const queues = new QueuesController(new FakeBackend());
    await queues.load();
    const before = queues.card('blind')?.counts;
    const counts = { ...(await card()).counts, decided: 7 };
    queues.onNotice({ kind: 'queue', queue_id: 'forum', counts });
    expect(queues.card('forum')?.counts.decided).toBe(7);
    expect(queues.card('blind')?.counts, 'other queues stay').toEqual(before);
  });
  it('keeps the cards and says why when a change is refused', async () => {
    const backend = new FakeBackend();
    const queues = new QueuesController(backend);
    await queues.load();
    backend.failNext('changeQueue');
    await queues.change('forum', { mode: 'blind' });
    expect(queues.card('forum')?.mode).toBe('suggestion');
    expect(queues.failure?.message).toBe('The disk is full');
    expect(queues.busyId, 'the card can be used again').toBeNull();
  });
});

describe('the queues screen', () => {
  it('shows counts by state and goes to review with one press', async () => {
    const { shell } = await show(QueuesScreen, 'queues');
    const cards = await screen.findAllByTestId('queue-card');
    expect(cards).toHaveLength(4);
    const forum = within(cards[0] as HTMLElement);
    expect(forum.getByTestId('count-pending').textContent).toContain('1,204');
    await userEvent.click(forum.getByTestId('queue-review'));
    expect(shell.place).toBe('review');
    expect(shell.queueId).toBe('forum');
  });

  it('offers to label a queue that no guard has judged', async () => {
    const { shell } = await show(QueuesScreen, 'queues');
    const fresh = (await screen.findAllByTestId('queue-card')).at(-1) as HTMLElement;
    await userEvent.click(within(fresh).getByTestId('queue-label'));
    expect(shell.place).toBe('run');
    expect(shell.queueId).toBe('fresh');
  });

  it('asks for the size before it draws, and changes nothing until then', async () => {
    const { backend } = await show(QueuesScreen, 'queues');
    const forum = within((await screen.findAllByTestId('queue-card'))[0] as HTMLElement);
    await userEvent.selectOptions(forum.getByTestId('queue-order'), 'draw');
    expect(asked(backend, 'changeQueue')).toEqual([]);
    const size = forum.getByTestId('draw-size');
    await fireEvent.input(size, { target: { value: '5000' } });
    expect(forum.getByTestId<HTMLButtonElement>('draw-confirm').disabled).toBe(true);
    await fireEvent.input(size, { target: { value: '50' } });
    await userEvent.click(forum.getByTestId('draw-confirm'));
    expect(asked(backend, 'draw')).toEqual([['forum', 50]]);
    expect((await forum.findByTestId('draw-info')).textContent).toContain('50');
  });

  it('switches between blind and suggestion', async () => {
    const { backend } = await show(QueuesScreen, 'queues');
    const forum = within((await screen.findAllByTestId('queue-card'))[0] as HTMLElement);
    await userEvent.click(forum.getByTestId('queue-mode-blind'));
    expect(asked(backend, 'changeQueue')).toEqual([['forum', { order: null, mode: 'blind' }]]);
  });

  it('says what to do next when there is no queue', async () => {
    await show(QueuesScreen, 'queues', { plans: [] });
    expect(await screen.findByTestId('queues-empty')).toBeTruthy();
    await userEvent.click(screen.getByTestId('queues-open-demo'));
    expect(await screen.findByTestId('queue-card'), 'the demo queue is there').toBeTruthy();
  });
});
