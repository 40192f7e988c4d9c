import { fireEvent, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import { ExportController } from '$domain/export.svelte';
import ExportScreen from '$views/export/ExportScreen.svelte';
import { asked, show } from './show';

describe('ExportController', () => {
  it('asks what becomes of controversial only where the guard has no such label', async () => {
    const control = new ExportController(new FakeBackend());
    await control.open('forum');
    expect(control.asksControversial, 'the demo guard says safe or unsafe').toBe(true);
    control.guardId = 'g-qwen';
    expect(control.asksControversial).toBe(false);
    control.guardId = 'g-demo';
    control.format = 'decisions';
    expect(control.asksControversial, 'decisions keep their labels').toBe(false);
  });

  it('asks for no preview of an order that cannot be', async () => {
    const backend = new FakeBackend();
    const control = new ExportController(backend);
    await control.open('forum');
    const before = asked(backend, 'previewExport').length;
    for (const change of [{ validation: 0.6 }, { validation: 0.1, seed: -1 }, { seed: 1.5 }]) {
      Object.assign(control, change);
      await control.refresh();
      expect(control.problem).not.toBeNull();
      expect(control.preview).toBeNull();
    }
    expect(asked(backend, 'previewExport')).toHaveLength(before);
  });

  it('drops the preview of an older order', async () => {
    const backend = new FakeBackend();
    const control = new ExportController(backend);
    await control.open('forum');
    const now = control.preview;
    if (now === null) throw new Error('there is a preview');
    let answerSlowly: (preview: typeof now) => void = () => {};
    backend.previewExport = vi
      .fn()
      .mockReturnValueOnce(new Promise((resolve) => (answerSlowly = resolve)))
      .mockResolvedValueOnce({ ...now, rows: 2 });
    const slow = control.refresh();
    await control.refresh();
    answerSlowly({ ...now, rows: 1 });
    await slow;
    expect(control.preview?.rows).toBe(2);
  });

  it('writes nothing when no folder is chosen', async () => {
    const backend = new FakeBackend();
    const control = new ExportController(backend);
    await control.open('forum');
    backend.pickFolder = () => Promise.resolve(null);
    await control.export();
    expect(asked(backend, 'export')).toEqual([]);
    expect(control.report).toBeNull();
  });
});

describe('the export screen', () => {
  it('shows what would be written and what is left out, then where it went', async () => {
    const { backend } = await show(ExportScreen, 'export', { queueId: 'forum' });
    expect((await screen.findByTestId('export-rows')).textContent).toContain('3 rows');
    expect(screen.getByTestId('export-left-out').textContent).toContain('not decided');
    await userEvent.click(screen.getByTestId('export-controversial-unsafe'));
    await fireEvent.input(screen.getByTestId('export-validation'), { target: { value: '20' } });
    await userEvent.click(await screen.findByTestId('export-start'));
    expect(asked(backend, 'export')[0]?.[0]).toMatchObject({
      queue_id: 'forum',
      format: 'llama-factory',
      controversial_as: 'unsafe',
      validation: 0.2,
    });
    expect((await screen.findByTestId('export-head')).textContent).toBe('c0'.repeat(32));
  });

  it('asks nothing about wording for decisions', async () => {
    await show(ExportScreen, 'export', { queueId: 'forum' });
    await userEvent.click(await screen.findByTestId('export-format-decisions'));
    expect(screen.queryByTestId('export-settings')).toBeNull();
  });

  it('says what to do when there is nothing', async () => {
    await show(ExportScreen, 'export', { plans: [] });
    expect(await screen.findByTestId('export-empty')).toBeTruthy();
  });
});

describe('a queue that is gone', () => {
  it('is replaced by one that is there, for the other screens too', async () => {
    const { shell } = await show(ExportScreen, 'export', { queueId: 'deleted' });
    expect(await screen.findByTestId('export-rows')).toBeTruthy();
    expect(shell.queueId).toBe('forum');
    expect(shell.place).toBe('export');
  });
});
