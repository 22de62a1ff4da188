/**
 * Does `then` once what has just changed is on the page, and before any key can be pressed: Preact renders in a microtask.
 * A frame later is too late for quick hands on a slow machine.
 */
export function onceRendered(then: () => void): void {
  queueMicrotask(then);
}
