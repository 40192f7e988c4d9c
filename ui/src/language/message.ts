/** What a key is, and what a message asks for, both read from the English texts by the type checker. */
import type { en } from './en';

type Stored = keyof typeof en;
type Singular<Key extends string> = Key extends `${infer Base}_one` ? Base : never;

/** A message; one with a singular of its own is asked for without `_one` and `_other`. */
export type MessageKey =
  Exclude<Stored, `${string}_one` | `${string}_other`> | Singular<Stored & string>;

/** What can go wrong, as the texts know it. */
export type FailureCode = CodeIn<MessageKey>;
type CodeIn<Key> = Key extends `failure.${infer Code}`
  ? Code extends `${string}.advice`
    ? never
    : Code
  : never;

type Text<Key extends MessageKey> = Key extends Stored
  ? (typeof en)[Key]
  : `${Key}_other` extends Stored
    ? (typeof en)[`${Key}_other`]
    : never;

/** Names and types of what stands in double braces; `{{n, number}}` is written as the language writes numbers. */
type SlotsOf<Text extends string> = Text extends `${string}{{${infer Slot}}}${infer Rest}`
  ? (Slot extends `${infer Name}, number` ? { [K in Name]: number } : { [K in Slot]: string }) &
      SlotsOf<Rest>
  : unknown;

/** What has to be given beside the key. */
export type Values<Key extends MessageKey> =
  unknown extends SlotsOf<Text<Key>> ? [] : [values: SlotsOf<Text<Key>>];

/** The texts that a further language has to have. Languages without a singular of their own leave it out. */
export type Translated<Area> = {
  readonly [Key in keyof Area as Key extends `${string}_one` ? never : Key]: string;
};

/** Stands for what is no text, such as a printed key. */
const GAP = '\u{fffc}';

/** A message around something that is no text: `say` is given what to put there, and its two sides come back. */
export function around(say: (gap: string) => string): [before: string, after: string] {
  const [before = '', after = ''] = say(GAP).split(GAP);
  return [before, after];
}
