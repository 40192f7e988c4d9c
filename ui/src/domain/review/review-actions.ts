/** What can be done on the review screen, when, and how: the handlers behind keys, buttons and palette. */
import { t } from '$language';
import { labelName } from '../labels';
import { numberedAction, type Handler, type Handlers } from '../keys';
import type { Busy } from './busy.svelte';
import type { ReviewController } from './review.svelte';

/** `yields`: digits are meant for something else now. */
export function reviewActions(
  review: ReviewController,
  yields: () => boolean = () => false,
): Handlers {
  const ready = () => review.ready;
  const open = () => review.ready || review.phase === 'finished';
  /** The suggestion is about the first step: what has been chosen since is not thrown away by a stray key. */
  const suggested = () => review.ready && review.suggestion !== null && review.draft === null;
  const armed = () => review.ready && review.draft !== null;
  const onItem = (run: () => unknown, enabled: () => boolean = ready): Handler => ({
    run: () => void run(),
    enabled,
  });

  return {
    ...labelActions(review, yields),
    ...categoryActions(review, yields),
    accept: onItem(() => review.accept(), suggested),
    reject: onItem(() => review.reject(), suggested),
    'refusal-yes': onItem(
      () => review.setRefusal(true),
      () => asksRefusal(review),
    ),
    'refusal-no': onItem(
      () => review.setRefusal(false),
      () => asksRefusal(review),
    ),
    commit: onItem(
      () => review.commit(),
      () => review.ready || review.failedSave !== null,
    ),
    submit: onItem(() => review.commit(), armed),
    disarm: onItem(
      () => review.disarm(),
      () => armed() || review.choosing || review.reasons.asking !== null,
    ),
    skip: onItem(() => review.skip()),
    escalate: onItem(() => review.escalate()),
    flag: onItem(() => review.flag()),
    quarantine: onItem(() => review.quarantine()),
    undo: onItem(() => review.undo(), open),
    next: onItem(() => review.next(), open),
    previous: onItem(() => review.previous(), open),
    'switch-task': onItem(
      () => review.switchTask(),
      () => review.ready && (review.item?.tasks.length ?? 0) > 1,
    ),
  };
}

/** Why the screen may not be left: what is not saved would be lost. Null if it may. */
export function heldBy(
  review: ReviewController,
  selection: { choice: { busy: Busy } },
): string | null {
  if (review.failedSave !== null) return t('review.hold.failed');
  if (review.wantsReviewer) return t('review.hold.who');
  return review.busy.saving || selection.choice.busy.saving ? t('review.hold.saving') : null;
}

function asksReason(review: ReviewController): boolean {
  return review.reasons.asking !== null;
}

function asksRefusal(review: ReviewController): boolean {
  return review.ready && review.asked?.refusal === true;
}

function labelActions(review: ReviewController, yields: () => boolean): Handlers {
  const handlers: Handlers = {};
  for (let index = 0; ; index += 1) {
    const action = numberedAction('label', index);
    if (action === null) return handlers;
    handlers[action] = {
      run: () => {
        const label = review.labels[index];
        if (label !== undefined) void review.choose(label);
      },
      enabled: () =>
        review.ready &&
        !yields() &&
        review.draft === null &&
        !asksReason(review) &&
        index < review.labels.length,
      exists: () => index < review.labels.length,
      name: () => t('action.labelNamed', { label: labelName(review.labels[index] ?? '') }),
    };
  }
}

/** Digits of the second step: categories, yes and no where only the refusal is open, or the team's reasons. */
function categoryActions(review: ReviewController, yields: () => boolean): Handlers {
  const handlers: Handlers = {};
  const categories = () => review.asked?.categories ?? [];
  /** How many keys the second step needs at most. */
  const most = () => {
    const { prompt, response } = review.card?.scheme ?? {};
    const tasks = [prompt, response].filter((task) => task !== undefined);
    const rules = Object.values(review.terms?.reasons ?? {});
    return Math.max(
      0,
      ...rules.map((rule) => rule.codes.length),
      ...tasks.map((task) => Math.max(task.categories.length, task.refusal ? 2 : 0)),
    );
  };
  for (let index = 0; ; index += 1) {
    const action = numberedAction('category', index);
    if (action === null) return handlers;
    const category = () => categories()[index];
    const reason = () => review.reasons.asking?.rule.codes[index];
    const refusal = () => asksRefusal(review) && categories().length === 0 && index < 2;
    handlers[action] = {
      run: () => {
        const name = category();
        if (asksReason(review)) void review.reasons.give(index);
        else if (name !== undefined) review.toggleCategory(name);
        else void review.setRefusal(index === 0);
      },
      enabled: () =>
        review.ready &&
        !yields() &&
        (asksReason(review) ? reason() !== undefined : category() !== undefined || refusal()),
      exists: () => index < most(),
      name: () =>
        reason()?.text ?? category() ?? t(index === 0 ? 'action.refusal-yes' : 'action.refusal-no'),
    };
  }
}
