import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import { ImportController, importOf } from '$domain/import.svelte';
import DropAnywhere from '$views/import/DropAnywhere.svelte';
import ImportScreen from '$views/import/ImportScreen.svelte';
import { asked, show } from './show';

async function offered(): Promise<[ImportController, FakeBackend]> {
  const backend = new FakeBackend();
  const importing = new ImportController(backend, () => 0);
  await importing.open();
  await importing.offer(['/data/threads.jsonl']);
  return [importing, backend];
}

describe('ImportController', () => {
  it('shows the rows before anything is saved, and names a new queue after the file', async () => {
    const [importing, backend] = await offered();
    expect(importing.phase).toBe('previewing');
    expect(importing.queueName).toBe('threads');
    expect(asked(backend, 'importFiles')).toEqual([]);
  });

  it('asks for a new preview with the changed mapping', async () => {
    const [importing, backend] = await offered();
    await importing.remap('language', null);
    await importing.remap('response', 'board');
    expect(importing.columnOf('language')).toBeNull();
    expect(asked(backend, 'previewImport').at(-1)?.[1]).toContainEqual({
      field: 'response',
      column: 'board',
    });
  });

  it('does not start without a column to judge', async () => {
    const [importing, backend] = await offered();
    await importing.remap('prompt', null);
    await importing.start();
    expect(importing.problem).toMatch(/prompt/);
    expect(asked(backend, 'importFiles')).toEqual([]);
  });

  it('refuses the name of another queue as a new one', async () => {
    const [importing] = await offered();
    importing.newQueueName = ' forum-november ';
    expect(importing.nameTaken).toBe(true);
    importing.queueId = 'forum';
    expect(importing.problem, 'choosing that queue is fine').toBeNull();
  });

  it('goes back to the preview when the import is refused', async () => {
    const [importing, backend] = await offered();
    backend.failNext('importFiles');
    await importing.start();
    expect(importing.phase).toBe('previewing');
    expect(importing.failure?.message).toBe('The disk is full');
  });

  it('starts over when the file cannot be read', async () => {
    const backend = new FakeBackend();
    const importing = new ImportController(backend);
    backend.failNext('previewImport', { message: 'That is a folder' });
    await importing.offer(['/data']);
    expect(importing.phase).toBe('choosing');
    expect(importing.failure?.message).toBe('That is a folder');
  });

  it('drops the answer to an older question', async () => {
    const [importing, backend] = await offered();
    const first = await backend.previewImport('/data/threads.jsonl', []);
    let answerSlowly: (preview: typeof first) => void = () => {};
    backend.previewImport = vi
      .fn()
      .mockReturnValueOnce(new Promise((resolve) => (answerSlowly = resolve)))
      .mockResolvedValueOnce({ ...first, warnings: ['newer'] });
    const slow = importing.remap('id', null);
    await importing.remap('language', null);
    answerSlowly({ ...first, warnings: ['older'] });
    await slow;
    expect(importing.preview?.warnings).toEqual(['newer']);
  });

  it('takes no other file while it is importing', async () => {
    const [importing, backend] = await offered();
    let finish: () => void = () => {};
    backend.importFiles = () =>
      new Promise((_, refuse) => (finish = () => refuse(new Error('ended'))));
    const running = importing.start();
    await importing.offer(['/data/other.jsonl']);
    expect(importing.paths).toEqual(['/data/threads.jsonl']);
    await importing.stop();
    expect(asked(backend, 'cancelImport')).toHaveLength(1);
    expect(importing.stopping).toBe(true);
    finish();
    await running;
  });
});

describe('the import screen', () => {
  it('goes from the file to the report, with each failed row and its reason', async () => {
    const { backend, shell } = await show(ImportScreen, 'import');
    await userEvent.click(await screen.findByTestId('import-pick'));
    expect((await screen.findByTestId('preview-error')).textContent).toContain(
      'The prompt is missing',
    );
    await userEvent.selectOptions(screen.getByTestId('import-policy'), 'sea-guard');
    await userEvent.click(screen.getByTestId('import-start'));
    expect(asked(backend, 'importFiles')[0]?.[0]).toMatchObject({
      queue: 'forum',
      policy: 'sea-guard',
      paths: ['/data/forum.jsonl'],
    });
    expect((await screen.findByTestId('report-added')).textContent).toContain('15');
    expect(screen.getByTestId('report-failed').textContent).toContain('1');
    expect(screen.getByTestId('report-errors').textContent).toContain('The prompt is missing');
    await userEvent.click(screen.getByTestId('report-save-errors'));
    expect(asked(backend, 'saveImportErrors')).toHaveLength(1);
    await userEvent.click(screen.getByTestId('report-label'));
    expect(shell.place).toBe('run');
  });
});

describe('images of imported rows', () => {
  it('are copied unless somebody says that they stay where they are', async () => {
    const [importing, backend] = await offered();
    await importing.start();
    importing.images = 'link';
    await importing.offer(['/data/posters.jsonl']);
    await importing.start();
    const orders = asked(backend, 'importFiles').map(([order]) => order);
    expect(orders).toMatchObject([{ link_images: false }, { link_images: true }]);
  });

  it('are asked about only where a column names some', async () => {
    const { backend } = await show(ImportScreen, 'import');
    await userEvent.click(await screen.findByTestId('import-pick'));
    await screen.findByTestId('import-start');
    expect(screen.queryByTestId('import-images')).toBeNull();
    await importOf(backend).remap('images', 'board');
    await userEvent.click(await screen.findByTestId('import-images-link'));
    await userEvent.click(screen.getByTestId('import-start'));
    expect(asked(backend, 'importFiles')[0]?.[0]).toMatchObject({ link_images: true });
  });
});

describe('a file dropped on any screen', () => {
  it('lands in the import', async () => {
    const { backend, shell } = await show(DropAnywhere, 'queues');
    backend.drop(['/data/dropped.csv']);
    expect(shell.place).toBe('import');
    await vi.waitFor(() => expect(importOf(backend).phase).toBe('previewing'));
    expect(importOf(backend).preview?.file_name).toBe('dropped.csv');
  });

  it('is taken for a checkpoint on the guards screen', async () => {
    const { backend, shell } = await show(DropAnywhere, 'guards');
    backend.drop(['/models/SEA-Guard']);
    expect(shell.place).toBe('guards');
    expect(asked(backend, 'addGuard')).toEqual([['/models/SEA-Guard', null]]);
  });
});

describe('a column that is taken away', () => {
  it('is said to have none, so that it is not guessed again', async () => {
    const [importing, backend] = await offered();
    await importing.remap('language', null);
    expect(asked(backend, 'previewImport').at(-1)?.[1]).toContainEqual({
      field: 'language',
      column: '',
    });
  });
});
