import { computed } from "@preact/signals";
import { KEEPING, outcomeInWords, phaseInWords, PROGRESS, sentence, timeLeft } from "../words.js";
import { doodleCount } from "./doodles.js";
import { borrowed, failure, status, taughtClasses, trained, tuner, untaught } from "./learner.js";
import { events, outcome, paused, running, tutoring } from "./training.js";

interface Progress {
  text: string;
  /** 0 to 1; absent while nothing is under way. */
  share?: number;
}

/** What is under way, or what has come of it, or what can be done. */
export const progress = computed((): Progress => {
  if (failure.value) return { text: sentence(failure.value) };
  return loading() ?? training() ?? looking() ?? { text: result() ?? invitation() };
});

function loading(): Progress | undefined {
  const now = status.value;
  if (now.state === "restart") return { text: PROGRESS.again, share: 0 };
  if (now.state === "download") {
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
    const of = now.total ? ` of ${megabytes(now.total)}` : "";
    return {
      text: `${now.message}: ${megabytes(now.loaded)}${of} MB`,
      share: now.total ? now.loaded / now.total : 0,
    };
  }
  if (!tuner.value || now.state === "prepare") return { text: `${now.message} …`, share: 1 };
  return undefined;
}

function training(): Progress | undefined {
  const last = events.value.at(-1);
  if (!running.value || !last || outcome.value) return undefined;
  return {
    text: `${phaseInWords(last)}: round ${last.epoch} of ${last.epochs}, ${paused.value ? "paused" : timeLeft(last.secondsLeft)}`,
    share: last.epoch / last.epochs,
  };
}

function looking(): Progress | undefined {
  const [all, open] = [doodleCount.value, untaught.value];
  if (open > 0) return { text: PROGRESS.looking(all - open, all), share: 1 - open / all };
  if (tutoring.value) return { text: PROGRESS.tutoring, share: 0 };
  return running.value ? { text: PROGRESS.starting, share: 0 } : undefined;
}

function result(): string | undefined {
  const report = outcome.value;
  if (!report) return undefined;
  return trained.value || report.accuracy === null ? outcomeInWords(report) : PROGRESS.changed(invitation());
}

function invitation(): string {
  if (borrowed.value.length > 0) return KEEPING.borrowed;
  return taughtClasses.value < 2 ? PROGRESS.tooFew : PROGRESS.ready(doodleCount.value);
}
