/**
 * Going through a text by the page, by key, wherever the focus is.
 */

/** Of what is in view, how much a page moves: a line or two stay, to read on from. */
const PAGE_SHARE = 0.85;

/** Moves what an element shows by a page. */
export function page(element: HTMLElement | null, by: 1 | -1): void {
  element?.scrollBy({ top: by * PAGE_SHARE * element.clientHeight });
}

/** Whether there is more of it than is in view. */
export function scrolls(element: HTMLElement | null): boolean {
  return element !== null && element.scrollHeight > element.clientHeight;
}
