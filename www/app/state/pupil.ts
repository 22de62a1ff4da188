import { DoodleTune, type CreateOptions, type Input } from "../../lib/index.js";
import { classes } from "./doodles.js";

/** After so many, whoever has stopped it is heard. */
const BATCH = 40;

export interface Lesson {
  label: string;
  input: Input;
}

/** All doodles of the page, class by class. */
export function lessons(): Lesson[] {
  return classes.peek().flatMap(({ name, doodles }) => doodles.map(({ input }) => ({ label: name, input })));
}

/**
 * A tuner of its own that has seen the drawings, in this order, which decides what is held back; fewer once `stopped`. Its
 * end is for the caller to make, with `dispose`.
 */
export async function pupil(
  lessons: readonly Lesson[],
  options: CreateOptions,
  stopped: () => boolean,
): Promise<DoodleTune> {
  const fresh = await DoodleTune.create(options);
  try {
    for (let start = 0; start < lessons.length && !stopped(); start += BATCH)
      await fresh.addExamples(lessons.slice(start, start + BATCH));
    return fresh;
  } catch (error) {
    fresh.dispose();
    throw error;
  }
}
