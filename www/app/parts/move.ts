import { moveDoodle, type DoodleClass } from "../state/doodles.js";
import { say } from "../state/notices.js";
import { CARDS } from "../words.js";

/** What a doodle that is dragged is known by: files, and what comes from other pages, are not it. */
export const DRAGGED = "application/x-doodletune-doodle";

/** Puts a doodle into a class, and offers to put it back. */
export function moveTo(doodleId: string, to: DoodleClass): void {
  if (to.doodles.some(({ id }) => id === doodleId)) return;
  say(CARDS.moved(to.name), { label: CARDS.undo, run: moveDoodle(doodleId, to.id) });
}
