/**
 * What covers an item, seen as one: its images and its muted words are revealed by the same keys. And whether an item
 * is one of those that a reminder of a break counts.
 */
import type { ItemView } from '../../lib/backend';
import type { MutedWords } from '../comfort';
import type { Handlers } from '../keys';
import { severityOf } from '../labels';
import type { PicturesController } from './pictures.svelte';

/** Lifts every cover of the item, for as long as the key is held, or until it is asked again. */
export function revealActions(pictures: PicturesController, muted: MutedWords): Handlers {
  const pictured = () => pictures.current?.problem === null && pictures.covers;
  const enabled = () => pictured() || muted.covers;
  return {
    reveal: {
      run: () => {
        pictures.hold();
        muted.hold();
      },
      release: () => {
        pictures.letGo();
        muted.letGo();
      },
      enabled,
    },
    'reveal-keep': {
      run: () => {
        if (pictured()) pictures.toggle();
        if (muted.covers) muted.toggle();
      },
      enabled,
    },
  };
}

/** Somebody has called it unsafe, or the guard does in a verdict that is in view. */
export function isUnsafe(item: ItemView): boolean {
  const unsafe = (label: string | undefined) =>
    label !== undefined && severityOf(label) === 'unsafe';
  return item.tasks.some(
    ({ decision, verdict }) =>
      unsafe(decision?.label) || (verdict.kind === 'shown' && unsafe(verdict.verdict.label)),
  );
}
