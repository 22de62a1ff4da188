import { DoodleTune, type CreateOptions, type Input } from "../../lib/index.js";
import { readable } from "./learner.js";

/** After so many, whoever has stopped it is heard. */
const BATCH = 40;

export interface Lesson {
  label: string;
  input: Input;
}

/** All doodles of the page, class by class, as far as they can be read. */
export function lessons(): Lesson[] {
  return readable.peek().flatMap(({ name, doodles }) => doodles.map(({ input }) => ({ label: name, input })));
}

/**
 * A tuner of its own that has seen the drawings, in this order, which decides what is held back; fewer once `signal` is
 * aborted. Its end is for the caller to make, with `dispose`.
 */
export async function pupil(
  lessons: readonly Lesson[],
  options: CreateOptions,
  signal: AbortSignal,
): Promise<DoodleTune> {
  const fresh = await DoodleTune.create(options);
  try {
    for (let start = 0; start < lessons.length && !signal.aborted; start += BATCH)
      await fresh.addExamples(lessons.slice(start, start + BATCH));
    return fresh;
  } catch (error) {
    fresh.dispose();
    throw error;
  }
}
