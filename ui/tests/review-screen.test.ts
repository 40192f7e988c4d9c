import { render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import App from '../src/App.svelte';
import { t } from '../src/language';
import { FakeBackend } from '../src/lib/backend/fake';
import { PLAN, sent, TWO_LABELS } from './review-desk';
import { itemOnScreen, openReview } from './review-window';

const shows = (id: string) => waitFor(() => expect(itemOnScreen()).toBe(id));
const decided = (backend: FakeBackend) => sent<{ label: string }>(backend, 'decide');

describe('the review screen', () => {
  it('shows the text with its language, and every probability of the verdict', async () => {
    await openReview();
    const text = screen.getByTestId('item-text');
    expect(text.getAttribute('lang')).toBe('th');
    expect(text.dataset.script, 'the line height goes by the script').toBe('Thai');
    expect(screen.getByTestId('verdict').textContent).toMatch(
      /Safe.*0\.97.*Controversial.*0\.02.*Unsafe.*0\.01/s,
    );
    expect(screen.getByTestId('verdict-p').title, 'the exact value is on hover').toBe('0.9712');
  });

  it('decides by key, says when it was saved, and counts down', async () => {
    const { backend, user } = await openReview();
    await user.keyboard('1');
    await shows('q-2');
    expect(decided(backend)).toHaveLength(1);
    expect(screen.getByTestId('saved').textContent).toMatch(/saved \d\d:\d\d:\d\d/);
    expect(screen.getByTestId('queue-left').textContent).toBe('14');
  });

  it('picks categories by digit in the second step, where the first step had labels', async () => {
    const { backend, user } = await openReview();
    await user.keyboard('3');
    expect(screen.getByTestId('label-3').getAttribute('aria-pressed')).toBe('true');
    await user.keyboard('14');
    expect(screen.getByTestId('category-4').getAttribute('aria-pressed')).toBe('true');
    await user.keyboard('{Enter}');
    await shows('q-2');
    expect(decided(backend)[0]).toMatchObject({ label: 'unsafe', categories: ['Violent', 'PII'] });
  });

  it('takes digits for the refusal where safe leaves nothing else open', async () => {
    const { backend, user } = await openReview();
    await user.click(screen.getAllByTestId('list-row')[3] as HTMLElement);
    await shows('q-4');
    await user.keyboard('t1');
    expect(screen.getByTestId('refusal-yes')).toHaveProperty('disabled', false);
    await user.keyboard('2');
    await waitFor(() => expect(decided(backend)).toHaveLength(1));
    expect(decided(backend)[0]).toMatchObject({ task: 'response', label: 'safe', refusal: false });
  });

  it('keeps the place of a hidden verdict and does not have it in the page', async () => {
    const { backend, user } = await openReview({ mode: 'blind' });
    expect(screen.getByTestId('verdict-hidden')).toBeTruthy();
    expect(screen.queryByTestId('verdict')).toBeNull();
    await user.keyboard('ax');
    expect(decided(backend)).toEqual([]);
    expect(screen.getByTestId('accept')).toHaveProperty('disabled', true);
    await user.keyboard('1');
    expect((await screen.findByTestId('verdict')).dataset.label).toBe('Safe');
    expect(itemOnScreen()).toBe('q-1');
    await user.keyboard('{Enter}');
    await shows('q-2');
    expect(screen.getByTestId('verdict-hidden')).toBeTruthy();
  });

  it('greys nothing out for a save of a moment, and says so of a longer one', async () => {
    const { backend, user } = await openReview({ mode: 'blind' });
    const greyed: (string | undefined)[] = [];
    const watch = new MutationObserver((changes) => {
      for (const { target } of changes)
        if ((target as HTMLButtonElement).disabled)
          greyed.push((target as HTMLElement).dataset.testid);
    });
    watch.observe(document.body, { subtree: true, attributeFilter: ['disabled'] });
    backend.delayMs = 20;
    await user.keyboard('1');
    await screen.findByTestId('verdict');
    expect(decided(backend)).toHaveLength(1);
    expect(greyed).toEqual([]);

    await user.keyboard('{Enter}');
    await shows('q-2');
    backend.delayMs = 600;
    await user.keyboard('1');
    await screen.findByTestId('verdict');
    expect(greyed).toEqual(expect.arrayContaining(['label-1', 'skip', 'item-language']));
    expect(screen.getByTestId('label-1')).toHaveProperty('disabled', false);
    watch.disconnect();
  });

  it('finds what is nearly the same for each item while its panel is open', async () => {
    const { user } = await openReview();
    await user.click(screen.getAllByTestId('list-row')[6] as HTMLElement);
    await shows('q-7');
    await user.keyboard('d');
    await screen.findByTestId('alike-count');
    await user.keyboard('j');
    await shows('q-8');
    await waitFor(() =>
      expect(screen.getByTestId('alike-panel').textContent).toContain(t('alike.nothing')),
    );
    await user.keyboard('k');
    await shows('q-7');
    expect(await screen.findByTestId('alike-count')).toBeTruthy();
  });

  it('opens by Enter what a search finds, and not what was in the list before', async () => {
    const { backend, user } = await openReview();
    const wanted = backend.fakeQueues[0]?.items[8];
    const text = wanted?.turns[0]?.content ?? '';
    backend.delayMs = 30;
    await user.click(screen.getByTestId('search'));
    await user.paste(text);
    await user.keyboard('{Enter}');
    await shows(wanted?.id ?? '');
  });

  it('says "not assessed" where there is no verdict, and never safe', async () => {
    const { user } = await openReview({ labelled: false });
    expect(screen.getByTestId('verdict-absent').textContent).toContain('Not assessed');
    expect(screen.getAllByTestId('list-row')[0]?.textContent).toContain('not assessed');
    await user.click(screen.getByTestId('run-guard'));
    expect(await screen.findByTestId('place-run')).toBeTruthy();
  });

  it('shows no categories for a guard that has none, and says that the toy is one', async () => {
    await openReview(TWO_LABELS);
    expect(screen.queryByTestId('categories')).toBeNull();
    expect(screen.queryByTestId('verdict-category')).toBeNull();
    expect(screen.getByTestId('toy').textContent).toContain('must not moderate anything');
  });

  it('keeps its keys after a click, and gives them up in the note', async () => {
    const { backend, user } = await openReview();
    await user.click(screen.getByTestId('flag'));
    await screen.findByTestId('flagged');
    await user.keyboard('n');
    expect(document.activeElement).toBe(screen.getByTestId('note'));
    await user.keyboard('1 ax');
    expect(decided(backend), 'what is typed in a note decides nothing').toEqual([]);
    await user.keyboard('{Escape}');
    expect(screen.getByTestId('note')).toHaveProperty('value', '1 ax');
    await user.keyboard(' ');
    await shows('q-2');
    expect(sent(backend, 'gesture')).toMatchObject([
      { kind: 'flag', item_id: 'q-1' },
      { kind: 'skip', item_id: 'q-1', reason: '1 ax' },
    ]);
  });

  it('stops at a failed save, says so, and goes on after it was tried again', async () => {
    const { backend, user } = await openReview();
    backend.failNext('decide');
    await user.keyboard('1');
    expect((await screen.findByTestId('save-failed')).textContent).toContain('The disk is full');
    expect(screen.getByTestId('saved').textContent).toBe('not saved');
    await user.keyboard('2 jq');
    expect(itemOnScreen()).toBe('q-1');
    await user.click(screen.getByTestId('save-retry'));
    await shows('q-2');
    expect(screen.queryByTestId('save-failed')).toBeNull();
  });

  it('asks once who decides, in the place of the decision, and then saves', async () => {
    const { backend, user } = await openReview({}, null);
    await user.keyboard('1');
    await user.type(await screen.findByTestId('reviewer-name'), 'mei{Enter}');
    await shows('q-2');
    expect([backend.reviewer, decided(backend).length]).toEqual(['mei', 1]);
    await user.keyboard('1');
    await shows('q-3');
  });

  it('undoes by key and comes back', async () => {
    const { user } = await openReview();
    await user.keyboard('1');
    await shows('q-2');
    await user.keyboard('{Backspace}');
    await shows('q-1');
    expect(screen.getByTestId('message').textContent).toBe('Undone: label safe');
  });

  it('opens an item by search', async () => {
    const { user } = await openReview();
    await user.keyboard('/');
    expect(document.activeElement).toBe(screen.getByTestId('search'));
    await user.keyboard('jadwal');
    await waitFor(() => expect(screen.getAllByTestId('list-row')).toHaveLength(1));
    await user.keyboard('{Enter}');
    await shows('q-6');
  });

  it('reveals an image only while the key is held', async () => {
    const { user } = await openReview();
    await user.click(screen.getAllByTestId('list-row')[12] as HTMLElement);
    await shows('q-13');
    const image = await screen.findByTestId('image');
    expect(image.dataset.revealed).toBe('false');
    await user.keyboard('{v>}');
    await waitFor(() => expect(image.dataset.revealed).toBe('true'));
    await user.keyboard('{/v}');
    await waitFor(() => expect(image.dataset.revealed).toBe('false'));
  });

  it('has only the rows in sight of a long list in the page', async () => {
    await openReview({ size: 5000 });
    expect(screen.getAllByTestId('list-row').length).toBeLessThan(60);
  });

  it('says that nothing is pending, and what to do next', async () => {
    const { user } = await openReview({ size: 1, ...TWO_LABELS });
    await user.keyboard('1');
    expect((await screen.findByTestId('queue-finished')).textContent).toContain('1 item decided');
  });
});

describe('leaving the screen', () => {
  const here = () => screen.queryByTestId('place-review') !== null;

  it('is refused while a save has failed, and allowed when that is dealt with', async () => {
    const { backend, user } = await openReview();
    backend.failNext('decide');
    await user.keyboard('1');
    await screen.findByTestId('save-failed');
    await user.click(screen.getByTestId('nav-queues'));
    expect(here(), 'the decision would be lost').toBe(true);
    expect(screen.getByTestId('message').textContent).toBe(
      'Not saved: try again, or leave it unsaved',
    );
    await user.click(screen.getByTestId('save-retry'));
    await shows('q-2');
    await user.click(screen.getByTestId('nav-queues'));
    await screen.findByTestId('place-queues');
    await user.click(screen.getByTestId('nav-guards'));
    expect(await screen.findByTestId('place-guards'), 'nothing holds it any more').toBeTruthy();
  });

  it('is refused while a save is under way', async () => {
    const { backend, user } = await openReview();
    let finish = () => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const decide = backend.decide;
    backend.decide = (decision) => finished.then(() => decide(decision));
    await user.keyboard('1');
    await user.click(screen.getByTestId('nav-queues'));
    expect(here(), 'the save has not been acknowledged').toBe(true);
    finish();
    await shows('q-2');
    expect(decided(backend)).toHaveLength(1);
  });

  it('is refused while a decision waits for a pseudonym', async () => {
    const { user } = await openReview({}, null);
    await user.keyboard('1');
    await screen.findByTestId('reviewer-name');
    await user.click(screen.getByTestId('nav-queues'));
    expect(here()).toBe(true);
    expect(screen.getByTestId('message').textContent).toBe('Not saved yet: who decides?');
    await user.click(screen.getByText('Not now'));
    await user.click(screen.getByTestId('nav-queues'));
    expect(await screen.findByTestId('place-queues')).toBeTruthy();
  });
});

describe('undo', () => {
  it('goes to the queue and the item of what it takes back', async () => {
    const backend = new FakeBackend({
      plans: [PLAN, { ...PLAN, id: 'p', name: 'other' }],
      preferences: JSON.stringify({ lastQueueId: 'q' }),
    });
    const user = userEvent.setup();
    render(App, { backend });
    await user.click(await screen.findByTestId('nav-review'));
    await screen.findByTestId('item');
    await user.keyboard('j');
    await shows('q-2');
    await user.keyboard('1');
    await shows('q-3');
    await user.keyboard('{Control>}k{/Control}');
    await user.click(await screen.findByText('other'));
    await shows('p-1');
    await user.keyboard('{Backspace}');
    await shows('q-2');
    expect(screen.getByTestId('queue-name').textContent).toBe('queue');
    expect(screen.getByTestId('queue-left').textContent, 'pending again').toBe('15');
  });
});

describe('the frame', () => {
  it('lists the keys of the labels and categories that there are', async () => {
    const { user } = await openReview(TWO_LABELS);
    await user.keyboard('?');
    const sheet = (await screen.findByTestId('key-sheet')).textContent;
    expect(sheet).toContain('Label: Unsafe');
    expect(sheet).not.toMatch(/Label \d|Category \d/);
  });

  it('runs what the palette offers, and leaves the keys to it while it is open', async () => {
    const { backend, user } = await openReview();
    await user.keyboard('{Control>}k{/Control}');
    await user.keyboard('1');
    expect(decided(backend)).toEqual([]);
    await user.clear(screen.getByTestId('palette-input'));
    await user.keyboard('escalate{Enter}');
    await shows('q-2');
    expect(sent(backend, 'gesture')).toMatchObject([{ kind: 'escalate' }]);
  });

  it('keeps theme and text size', async () => {
    const { backend, user } = await openReview();
    await user.keyboard('{Control>}={/Control}');
    await waitFor(() => expect(document.documentElement.dataset.textSize).toBe('large'));
    expect(JSON.parse(backend.preferences)).toMatchObject({ latest: { textSize: 'large' } });
  });

  it('says why it cannot start, and tries again', async () => {
    const backend = new FakeBackend();
    backend.failNext('start', {
      code: 'newer_version',
      message: 'The workspace is of a newer version',
    });
    render(App, { backend });
    expect((await screen.findByTestId('failure-message')).textContent).toContain('newer version');
    await userEvent.setup().click(screen.getByText('Try again'));
    expect(await screen.findByTestId('nav-queues')).toBeTruthy();
  });
});
