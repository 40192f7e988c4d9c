/** How text fields and selects look, wherever they stand. */
export const CONTROL =
  'h-8 w-full min-w-0 rounded-md border border-line-strong bg-surface px-2 text-text ' +
  'disabled:cursor-not-allowed disabled:opacity-60 placeholder:text-text-3';
