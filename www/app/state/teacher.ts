import type { DoodleTune } from "../../lib/index.js";
import { optionsFromAddress } from "./network.js";
import { lessons, pupil } from "./pupil.js";

/**
 * Somebody to learn from: the same network, taught the same doodles by `lp-ft`. Its end is for the caller to make, with
 * `dispose`.
 */
export async function trainTeacher(signal: AbortSignal): Promise<DoodleTune> {
  const teacher = await pupil(lessons(), optionsFromAddress(), signal);
  try {
    await teacher.train({ strategy: "lp-ft", signal }).result;
    return teacher;
  } catch (error) {
    teacher.dispose();
    throw error;
  }
}
