/** The English texts of the window, by area. Their keys are the keys there are. */
import { alike } from './alike';
import { beside } from './beside';
import { comfort } from './comfort';
import { failure } from './failure';
import { filter } from './filter';
import { frame } from './frame';
import { guards } from './guards';
import { importing } from './import';
import { insight } from './insight';
import { keys } from './keys';
import { missing } from './missing';
import { outcome } from './outcome';
import { policy } from './policy';
import { queues } from './queues';
import { review } from './review';
import { run } from './run';
import { settings } from './settings';
import { team } from './team';
import { words } from './words';

export const en = {
  ...words,
  ...failure,
  ...filter,
  ...frame,
  ...keys,
  ...queues,
  ...importing,
  ...run,
  ...guards,
  ...review,
  ...beside,
  ...alike,
  ...comfort,
  ...outcome,
  ...policy,
  ...insight,
  ...missing,
  ...settings,
  ...team,
} as const;
