/**
 * A mouse click on a button does not take the focus, so that the keys go on working after it: Space after a click on
 * "Flag" skips the item, it does not press "Flag" again. A text field that had the focus gives it up, as it would have.
 */
export function keepKeysFromButtons(event: MouseEvent): void {
  if (!(event.target instanceof Element)) return;
  const control = event.target.closest('button, summary, [role="tab"]');
  if (control === null || event.target.closest('[data-takes-focus]') !== null) return;
  event.preventDefault();
  const focused = document.activeElement;
  if (focused instanceof HTMLElement && !control.contains(focused)) focused.blur();
}
