import { computed } from "@preact/signals";
import { classes } from "../doodles.js";
import { answers, borrowed, knownThings, trained, tuner } from "../learner.js";
import { running } from "../training.js";
import { DoodleTuneError } from "../../../lib/index.js";
import type { Guesser } from "./judge.js";
import type { Source } from "./settings.js";
import { RACE } from "../../words.js";
import { READY_WORDS } from "./ready-words.js";

/** Among hundreds of things two fifths of all chances are much; among a few classes they are nothing. */
const BARS: Record<Source, number> = { "ready-made": 0.4, own: 0.8 };

/** Who can be asked to guess now. A network that is being trained would not be the same for everybody. */
export const available = computed((): Record<Source, boolean> => ({
  "ready-made": readyWords.value.length > 0,
  own: answers.value && trained.value && !running.value,
}));

const readyWords = computed(() => {
  if (knownThings.value === 0) return [];
  const known = new Set(tuner.value!.backbone.labels);
  return READY_WORDS.filter((word) => known.has(word));
});

/** What the network that was taught here knows. */
export const ownWords = computed((): readonly string[] =>
  borrowed.value.length > 0
    ? borrowed.value
    : classes.value.filter(({ doodles }) => doodles.length > 0).map(({ name }) => name),
);

/** Words that can be guessed, in a random order; a word comes again only when there are no others. */
export function wordsOf(source: Source, count: number): string[] {
  const all = source === "own" ? ownWords.value : readyWords.value;
  const words: string[] = [];
  while (words.length < count && all.length > 0) {
    const more = shuffle(all);
    // Not twice in a row.
    if (more.length > 1 && more[0] === words.at(-1)) more.push(more.shift()!);
    words.push(...more);
  }
  return words.slice(0, count);
}

/** The network that answers now; it stays the same for a turn. */
export function guesser(source: Source): Guesser {
  const asked = tuner.value;
  return {
    bar: BARS[source],
    ask: async (strokes) => {
      if (!asked) throw new DoodleTuneError("disposed", RACE.gone);
      return source === "own" ? asked.predict(strokes, { unfinished: true }) : asked.guess(strokes);
    },
  };
}

function shuffle<T>(list: readonly T[]): T[] {
  const shuffled = [...list];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
  }
  return shuffled;
}
