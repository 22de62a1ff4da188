import type { BackboneName, Prediction, TrainEvent, TrainReport } from "../lib/index.js";
import type { View } from "./state/view.js";

/** The rooms of the page. */
export const ROOMS: Record<View, string> = {
  teach: "Teach",
  understand: "Understand",
  lab: "Lab",
  race: "Race",
};

/** The networks, for people who have heard of neither. */
export const NETWORKS: Record<BackboneName, { title: string; purpose: string }> = {
  doodle: { title: "Doodle", purpose: "made for drawings, and fast" },
  "efficientnet-lite0": { title: "EfficientNet-Lite0", purpose: "for photos too; 9 MB to load" },
};

/** The Doodle Race. */
export const RACE = {
  title: "Doodle Race",
  invitation: "A word, a clock, an empty sheet: who makes the network see it first?",
  rules:
    "Everybody draws the same words. The network has to be sure twice in a row, and what counts is when you drew " +
    "the line that convinced it. A slow computer costs nobody any time.",
  players: "Players",
  player: (number: number) => `Player ${number}`,
  nameOfPlayer: (number: number) => `Name of player ${number}`,
  addPlayer: "Add a player",
  removePlayer: (name: string) => `Remove ${name}`,
  words: "Words",
  whoGuesses: "Who guesses",
  readyMade: "The ready-made network",
  readyMadeNote: (things: number) =>
    things > 0 ? `It knows ${things} things.` : "This one comes without any; the network Doodle has them.",
  own: "Your own network",
  ownNote: (names: string) => `It knows ${names}.`,
  ownMissing: "Teach it two classes or more and train it, then it can play.",
  start: "Start the race",
  waking: "The network is on its way …",
  best: (points: number) => `Your best so far: ${points} points`,
  round: (number: number, of: number) => `Word ${number} of ${of}`,
  getReady: "Get ready",
  handOver: (name: string) => `Hand the pen to ${name}`,
  handOverNote: "The word is shown when you press the button; then you have three seconds to think.",
  iAm: (name: string) => `I am ${name}, show me the word`,
  showWord: "Show me the word",
  draw: "Draw",
  go: "Go!",
  sheet: (word: string) => `Sheet to draw on: ${word}`,
  undo: "Undo",
  clear: "Clear",
  giveUp: "Skip",
  judging: "Time is up. The network takes its last look …",
  secondsLeft: (seconds: number) => `${seconds} s`,
  nothingYet: "I am watching …",
  sees: "I see",
  recognised: (word: string) => `It is ${word}!`,
  missed: (word: string) => `That was not ${word} enough`,
  after: (milliseconds: number) => `Recognised after ${inSeconds(milliseconds)}`,
  instead: (label: string | null) => (label ? `In the end it saw: ${label}` : "It saw nothing at all"),
  points: (points: number) => (points === 1 ? "1 point" : `${points} points`),
  streak: (words: number) => `${words} in a row`,
  replay: "Play again",
  moment: "Moment of the drawing",
  mind: "How it changed its mind",
  nothing: "nothing",
  from: (label: string, milliseconds: number) => `${label}, from ${inSeconds(milliseconds)}`,
  nextWord: "Next word",
  nextPlayer: "Next player",
  toTheResult: "To the result",
  wins: (name: string) => `${name} wins!`,
  nobody: "The network wins: it saw nothing of it",
  tie: (names: string) => `A tie between ${names}`,
  finished: (words: number, of: number) => `${words} of ${of} recognised`,
  newBest: "A new best!",
  standing: "Standing",
  drawings: "All drawings",
  notRecognised: "not recognised",
  savePicture: "Save as a picture",
  pictureTitle: "Doodle Race: the result",
  noPicture: "The browser could not make the picture.",
  onceMore: "Once more",
  change: "Change players",
  quit: "End the race",
};

/** "4.3 s". */
export function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}\u00a0s`;
}

/** "Ada, Ben and Cleo", in the language of the page. */
export function listing(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}

/** What comes before the name in a guess, as sure as the network is. */
export function lead({ head, probability }: Prediction): string {
  // Among hundreds of things, a third of all chances is a lot.
  if (head === "pretrained") return probability > 0.33 ? "Looks like" : "Could be";
  if (probability > 0.85) return "That is";
  return probability > 0.6 ? "I think it is" : "Maybe it is";
}

/** Where a guess comes from, and what would make it better. `things` is what the network knows without training. */
export function origin({ head }: Prediction, things: number): string {
  if (head === "linear" || head === "mlp") return "after training";
  if (head === "prototype") return "quick look, before training";
  return `One of ${things} things that I know already. Add doodles to two classes, and I learn yours instead.`;
}

/** What to draw, while the sheet is empty. */
export function invitationToDraw(taughtClasses: number, things: number): string {
  if (taughtClasses >= 2) return "Draw something, and I guess along.";
  return things > 0
    ? `Draw something, and I guess along: I know ${things} things already.`
    : "Give two classes one doodle each, and I start guessing.";
}

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

/** What is done in the phases of `auto`; those of other plans have the names that the plan gives them. */
const PHASES: Partial<Record<string, string>> = {
  strength: "Finding out how sure to be",
  solve: "Learning your classes",
  "fine-tune": "Fine-tuning the network",
};

/** What the training is at. */
export function phaseInWords({ phase, refit }: TrainEvent): string {
  return (PHASES[phase] ?? phase) + (refit ? ", now with all doodles" : "");
}

/** What the training came to, without a technical term. */
export function outcomeInWords(report: TrainReport): string {
  const { reason, trainingExamples, validationExamples, validationAccuracy, accuracy, seconds } = report;
  const inTurn = report.evaluation === null && validationExamples > 0;
  if (accuracy === null) return "Stopped before there was anything to keep.";
  const took = seconds < 9.5 ? seconds.toFixed(1) : Math.round(seconds);
  // Those that were held back as a test are learnt from in the end, unless somebody says stop.
  const all = trainingExamples + validationExamples;
  const doodles = inTurn || reason === "stopped" ? trainingExamples : all;
  const learnt = `Learnt from ${doodles} doodles in ${took} s`;
  const ended = reason === "stopped" ? ", until you said stop (the best so far is kept)" : "";
  const undone = report.phases.some((phase) => phase.rolledBack)
    ? " Fine-tuning did not help and was undone."
    : "";
  return `${learnt}${ended}. ${tested(validationExamples, validationAccuracy, accuracy, inTurn)}${undone}`;
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
