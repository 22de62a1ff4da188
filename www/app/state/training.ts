import { computed, effect, signal } from "@preact/signals";
import { type DoodleTune, type TrainEvent, type TrainReport, type TrainRun } from "../../lib/index.js";
import {
  changes,
  failure,
  keepInStepUntil,
  knowledge,
  report,
  revived,
  taughtClasses,
  tellOfFailure,
  trained,
  tuner,
} from "./learner.js";
import { isCode, say } from "./notices.js";
import { needsTeacher, refusal, refuse, wish } from "./plan.js";
import { trainTeacher } from "./teacher.js";
import { TRAIN } from "../words.js";

export const running = signal(false);
export const paused = signal(false);
/** Whether somebody to learn from is being taught first. */
export const tutoring = signal(false);
/** One entry an epoch, of the present run or the last. */
export const events = signal<readonly TrainEvent[]>([]);
export const outcome = signal<TrainReport | null>(null);
/** Counts the trainings of which something is to be kept. */
export const trainings = signal(0);
/** Whether a pause is of use: a logistic regression, which has no rate, is over before. */
export const pausable = computed(() => running.value && events.value.at(-1)?.rate != null);

// A new tuner has not been trained.
effect(() => {
  if (tuner.value) return;
  events.value = [];
  outcome.value = null;
});

// What was trained another time had an outcome too.
effect(() => {
  if (revived.value) outcome.value = revived.value;
});

/** Another project is on the page; whatever still trains was the last one's. */
export function forgetTraining(): void {
  stop();
  run = undefined;
  events.value = [];
  outcome.value = null;
}

/** Ends the training, if there is one; resolves when it has. */
export async function endTraining(): Promise<void> {
  stop();
  await training;
}

let run: TrainRun | undefined;
let stopping = new AbortController();

/** The training under way, or the last one. */
let training: Promise<void> = Promise.resolve();

/** Trains; what trains already goes on. */
export function train(): Promise<void> {
  if (running.peek()) return training;
  return (training = attempt());
}

async function attempt(): Promise<void> {
  if (failure.value) return tellOfFailure();
  const pupil = tuner.value;
  if (!pupil) return say(TRAIN.notYet);
  running.value = true;
  refusal.value = null;
  stopping = new AbortController();
  try {
    await keepInStepUntil(stopping.signal);
    if (stopping.signal.aborted) return;
    if (taughtClasses.value < 2) return say(TRAIN.tooFew);
    if (needsTeacher()) await learnFromTeacher(pupil);
    else await follow(pupil.train(wish()));
  } catch (error) {
    if (stopping.signal.aborted && isCode(error, "aborted")) return;
    if (isCode(error, "bad-option")) refuse((error as Error).message);
    else report(error);
  } finally {
    running.value = paused.value = tutoring.value = false;
    run = undefined;
  }
}

export function stop(): void {
  stopping.abort();
  run?.stop();
}

export function pauseOrResume(): void {
  paused.value = !paused.value;
  if (paused.value) run?.pause();
  else run?.resume();
}

async function learnFromTeacher(pupil: DoodleTune): Promise<void> {
  tutoring.value = true;
  // Those of the last run say nothing of whether this one can be paused.
  events.value = [];
  const teacher = await trainTeacher(stopping.signal);
  try {
    tutoring.value = false;
    if (!stopping.signal.aborted) await follow(pupil.train({ ...wish(), teacher }));
  } finally {
    teacher.dispose();
  }
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
  if (run !== started) return; // forgotten meanwhile
  // Where nothing was learnt, what was learnt before still holds, if anything does.
  if (report.accuracy !== null) trained.value = changes === before;
  outcome.value = report;
  knowledge.value++;
  if (trained.value) trainings.value++;
}
