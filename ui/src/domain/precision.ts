/**
 * Precisions of weights: what they are called, and which of them are coarser than what the guard was published in.
 */
import { t } from '$language';
import type { VerdictView } from '../lib/backend';

/** Those in which a parameter is a floating-point number of its own. */
const FULL = ['f64', 'f32', 'bf16', 'f16'];

/** "4-bit" for "int4", "Q4_K" for a GGUF's "q4_k". */
export function precisionName(precision: string): string {
  if (precision === 'int4') return t('run.precision.int4');
  return precision.replace(/^(i?q\d.*)$/, (name) => name.toUpperCase());
}

/** What the weights behind a verdict were quantised to; null if they were not, or if it is not recorded. */
export function quantisedTo(verdict: VerdictView): string | null {
  const precision = verdict.provenance.find(({ name }) => name === 'Precision')?.value;
  if (precision === undefined || FULL.includes(precision.toLowerCase())) return null;
  return precisionName(precision);
}
