/** Why a number, or its interval, is missing, in the language of the window. */
import { t } from '$language';
import type { Missing } from '$lib/backend';
import { decimals } from '../format';

export function missingText(missing: Missing): string {
  switch (missing.code) {
    case 'no_positives':
    case 'no_negatives':
    case 'nothing_flagged':
    case 'one_label':
      return t(`missing.${missing.code}`, { n: missing.cases });
    case 'one_rating':
      return t('missing.one_rating', { n: missing.ratings });
    case 'temperature_below':
      return t('missing.temperature_below', { end: decimals(missing.min, 2) });
    case 'temperature_above':
      return t('missing.temperature_above', { end: decimals(missing.max, 0) });
    case 'resamples':
      return t('missing.resamples', { n: missing.undefined, of: missing.resamples });
    default:
      return t(`missing.${missing.code}`);
  }
}
