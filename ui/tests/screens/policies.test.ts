import { screen, waitFor, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import type { PolicyTerms } from '$lib/backend';
import { FakeBackend } from '$lib/backend/fake';
import { PolicyDraft } from '$domain/policy-draft.svelte';
import SettingsScreen from '$views/settings/SettingsScreen.svelte';
import { asked, show } from './show';

async function open(backend = new FakeBackend()) {
  await show(SettingsScreen, 'settings', {}, backend);
  await screen.findByTestId('policy-qwen3guard-1');
  return { backend, user: userEvent.setup() };
}

describe('the policies of the workspace', () => {
  it('are edited into a new version, with what guards say following a renamed category', async () => {
    const { backend, user } = await open();
    const row = within(screen.getByTestId('policy-qwen3guard-1'));
    await user.click(row.getByTestId('policy-edit'));
    const name = within(await screen.findByTestId('policy-category-1')).getByRole('textbox', {
      name: 'Name of category 1',
    });
    await user.clear(name);
    await user.type(name, 'Fights');
    await user.click(screen.getByTestId('policy-add-skip-reason'));
    await user.type(screen.getByLabelText('Reasons to skip: code 1'), 'language');
    await user.type(screen.getByLabelText('Reasons to skip: text 1'), 'I do not read this');
    await user.click(screen.getByTestId('policy-save'));
    await screen.findByTestId('policy-qwen3guard-2');
    const [[saved]] = asked(backend, 'savePolicy') as [[PolicyTerms]];
    expect(saved.categories[0]?.name).toBe('Fights');
    expect(saved.reasons.skip.codes).toEqual([{ code: 'language', text: 'I do not read this' }]);
    expect(screen.getByTestId('policy-message').textContent).toContain('version 2, is kept');
  });

  it('say what going over would mean before a queue does', async () => {
    const { backend, user } = await open();
    const row = within(screen.getByTestId('policy-sea-guard-1'));
    await user.selectOptions(row.getByTestId('policy-use'), 'forum');
    const step = await screen.findByTestId('policy-step');
    expect(step.textContent).toContain('There is no category Violent');
    expect(asked(backend, 'usePolicy'), 'nothing has happened yet').toEqual([]);
    await user.click(screen.getByTestId('policy-take'));
    await waitFor(() => expect(asked(backend, 'usePolicy')).toEqual([['forum', 'sea-guard@1']]));
    expect((await screen.findByTestId('policy-message')).textContent).toContain('sea-guard@1');
  });

  it('come from a file and go into one, and a refused file is said with its reason', async () => {
    const { backend, user } = await open();
    await user.click(
      within(screen.getByTestId('policy-qwen3guard-1')).getByTestId('policy-export'),
    );
    await waitFor(() =>
      expect(asked(backend, 'exportPolicy')).toEqual([['qwen3guard@1', '/data/qwen3guard-1.json']]),
    );
    backend.failNext('importPolicy', { message: 'labels[1].label: there is no such label' });
    await user.click(screen.getByTestId('policy-import'));
    expect((await screen.findByTestId('failure')).textContent).toContain('labels[1].label');
  });

  it('keep a mapping with a category that is renamed, and lose it with one that is taken out', async () => {
    const [version] = new FakeBackend().policyList.versions;
    const terms = structuredClone((version as { terms: PolicyTerms }).terms);
    terms.guards = [
      {
        family: 'qwen3guard-gen',
        labels: [
          { native: 'Safe', target: 'safe' },
          { native: 'Controversial', target: 'controversial' },
        ],
        categories: [
          { native: 'Violent', target: 'Violent' },
          { native: 'PII', target: 'PII' },
        ],
      },
    ];
    const draft = new PolicyDraft(terms);
    const [first] = draft.categories;
    if (first !== undefined) first.name = 'Fights';
    draft.removeCategory(draft.categories.findIndex(({ name }) => name === 'PII'));
    const middle = draft.labels.find(({ label }) => label === 'controversial');
    if (middle !== undefined) middle.has = false;
    expect(draft.terms().guards).toEqual([
      {
        family: 'qwen3guard-gen',
        labels: [{ native: 'Safe', target: 'safe' }],
        categories: [{ native: 'Violent', target: 'Fights' }],
      },
    ]);
  });
});
