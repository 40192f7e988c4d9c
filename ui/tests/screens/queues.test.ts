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
  it('is to settle disagreements when nothing else is left', async () => {
    const { plan } = await card();
    const disputed = { plan: { ...plan, awaiting_adjudication: 5, disputed: 3 } };
    expect(nextStep(await card(disputed, { pending: 3, decided: 1 }))).toBe('adjudicate');
    expect(nextStep(await card(disputed, { pending: 4, decided: 1 }))).toBe('review');
    const own = { plan: { ...plan, awaiting_adjudication: 20, disputed: 0 } };
    expect(nextStep(await card(own, { pending: 10, decided: 1 }))).toBe('review');
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

  it('plans how it is reviewed, at once, and says in a sentence what that changes', async () => {
    const { backend } = await show(QueuesScreen, 'queues');
    const forum = within((await screen.findAllByTestId('queue-card'))[0] as HTMLElement);
    await fireEvent.change(forum.getByTestId('plan-second'), { target: { value: '20' } });
    expect((await forum.findByText(/20% of the items go to two reviewers/)).dataset.testid).toBe(
      'plan-said',
    );
    const nothing = {
      second: null,
      gold: null,
      blind: null,
      feedback: null,
      own_adjudication: null,
    };
    expect(asked(backend, 'setPlan')).toEqual([['forum', { ...nothing, second: 20 }]]);
    expect(forum.getByTestId('queue-plan').textContent).toContain('20% reviewed twice');
    await userEvent.click(forum.getByTestId('plan-own'));
    expect(asked(backend, 'setPlan')[1]).toEqual(['forum', { ...nothing, own_adjudication: true }]);
  });

  it('says why a plan cannot be, and keeps the one there is', async () => {
    const { backend } = await show(QueuesScreen, 'queues');
    const forum = within((await screen.findAllByTestId('queue-card'))[0] as HTMLElement);
    const gold = forum.getByTestId<HTMLInputElement>('plan-gold');
    await fireEvent.change(gold, { target: { value: '140' } });
    expect(forum.getByText(/from 0 to 100/)).toBeTruthy();
    expect(asked(backend, 'setPlan'), 'that is asked of nobody').toEqual([]);
    await fireEvent.change(gold, { target: { value: '5' } });
    expect((await forum.findByTestId('failure')).textContent).toContain('gold label');
    expect(gold.value, 'what was refused does not hold').toBe('0');
  });

  it('offers a blind sample only beside suggestions', async () => {
    await show(QueuesScreen, 'queues');
    const [forum, blind] = (await screen.findAllByTestId('queue-card')) as [
      HTMLElement,
      HTMLElement,
    ];
    expect(within(forum).queryByTestId('plan-blind')).not.toBeNull();
    expect(within(blind).queryByTestId('plan-blind')).toBeNull();
  });

  it('says what to do next when there is no queue', async () => {
    await show(QueuesScreen, 'queues', { plans: [] });
    expect(await screen.findByTestId('queues-empty')).toBeTruthy();
    await userEvent.click(screen.getByTestId('queues-open-demo'));
    expect(await screen.findByTestId('queue-card'), 'the demo queue is there').toBeTruthy();
  });
});
