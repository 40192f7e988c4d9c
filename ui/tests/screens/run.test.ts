import { screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it } from 'vitest';
import { BEING_LOADED, runUnderWay, SEA_GUARD_12B } from '$lib/backend/fake/fixtures';
import { FakeBackend } from '$lib/backend/fake';
import { RunController } from '$domain/run.svelte';
import RunScreen from '$views/run/RunScreen.svelte';
import { asked, show } from './show';

describe('RunController', () => {
  it('starts with the default guard and follows the notices of its own queue', async () => {
    const backend = new FakeBackend();
    const control = new RunController(backend);
    await control.open('fresh');
    await control.start();
    expect(asked(backend, 'startRun')).toEqual([
      [
        {
          queue_id: 'fresh',
          guard_id: 'g-demo',
          device: 'auto',
          precision: 'auto',
          pixels_max: null,
        },
      ],
    ]);
    control.onNotice({ kind: 'run', run: { ...runUnderWay('forum'), done: 7 } });
    expect(control.run?.done, 'the run of another queue is not taken').toBe(0);
    control.onNotice({ kind: 'run', run: runUnderWay('fresh') });
    expect(control.fraction, 'what could not be judged is counted already').toBe(4 / 8);
  });

  it('finds the run that goes on when the screen is opened again', async () => {
    const backend = new FakeBackend();
    const ended = { ...runUnderWay('fresh'), id: 'run-2', state: 'done' };
    backend.runList = [ended, runUnderWay('fresh')];
    const control = new RunController(backend);
    await control.open('fresh');
    expect(control.run?.id).toBe('run-1');
    expect(control.active).toBe(true);
  });

  it('keeps the forecast of the newest order, whichever is answered last', async () => {
    const backend = new FakeBackend();
    const control = new RunController(backend);
    await control.open('fresh');
    const order = control.order;
    if (order === null) throw new Error('there is a queue');
    const first = control.foresee(order);
    await control.foresee({ ...order, guard_id: 'g-qwen' });
    await first;
    expect(control.forecast?.seconds).toBeNull();
  });

  it('gives up a precision that another guard cannot be run in', async () => {
    const backend = new FakeBackend();
    const control = new RunController(backend);
    await control.open('fresh');
    control.choose('g-qwen');
    control.precision = 'int4';
    control.choose('g-qwen');
    expect(control.precision).toBe('int4');
    control.choose('g-demo');
    expect(control.precision).toBe('auto');
  });

  it('says why a run could not start', async () => {
    const backend = new FakeBackend();
    const control = new RunController(backend);
    await control.open('fresh');
    backend.failNext('startRun', { code: 'engine', message: 'The guard could not be loaded' });
    await control.start();
    expect(control.run).toBeNull();
    expect(control.failure?.message).toBe('The guard could not be loaded');
    expect(control.busy).toBe(false);
  });
});

describe('the run screen', () => {
  it('starts, pauses, resumes and stops', async () => {
    const { backend } = await show(RunScreen, 'run', { queueId: 'fresh' });
    await userEvent.selectOptions(await screen.findByTestId('run-precision'), 'int8');
    await userEvent.click(screen.getByTestId('run-start'));
    expect(asked(backend, 'startRun')[0]?.[0]).toMatchObject({ precision: 'int8' });
    const run = runUnderWay('fresh');
    backend.notify({ kind: 'run', run });
    await userEvent.click(await screen.findByTestId('run-pause'));
    expect(asked(backend, 'pauseRun')).toEqual([[run.id]]);
    backend.notify({ kind: 'run', run: { ...run, state: 'paused' } });
    await userEvent.click(await screen.findByTestId('run-resume'));
    expect(asked(backend, 'resumeRun')).toEqual([[run.id]]);
    await userEvent.click(screen.getByTestId('run-stop'));
    expect(asked(backend, 'cancelRun')).toEqual([[run.id]]);
  });

  it('says how long a run will take before it starts, and measures what was not measured', async () => {
    const { backend } = await show(RunScreen, 'run', { queueId: 'fresh' });
    const forecast = await screen.findByTestId('run-forecast');
    expect(forecast.textContent).toMatch(/About 12 min 5 s\s+for 528 verdicts/);
    expect(forecast.textContent).toMatch(/measured 2026-02-14 .* by the last run/);
    await userEvent.selectOptions(screen.getByTestId('run-guard'), 'g-qwen');
    await userEvent.click(await screen.findByTestId('run-measure'));
    expect(asked(backend, 'measureRun')[0]?.[0]).toMatchObject({ guard_id: 'g-qwen' });
    expect((await screen.findByTestId('run-forecast')).textContent).toMatch(/About 12 min 5 s/);
    expect(asked(backend, 'startRun'), 'measuring starts no run').toEqual([]);
  });

  it('shows what is read, what of it comes from the cache, and what is repeated', async () => {
    const backend = new FakeBackend();
    backend.runList = [runUnderWay('fresh')];
    await show(RunScreen, 'run', { queueId: 'fresh' }, backend);
    expect((await screen.findByTestId('run-tokens')).textContent).toContain('4,320 tokens/s');
    expect(screen.getByTestId('run-cached').textContent).toContain('68% of them from the cache');
    expect(screen.getByTestId('run-repeated').textContent).toContain('2 repeated');
  });

  it('shows how far the guard is loaded', async () => {
    const backend = new FakeBackend();
    backend.runList = [{ ...runUnderWay('fresh'), ...BEING_LOADED }];
    await show(RunScreen, 'run', { queueId: 'fresh' }, backend);
    expect((await screen.findByTestId('run-bar')).getAttribute('aria-valuenow')).toBe('32');
    expect(screen.getByTestId('run-loading').textContent).toMatch(/2\.42 GiB of 7\.49 GiB/);
  });

  it('names the precisions for which there is room when there is none for the one ordered', async () => {
    const backend = new FakeBackend();
    backend.guardList = [{ ...SEA_GUARD_12B, is_default: true }];
    await show(RunScreen, 'run', { queueId: 'fresh' }, backend);
    await userEvent.selectOptions(await screen.findByTestId('run-precision'), 'f32');
    expect(screen.getByText(/not enough free memory/).textContent).toMatch(
      /take int8 or 4-bit, close other programs/,
    );
    await userEvent.selectOptions(screen.getByTestId('run-precision'), 'int8');
    expect(screen.queryByText(/not enough free memory/)).toBeNull();
  });

  it('is loud about a slower device and a restart, and lets people review meanwhile', async () => {
    const backend = new FakeBackend();
    backend.runList = [runUnderWay('fresh')];
    const { shell } = await show(RunScreen, 'run', { queueId: 'fresh' }, backend);
    expect((await screen.findByTestId('run-fallback')).getAttribute('role')).toBe('alert');
    expect(screen.getByTestId('run-notes').textContent).toContain('started again');
    expect(screen.getByTestId('run-recent').textContent).toContain('Controversial');
    await userEvent.click(screen.getByTestId('run-review'));
    expect(shell.place).toBe('review');
  });

  it('shows no label while the queue is reviewed blind, even if one were sent', async () => {
    const backend = new FakeBackend();
    backend.runList = [runUnderWay('blind')];
    await show(RunScreen, 'run', { queueId: 'blind' }, backend);
    expect(await screen.findByTestId('run-blind')).toBeTruthy();
    expect(screen.getByTestId('run-recent').textContent).not.toMatch(/Controversial|Unsafe/);
  });
});
