/** Filtering and sorting the list, and filters that are kept under a name. */
import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import axe from 'axe-core';
import { describe, expect, it } from 'vitest';
import App from '../src/App.svelte';
import { termText } from '../src/domain/review';
import { NO_TERMS } from '../src/domain/review/filter.svelte';
import type { NewDecision } from '../src/lib/backend';
import { FakeBackend } from '../src/lib/backend/fake';
import { openDesk, PLAN, sent } from './review-desk';
import { itemOnScreen, openReview } from './review-window';

const asked = (backend: FakeBackend, what: string) =>
  backend.calls.filter(({ method, args }) => method === 'filters' && args[0] === what);

describe('a filter', () => {
  it('lists what it finds, counts it after that, and goes on to what is open of it', async () => {
    const { backend, review } = await openDesk({ size: 40 });
    await review.list.filter.set('language', 'th');
    expect(review.list.rows.every(({ language }) => language === 'th')).toBe(true);
    await waitFor(() => expect(review.list.filter.found?.found).toBe(review.list.rows.length));
    const first = review.list.rows.find(({ id }) => id !== review.item?.id);
    await review.openItem(first?.id ?? '');
    await review.choose('safe');
    expect(review.item?.language, 'the next item is of the filter too').toBe('th');
    const methods = backend.calls.map(({ method, args }) =>
      method === 'filters' ? args[0] : method,
    );
    expect(methods.lastIndexOf('count')).toBeGreaterThan(methods.indexOf('list'));
  });

  it('says of what is reached through it that no draw brought it up', async () => {
    const { backend, review } = await openDesk();
    await backend.draw('q', 10);
    await review.open();
    await review.choose('safe');
    await review.list.filter.set('state', 'pending');
    await review.choose('safe');
    const draws = sent<NewDecision>(backend, 'decide').map(({ draw_id }) => draw_id);
    expect(draws).toEqual(['draw-10', '']);
  });

  it('combines with what is searched for', async () => {
    const { backend, review } = await openDesk();
    await review.list.filter.set('has_image', false);
    await review.list.search('rice');
    expect(asked(backend, 'list').at(-1)?.args[2]).toMatchObject({
      filter: { has_image: false, text: 'rice' },
    });
    expect(sent(backend, 'search')).toEqual([]);
  });

  it('is taken off by a tab', async () => {
    const { review } = await openDesk();
    await review.list.filter.sortBy('unsafe');
    await review.list.open('all');
    expect(review.list.filter.isOn).toBe(false);
    expect(review.list.rows).toHaveLength(15);
  });

  it('does not offer what would tell hidden verdicts', async () => {
    const { review } = await openDesk({ mode: 'blind' });
    const { filter } = review.list;
    expect(filter.offers('score', 'blind')).toBe(false);
    expect(filter.offers('uncertain', 'blind')).toBe(false);
    expect(filter.offers('language', 'blind')).toBe(true);
    await filter.set('state', 'decided');
    expect(filter.offers('score', 'blind'), 'of what is decided it is shown').toBe(true);
  });

  it('keeps the list and says why when it is refused', async () => {
    const { review } = await openDesk({ mode: 'blind' });
    await review.list.filter.sortBy('unsafe');
    expect(review.list.failure?.code).toBe('invalid');
    expect(review.list.rows).toHaveLength(15);
  });

  it('is said in words', () => {
    const terms = { ...NO_TERMS, state: 'decided', flagged: false, score: '0.4..0.6' };
    expect(termText(terms, 'state')).toBe('State: decided');
    expect(termText(terms, 'flagged')).toBe('not: Flagged');
    expect(termText(terms, 'score')).toBe('Probability of unsafe: 0.4..0.6');
  });
});

describe('the filter bar', () => {
  it('opens by key, shows what is in force, and is cleared by key', async () => {
    const { user } = await openReview();
    await user.keyboard('{Shift>}F{/Shift}');
    expect(document.activeElement).toBe(screen.getByTestId('filter-state'));
    await user.selectOptions(screen.getByTestId('filter-language'), 'th');
    const chips = await screen.findByTestId('filter-chips');
    expect(chips.textContent).toContain('Language: Thai');
    await user.keyboard('{Escape}');
    expect(screen.queryByTestId('filter-form')).toBeNull();
    await user.keyboard('{Shift>}C{/Shift}');
    await waitFor(() => expect(screen.queryByTestId('filter-chips')).toBeNull());
  });

  it('is accessible while it is open', async () => {
    const { user } = await openReview();
    await user.keyboard('{Shift>}F{/Shift}');
    await user.selectOptions(screen.getByTestId('filter-state'), 'decided');
    await screen.findByTestId('filter-chips');
    const { violations } = await axe.run(document.body, {
      rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
    });
    expect(violations.map(({ id }) => id)).toEqual([]);
  });

  it('keeps a filter as a queue, which is opened, renamed and removed among the queues', async () => {
    const { backend, user } = await openReview({ size: 40 });
    await user.click(screen.getByTestId('filter-open'));
    await user.selectOptions(screen.getByTestId('filter-language'), 'th');
    await user.type(screen.getByTestId('filter-save-name'), 'Thai first');
    await user.click(screen.getByTestId('filter-save'));
    await waitFor(() => expect(backend.filters.kept).toHaveLength(1));
    expect(screen.getByTestId('filter-name').textContent).toBe('Thai first');

    await user.click(screen.getByTestId('nav-queues'));
    const card = within(await screen.findByTestId('queue-card'));
    await user.click(await card.findByTestId('rename-filter'));
    await user.clear(card.getByTestId('filter-new-name'));
    await user.type(card.getByTestId('filter-new-name'), 'Thai{Enter}');
    await waitFor(() => expect(backend.filters.kept[0]?.name).toBe('Thai'));
    await user.click(await card.findByTestId('saved-filter'));
    await screen.findByTestId('item');
    expect(screen.getByTestId('filter-name').textContent).toBe('Thai');
    const item = await backend.item(itemOnScreen() ?? '');
    expect(item.language).toBe('th');

    await user.click(screen.getByTestId('nav-queues'));
    await user.click(await screen.findByTestId('remove-filter'));
    await waitFor(() => expect(backend.filters.kept).toEqual([]));
    expect(screen.queryByTestId('saved-filters')).toBeNull();
  });
});

it('a queue without saved filters shows none', async () => {
  const backend = new FakeBackend({ plans: [PLAN], preferences: '' });
  render(App, { backend });
  await userEvent.click(await screen.findByTestId('nav-queues'));
  await screen.findByTestId('queue-card');
  expect(screen.queryByTestId('saved-filters')).toBeNull();
});
