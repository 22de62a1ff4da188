import { computed, effect, signal } from "@preact/signals";
import type { DoodleTune, Evaluation, Ranked } from "../../lib/index.js";
import { classes, type Doodle, type DoodleClass } from "./doodles.js";
import { classesByLabel, doodlesByExample, knowledge, report, trained, tuner, untaught } from "./learner.js";
import { mapOf, type FeatureMap } from "./map.js";
import { current } from "./storage.js";
import { outcome, running } from "./training.js";
import { view } from "./view.js";

/** How long the doodles must rest before they are looked at again. */
const PAUSE_MS = 150;

/** Of fewer in a class, none can be held back. */
const FEWEST_A_CLASS = 2;

/** What became of doodles that were held back. */
export interface Insight {
  evaluation: Evaluation;
  /** Whether a fine-tuning held them back; else each was asked about by a head that had learnt the others. */
  fineTuned: boolean;
  /** The classes' ids by the names that they had then. */
  classIds: ReadonlyMap<string, string>;
}

/** A doodle, its class, and which of the class it is, from 1. */
export interface Catalogued {
  doodle: Doodle;
  one: DoodleClass;
  number: number;
}

/** A doodle, and what it was taken for while it was held back. */
export interface Examined extends Catalogued {
  /** The evaluation's labels for what it was, and for what it was taken. */
  label: string;
  said: string;
  ranking: readonly Guess[];
  right: boolean;
}

export interface Guess {
  /** Null for a class that is gone. */
  one: DoodleClass | null;
  name: string;
  probability: number;
}

export const insight = signal<Insight | null>(null);
export const featureMap = signal<FeatureMap | null>(null);
/** The doodle that is looked at closely. */
export const inspected = signal<string | null>(null);
/** Whether a look is under way. */
export const looking = signal(false);

/** Whether two classes have enough doodles for some to be held back. */
export const enoughToExamine = computed(
  () => classes.value.filter(({ doodles }) => doodles.length >= FEWEST_A_CLASS).length >= 2,
);

/** Every doodle of the page by its id, with its class and its number there. */
export const catalogue = computed(
  () =>
    new Map(
      classes.value.flatMap((one) =>
        one.doodles.map((doodle, index): [string, Catalogued] => [
          doodle.id,
          { doodle, one, number: index + 1 },
        ]),
      ),
    ),
);

/** The answers about doodles that are still there. */
export const examined = computed((): Examined[] => {
  const now = insight.value;
  if (!now) return [];
  const doodles = doodlesByExample();
  return now.evaluation.answers.flatMap(({ id, label, ranking }) => {
    const found = catalogue.value.get(doodles.get(id) ?? "");
    if (!found) return [];
    const guesses = ranking.map((ranked) => guessOf(now, ranked));
    const said = ranking[0]!.label;
    return [{ ...found, label, said, ranking: guesses, right: said === label }];
  });
});

/** What a label of an insight means now; names may have changed. */
export function classOf({ classIds }: Insight, label: string): DoodleClass | null {
  return classes.value.find(({ id }) => id === classIds.get(label)) ?? null;
}

function guessOf(now: Insight, { label, probability }: Ranked): Guess {
  const one = classOf(now, label);
  return { one, name: one?.name ?? label, probability };
}

/** What was looked at last. */
let seen = -1;

/** The last report with the names of its time. */
let held: Insight | null = null;
effect(() => {
  const evaluation = outcome.value?.evaluation;
  held = evaluation ? { evaluation, fineTuned: true, classIds: classesByLabel() } : null;
});

function forget(): void {
  insight.value = featureMap.value = null;
  looking.value = false;
  seen = -1;
}

// What was seen of a project is not what is to be seen of another.
effect(() => {
  void current.value;
  inspected.value = null;
  forget();
});

let timer: ReturnType<typeof setTimeout> | undefined;

// Nothing is computed for a room that nobody is in, nor twice.
effect(() => {
  clearTimeout(timer);
  const asked = tuner.value;
  if (!asked) return forget();
  const version = knowledge.value;
  if (view.value !== "understand" || running.value || untaught.value > 0 || !enoughToExamine.value) return;
  if (version !== seen) timer = setTimeout(() => void look(asked, version), PAUSE_MS);
});

async function look(asked: DoodleTune, version: number): Promise<void> {
  seen = version;
  looking.value = true;
  // A newer look, or another tuner, has the last word.
  const latest = () => seen === version && tuner.peek() === asked;
  try {
    const next = trained.peek() && held ? held : await examine(asked);
    if (latest()) insight.value = next;
    const map = await mapOf(asked, trained.peek());
    if (latest()) featureMap.value = map;
  } catch (error) {
    if (latest()) report(error);
  }
  if (latest()) looking.value = false;
}

async function examine(asked: DoodleTune): Promise<Insight> {
  const classIds = classesByLabel();
  return { evaluation: await asked.evaluate(), fineTuned: false, classIds };
}
