/** Where what had the focus is gone, a keyboard goes on from the room. */
export function focusRoom(): void {
  const room = document.querySelector("main");
  if (!room || document.activeElement !== document.body) return;
  room.tabIndex = -1;
  room.focus({ preventScroll: true });
}
