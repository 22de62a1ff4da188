import type { TrainReport } from "../lib/index.js";

/** An error's message as a sentence: a capital in front, a full stop behind. */
export function sentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** With a space that does not break, as typographers like it. */
export function percent(share: number): string {
  return `${Math.round(share * 100)}\u00a0%`;
}

/** "about 4 s left", as precise as anybody wants to know it. */
export function timeLeft(seconds: number): string {
  if (seconds < 1) return "nearly there";
  if (seconds < 60) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}

/** What the training came to, without a technical term. */
export function outcomeInWords(report: TrainReport): string {
  const { reason, trainingExamples, validationExamples, validationAccuracy, accuracy, bestEpoch, seconds } =
    report;
  const inTurn = report.strength !== null;
  if (accuracy === null) return "Stopped before there was anything to keep.";
  const took = seconds < 9.5 ? seconds.toFixed(1) : Math.round(seconds);
  // Those that were held back as a test are learnt from in the end, unless somebody says stop.
  const all = trainingExamples + validationExamples;
  const doodles = inTurn || reason === "stopped" ? trainingExamples : all;
  const learnt = `Learnt from ${doodles} doodles in ${took} s`;
  const ended = {
    finished: "",
    "early-stop": "",
    stopped: `, until you said stop (the best round, ${bestEpoch}, is kept)`,
  }[reason];
  return `${learnt}${ended}. ${tested(validationExamples, validationAccuracy, accuracy, inTurn)}`;
}

function tested(
  examples: number,
  validationAccuracy: number | null,
  accuracy: number,
  inTurn: boolean,
): string {
  if (examples === 0 || validationAccuracy === null) {
    return `It knows ${percent(accuracy)} of them; add more and it can test itself too.`;
  }
  const right = Math.round(validationAccuracy * examples);
  const score = right === examples ? "got every one right" : `got ${right} right`;
  if (inTurn) return `Tested on each while it was held back, it ${score} (${percent(validationAccuracy)}).`;
  if (examples === 1) return `When 1 was held back as a test, it got it ${right ? "right" : "wrong"}.`;
  return `When ${examples} were held back as a test, it ${score} (${percent(validationAccuracy)}).`;
}
