import { effect, signal } from "@preact/signals";
import { choose, classes, doodleCount } from "./doodles.js";
import { taughtClasses, tuner } from "./learner.js";
import { READY_WORDS } from "./race/ready-words.js";

/** A word to draw; null while nobody asked for one. */
export const prompt = signal<string | null>(null);

// Once it is drawn and added, it is over.
effect(() => {
  void doodleCount.value;
  prompt.value = null;
});

/** Thinks of something to draw: one of the person's own classes, or of what the network knows as long as there are none. */
export function surprise(): void {
  if (taughtClasses.value < 2 && known().length > 0) {
    prompt.value = pick(known().filter((word) => word !== prompt.value));
    return;
  }
  const others = classes.value.filter(({ name }) => name !== prompt.value);
  // A class with few doodles has more to gain from another.
  const fewest = Math.min(...others.map(({ doodles }) => doodles.length));
  const needy = others.filter(({ doodles }) => doodles.length <= 2 * fewest + 1);
  const chosen = pick(needy.length > 0 ? needy : classes.value);
  if (!chosen) return;
  choose(chosen.id);
  prompt.value = chosen.name;
}

/** What the network knows well, and children can draw. */
function known(): readonly string[] {
  const labels = new Set(tuner.value?.backbone.labels);
  return READY_WORDS.filter((word) => labels.has(word));
}

function pick<T>(list: readonly T[]): T | null {
  return list[Math.floor(Math.random() * list.length)] ?? null;
}
