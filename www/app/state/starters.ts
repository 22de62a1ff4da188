import { byHand } from "../starters/hand.js";
import { SETS, type Draw, type SetName } from "../starters/sets.js";
import { STARTERS } from "../words.js";
import { demonstrate } from "./demonstration.js";
import { addByName, type Stroke } from "./doodles.js";
import { say } from "./notices.js";
import { random, type Next } from "./random.js";

/** Enough to see it work, and few enough to be looked at at once. */
const EACH = 10;

/** A doodle of each class of a set, to show what is in it. */
export function samples(set: SetName): Stroke[][] {
  const next = random(7);
  return draws(set).map(([, draw]) => byHand(draw(next), next));
}

/** Gives the page a set of classes with doodles, and draws another doodle to be guessed. */
export function tryWith(set: SetName): void {
  const next = random(1);
  const names: Readonly<Record<string, string>> = STARTERS[set].classes;
  const groups = draws(set).map(([kind, draw]): [string, Stroke[][]] => [names[kind]!, several(draw, next)]);
  const takeBack = addByName(new Map(groups));
  say(STARTERS.here(STARTERS[set].title), { label: STARTERS.undo, run: takeBack });
  const kinds = draws(set);
  const [, draw] = kinds[Math.floor(Math.random() * kinds.length)]!;
  const own = random(Math.random() * 2 ** 32);
  demonstrate(byHand(draw(own), own));
}

function several(draw: Draw, next: Next): Stroke[][] {
  return Array.from({ length: EACH }, () => byHand(draw(next), next));
}

function draws(set: SetName): [string, Draw][] {
  return Object.entries<Draw>(SETS[set]);
}
