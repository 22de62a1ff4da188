import { DoodleTune, type Teacher } from "../../lib/index.js";
import { classes } from "./doodles.js";
import { optionsFromAddress } from "./network.js";

/**
 * Somebody to learn from: the same network, taught the same doodles by `lp-ft`. Its end is for the caller to make, with
 * `dispose`.
 */
export async function trainTeacher(signal: AbortSignal): Promise<Teacher & { dispose(): void }> {
  const teacher = await DoodleTune.create(optionsFromAddress());
  try {
    const examples = classes
      .peek()
      .flatMap(({ name, doodles }) => doodles.map(({ input }) => ({ label: name, input })));
    await teacher.addExamples(examples);
    await teacher.train({ strategy: "lp-ft", signal }).result;
    return teacher;
  } catch (error) {
    teacher.dispose();
    throw error;
  }
}
