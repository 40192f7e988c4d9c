import { fireEvent, screen, within } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { tick } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeBackend } from '$lib/backend/fake';
import { speak } from '$language';
import { groupName, thresholdText } from '$domain/insight/figures';
import { missingText } from '$domain/insight/missing';
import { InsightController, REST_MS } from '$domain/insight/insight.svelte';
import { csvOf } from '$shared/charts/csv';
import InsightScreen from '$views/insight/InsightScreen.svelte';
import { asked, show } from './show';

afterEach(() => {
  vi.useRealTimers();
  speak('en');
});

async function opened(queueId = 'forum'): Promise<[InsightController, FakeBackend]> {
  const backend = new FakeBackend();
  const control = new InsightController(backend);
  await control.open(queueId);
  return [control, backend];
}

describe('InsightController', () => {
  it('shows estimates before gold, and nothing that rests on nothing', async () => {
    const [control] = await opened('blind');
    expect(control.bases.map(({ id, n }) => [id, n])).toEqual([
      ['prompt-estimate', 412],
      ['prompt-gold', 412],
      ['response-estimate', 0],
      ['response-gold', 0],
    ]);
    expect(control.basis?.id).toBe('prompt-estimate');
    control.basisId = 'prompt-gold';
    expect(control.rows.map(({ against }) => against)).toEqual(['gold']);
    control.basisId = 'response-gold';
    expect(control.basis?.id, 'what has no numbers cannot be shown').toBe('prompt-estimate');
  });

  it('looks up what a threshold means at once, and asks for intervals when the slider rests', async () => {
    const [control, backend] = await opened();
    expect([control.threshold, control.settled]).toEqual([0.5, true]);
    vi.useFakeTimers();
    const before = control.at;
    for (let step = control.step; step < 82; step += 1) control.move(step + 1);
    expect(control.at?.threshold).toBe(0.8);
    expect(control.at?.false_positives).toBeLessThan(before?.false_positives ?? 0);
    expect(asked(backend, 'insight').length, 'no call for a step').toBe(1);
    expect(control.settled, 'the intervals belong to another threshold').toBe(false);
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(asked(backend, 'insight').length, 'one for all steps').toBe(2);
    expect([control.view?.threshold, control.settled]).toEqual([0.8, true]);
  });

  it('works on one question at a time and keeps the answer to the newest alone', async () => {
    const backend = new FakeBackend();
    const answers: (() => void)[] = [];
    const whole = backend.insight;
    backend.insight = async (query) => {
      const view = await whole(query);
      await new Promise<void>((resolve) => answers.push(resolve));
      return view;
    };
    const control = new InsightController(backend);
    const opening = control.open('forum');
    await vi.waitFor(() => expect(answers.length).toBe(1));
    void control.chooseGuard('g-qwen');
    void control.group('category');
    const newest = control.group('guard');
    expect(asked(backend, 'insight').length, 'nothing piles up').toBe(1);
    answers[0]?.();
    await vi.waitFor(() => expect(answers.length).toBe(2));
    expect(control.view, 'the answer to the first question is dropped').toBeNull();
    answers[1]?.();
    await Promise.all([opening, newest]);
    expect(asked(backend, 'insight')[1]).toEqual([
      { queue_id: 'forum', guard_id: 'g-qwen', by: 'guard', threshold: 0.5 },
    ]);
    expect([control.viewBy, control.working]).toEqual(['guard', false]);
  });

  it('asks for groups by a key of the source once it has one', async () => {
    const [control, backend] = await opened();
    await control.group('source');
    expect(asked(backend, 'insight').length).toBe(1);
    await control.group('source', ' board ');
    expect(asked(backend, 'insight').at(-1)).toMatchObject([{ by: 'source:board' }]);
  });

  it('tells nothing of a queue that was left', async () => {
    const [control, backend] = await opened();
    backend.failNext('insight', { message: 'It cannot be read' });
    await control.choose('blind');
    expect([control.view, control.failure?.message]).toEqual([null, 'It cannot be read']);
    await control.ask();
    expect([control.view === null, control.failure]).toEqual([false, null]);
  });

  it('fits a temperature and says for which task there is none', async () => {
    const [control, backend] = await opened();
    expect(control.calibration).toBeNull();
    await control.fit();
    expect(asked(backend, 'calibrate')).toEqual([['forum', null]]);
    expect(control.calibration?.temperature).toBe(1.83);
    expect(control.missing.map(({ task }) => task)).toEqual(['response']);
  });

  it('asks nothing more once it is closed', async () => {
    const [control, backend] = await opened();
    vi.useFakeTimers();
    control.move(10);
    control.close();
    await vi.advanceTimersByTimeAsync(REST_MS);
    expect(asked(backend, 'insight').length).toBe(1);
  });
});

describe('figures', () => {
  it('are written as short as they are exact', () => {
    expect([0.5, 0.29, 0.001, 0.995].map(thresholdText)).toEqual([
      '0.50',
      '0.29',
      '0.001',
      '0.995',
    ]);
    expect([groupName('language', 'th'), groupName('source', 'unknown')]).toEqual([
      'Thai',
      'not known',
    ]);
  });

  it('leave for programs with a point, and empty where they are undefined', () => {
    const rows = [['a "quoted", word', 0.5, null]];
    expect(csvOf({ columns: ['group', 'auprc', 'low'], rows })).toBe(
      'group,auprc,low\r\n"a ""quoted"", word",0.5,\r\n',
    );
  });
});

describe('the dashboard', () => {
  it('says what its numbers rest on, and what is no estimate', async () => {
    await show(InsightScreen, 'insight', { queueId: 'forum' });
    const basis = await screen.findByTestId('insight-basis');
    expect(basis.textContent).toContain('Blind decisions on items of a uniform draw');
    expect(basis.textContent).toContain('No gold labels came with these items');
    expect(screen.getByTestId('basis-prompt-gold')).toHaveProperty('disabled', true);
    expect(screen.getByTestId('insight-selected').textContent).toContain('not an estimate');
  });

  it('says what to do where there is nothing to rest on', async () => {
    const { shell } = await show(InsightScreen, 'insight', { queueId: 'fresh' });
    const none = await screen.findByTestId('insight-no-basis');
    expect(none.textContent).toContain('No guard has judged anything');
    expect(screen.queryByTestId('quality-table'), 'no number is made up').toBeNull();
    await userEvent.click(screen.getByTestId('insight-to-run'));
    expect(shell.place).toBe('run');
  });

  it('says that a number is undefined, and why, and never shows zero for it', async () => {
    await show(InsightScreen, 'insight', { queueId: 'forum' });
    const cells = await screen.findAllByTestId('quality-auprc');
    expect(cells.map((cell) => cell.textContent?.replaceAll(/\s+/g, ' ').trim())).toEqual([
      '0.912 0.872 to 0.942',
      '0.912 0.872 to 0.942',
      '– undefined',
    ]);
    const reasons = screen.getByTestId('quality-reasons');
    expect(reasons.textContent).toContain('Burmese, AUPRC');
    expect(reasons.textContent).toContain('none of the 12 is unsafe');
    const agreement = screen.getByTestId('agreement-response');
    expect(agreement.textContent).toMatch(/undefined\s*nothing was decided blind/);
    expect(screen.getByTestId('kappas').textContent).toContain('one and the same label');
  });

  it('lets the matrix and the load follow the slider', async () => {
    await show(InsightScreen, 'insight', { queueId: 'forum' });
    const slider = await screen.findByTestId('threshold');
    expect(slider.getAttribute('aria-valuetext')).toBe('0.50');
    const flagged = () => Number(screen.getByTestId('true-positives').textContent);
    const before = [flagged(), screen.getByTestId('load').textContent];
    await fireEvent.input(slider, { target: { value: '92' } });
    expect(screen.getByTestId('threshold-value').textContent?.trim()).toBe('0.90');
    expect(flagged()).toBeLessThan(Number(before[0]));
    expect(screen.getByTestId('load').textContent).not.toBe(before[1]);
    expect(screen.getByTestId('at-precision').textContent).toMatch(/^[01]\.\d{3}$/);
  });

  it('tells groups apart as chosen, and shows the numbers of a guard', async () => {
    const { backend } = await show(InsightScreen, 'insight', { queueId: 'forum' });
    await fireEvent.change(await screen.findByTestId('insight-by'), { target: { value: 'guard' } });
    const table = await screen.findByTestId('quality-table');
    await vi.waitFor(() => expect(table.textContent).toContain('Qwen3Guard-Gen-4B'));
    await fireEvent.change(screen.getByTestId('insight-guard'), { target: { value: 'g-qwen' } });
    await vi.waitFor(() =>
      expect(asked(backend, 'insight').at(-1)).toMatchObject([{ guard_id: 'g-qwen' }]),
    );
  });

  it('has a name and a table for every chart, and keeps its numbers in a file', async () => {
    const { backend } = await show(InsightScreen, 'insight', { queueId: 'forum' });
    const chart = await screen.findByTestId('curve');
    expect(within(chart).getByRole('img').getAttribute('aria-label')).toMatch(
      /Precision-recall curve, Prompt: Estimate \(412\): AUPRC 0\.912\. At the threshold 0\.50/,
    );
    await userEvent.click(within(chart).getByText('The numbers of this chart'));
    expect((await within(chart).findAllByRole('row')).length).toBeGreaterThan(50);
    await userEvent.click(screen.getByTestId('curve-csv'));
    await vi.waitFor(() => expect(asked(backend, 'saveFigure').length).toBe(1));
    const [path, format, text] = asked(backend, 'saveFigure')[0] ?? [];
    expect([path, format]).toEqual([
      '/data/forum-november-prompt-estimate-precision-recall.csv',
      'csv',
    ]);
    expect(String(text)).toMatch(/^threshold,recall,precision\r\n,0,1\r\n/);
    expect(screen.getByTestId('figure-saved').textContent).toContain(String(path));
  });

  it('writes nothing where no place was chosen, and says so where it cannot', async () => {
    const { backend } = await show(InsightScreen, 'insight', { queueId: 'forum' });
    const whole = backend.pickSaveFile;
    backend.pickSaveFile = () => Promise.resolve(null);
    const button = await screen.findByTestId('quality-csv');
    await userEvent.click(button);
    expect(asked(backend, 'saveFigure')).toEqual([]);
    backend.pickSaveFile = whole;
    backend.failNext('saveFigure');
    await userEvent.click(button);
    expect((await screen.findByTestId('failure')).textContent).toContain('The disk is full');
  });

  it('keeps a temperature beside what the guard gave', async () => {
    await show(InsightScreen, 'insight', { queueId: 'forum' });
    expect((await screen.findByTestId('temperature-none')).textContent).toContain('No temperature');
    await userEvent.click(screen.getByTestId('temperature-fit'));
    const table = await screen.findByTestId('temperature');
    expect(table.textContent).toMatch(/1\.830.*0\.083\s*0\.021/s);
    expect(screen.getByTestId('calibration-error').textContent, 'as given').toBe('0.083');
    expect(screen.getByTestId('temperature-missing').textContent).toContain(
      'nothing that it could be',
    );
  });

  it('says why a number is missing in the language of the window', async () => {
    await show(InsightScreen, 'insight', { queueId: 'fresh' });
    const agreement = await screen.findByTestId('agreement-prompt');
    expect(agreement.textContent).toContain('nothing was decided blind by two reviewers');
    speak('id');
    await tick();
    expect(agreement.textContent).toContain('diputuskan secara tersamar oleh dua peninjau');
    expect(missingText({ code: 'resamples', undefined: 1200, resamples: 2000 })).toBe(
      'tak terdefinisi dalam 1.200 dari 2.000 sampel ulang',
    );
  });

  it('offers to try again what has failed', async () => {
    const backend = new FakeBackend();
    backend.failNext('insight');
    await show(InsightScreen, 'insight', { queueId: 'forum' }, backend);
    await userEvent.click(await screen.findByTestId('insight-again'));
    expect(await screen.findByTestId('quality-table')).not.toBeNull();
  });

  it('shows every problem of a broken history', async () => {
    const backend = new FakeBackend();
    backend.verifyAudit = () =>
      Promise.resolve({ events: 3, head: 'ab', problems: ['Event 2 was edited'] });
    await show(InsightScreen, 'insight', { queueId: 'forum' }, backend);
    await userEvent.click(await screen.findByTestId('audit-verify'));
    const result = await screen.findByTestId('audit-result');
    expect(result.dataset.whole).toBe('false');
    expect(result.textContent).toContain('Event 2 was edited');
  });
});
