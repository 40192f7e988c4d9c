import { render, screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import App from '../src/App.svelte';
import type { PolicyTerms } from '../src/lib/backend';
import type { QueuePlan } from '../src/lib/backend/fake';
import { sent, TWO_LABELS, underPolicy } from './review-desk';

const TEAM = [
  { code: 'language', text: 'I do not read this' },
  { code: 'cut-off', text: 'Cut off' },
];

async function open(edit: (terms: PolicyTerms) => void, plan: Partial<QueuePlan> = {}) {
  const backend = underPolicy(edit, plan);
  const user = userEvent.setup();
  render(App, { backend });
  await user.click(await screen.findByTestId('nav-review'));
  await screen.findByTestId('item');
  return { backend, user };
}

const shows = (id: string) =>
  waitFor(() => expect(screen.getByTestId('item').dataset.item).toBe(id));
const says = (text: string) =>
  waitFor(() => expect(screen.getByTestId('message').textContent).toContain(text));

describe('reasons of the team', () => {
  it('are offered by digit, and Enter goes on without where none is required', async () => {
    const { backend, user } = await open((terms) => (terms.reasons.skip.codes = TEAM));
    await user.keyboard(' ');
    expect(screen.getByTestId('reason-2').textContent).toContain('Cut off');
    await user.keyboard('2');
    await shows('q-2');
    await user.keyboard(' {Enter}');
    await shows('q-3');
    await user.keyboard('  ');
    await shows('q-4');
    expect(sent(backend, 'gesture')).toMatchObject([
      { kind: 'skip', reason: 'cut-off', note: null },
      { kind: 'skip', reason: null, note: null },
      { kind: 'skip', reason: null, note: null },
    ]);
    expect(sent(backend, 'decide'), 'the digit was no label').toEqual([]);
  });

  it('can be left by Escape, and a label key is a label again', async () => {
    const { backend, user } = await open((terms) => (terms.reasons.escalate.codes = TEAM));
    await user.keyboard('e{Escape}');
    expect(screen.queryByTestId('reasons')).toBeNull();
    await user.keyboard('1');
    await shows('q-2');
    expect([sent(backend, 'gesture'), sent(backend, 'decide').length]).toEqual([[], 1]);
  });

  it('say that one is required, and take own words only where the policy does', async () => {
    const { backend, user } = await open((terms) => {
      terms.reasons.escalate = { codes: TEAM, free_text: false, required: true, rationale: false };
    });
    await user.keyboard('e{Enter}');
    await says('wants a reason');
    expect(sent(backend, 'gesture')).toEqual([]);
    await user.type(screen.getByTestId('note'), 'a name');
    await user.keyboard('{Enter}');
    expect(sent(backend, 'gesture'), 'own words are no reason here').toEqual([]);
    await user.click(screen.getByTestId('reason-1'));
    await shows('q-2');
    expect(sent(backend, 'gesture')).toMatchObject([{ reason: 'language', note: 'a name' }]);
  });
});

describe('a note that the policy wants', () => {
  it('opens with the label, and Enter without it says why', async () => {
    const { backend, user } = await open((terms) => {
      for (const label of terms.labels) label.rationale = label.label === 'unsafe';
    }, TWO_LABELS);
    await user.keyboard('2');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId('note')));
    await user.keyboard('{Enter}');
    await says('The policy wants a note with Unsafe');
    expect(sent(backend, 'decide')).toEqual([]);
    await user.keyboard('a threat{Enter}');
    await shows('q-2');
    expect(sent(backend, 'decide')).toMatchObject([{ label: 'unsafe', note: 'a threat' }]);
  });

  it('is asked for with a category, before anything is saved', async () => {
    const { backend, user } = await open((terms) => {
      for (const category of terms.categories) category.rationale = category.name === 'PII';
    });
    await user.keyboard('34{Enter}');
    await says('The policy wants a note with PII');
    expect(sent(backend, 'decide')).toEqual([]);
    await user.keyboard('an address{Enter}');
    await shows('q-2');
    expect(sent(backend, 'decide')).toMatchObject([{ categories: ['PII'], note: 'an address' }]);
  });
});

describe('the policy panel', () => {
  it('shows the clause for the armed label, then for the chosen category', async () => {
    const { user } = await open(() => {});
    await user.keyboard('h');
    const panel = within(await screen.findByTestId('policy-panel'));
    expect(panel.queryByTestId('policy-matters'), 'nothing is said yet').toBeNull();
    await user.keyboard('3');
    const matters = () => panel.getByTestId('policy-matters').textContent;
    expect(matters()).toContain('Invented guidance about unsafe');
    await user.keyboard('1');
    expect(matters()).toContain('An invented example of Violent');
    expect(matters()).not.toContain('guidance about unsafe');
    expect(panel.getByTestId('policy-name').textContent).toContain('qwen3guard, version 1');
  });
});
