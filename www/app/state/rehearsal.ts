import { effect } from "@preact/signals";
import { device, knowledge, taughtClasses, tuner, untaught } from "./learner.js";
import { plan, wish } from "./plan.js";
import { ink, penDown } from "./sheet.js";
import { running } from "./training.js";

/** How long the doodles, the plan and the pen must rest before. */
const PAUSE_MS = 1_500;

/** Lets a GPU get ready for the next training whenever there is nothing else to do. */
export function rehearseTrainings(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    clearTimeout(timer);
    void knowledge.value;
    void ink.value;
    const [pupil, where] = [tuner.value, device.value];
    // One that is emulated would take the processor from whoever draws.
    if (!pupil || where?.kind !== "webgpu" || where.software) return;
    const ready = plan.value && untaught.value === 0 && taughtClasses.value >= 2;
    if (!ready || running.value || penDown.value) return;
    timer = setTimeout(() => pupil.prepare(wish()).catch(() => {}), PAUSE_MS); // what is wrong, Train tells
  });
}
