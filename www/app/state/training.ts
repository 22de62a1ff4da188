import { computed, effect, signal } from "@preact/signals";
import type { TrainEvent, TrainReport, TrainRun } from "../../lib/index.js";
import { changes, keepInStep, knowledge, report, taughtClasses, trained, tuner } from "./learner.js";
import { say } from "./notices.js";

export const running = signal(false);
export const paused = signal(false);
/** One entry an epoch, of the present run or the last. */
export const events = signal<readonly TrainEvent[]>([]);
export const outcome = signal<TrainReport | null>(null);
/** Whether a pause is of use: a logistic regression, which has no rate, is over before. */
export const pausable = computed(() => running.value && events.value.at(-1)?.rate != null);

// A new tuner has not been trained.
effect(() => {
  if (tuner.value) return;
  events.value = [];
  outcome.value = null;
});

let run: TrainRun | undefined;
let stopAsked = false;

export async function train(): Promise<void> {
  if (!tuner.value) return say("The network is still on its way. You can go on drawing meanwhile.");
  running.value = true;
  stopAsked = false;
  try {
    await keepInStep();
    if (taughtClasses.value < 2)
      return say("Give at least two classes a doodle each, then I can learn the difference.");
    if (!stopAsked) await follow(tuner.value.train());
  } catch (error) {
    report(error);
  } finally {
    running.value = paused.value = false;
    run = undefined;
  }
}

export function stop(): void {
  stopAsked = true;
  run?.stop();
}

export function pauseOrResume(): void {
  paused.value = !paused.value;
  if (paused.value) run?.pause();
  else run?.resume();
}

async function follow(started: TrainRun): Promise<void> {
  run = started;
  events.value = [];
  outcome.value = null;
  const before = changes;
  for await (const event of started) {
    events.value = [...events.value, event];
    if (event.notice) say(event.notice);
  }
  const report = await started.result;
  // Where nothing was learnt, what was learnt before still holds, if anything does.
  if (report.accuracy !== null) trained.value = changes === before;
  outcome.value = report;
  knowledge.value++;
}
