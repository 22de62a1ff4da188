import type { BackboneName, Phase, Prediction, Strategy, TrainEvent, TrainReport } from "../lib/index.js";
import type { SetName } from "./starters/sets.js";
import type { Stop } from "./state/tour.js";
import type { View } from "./state/view.js";

/** The rooms of the page. */
export const ROOMS: Record<View, string> = {
  teach: "Teach",
  understand: "Understand",
  lab: "Lab",
  race: "Race",
};

/** The ways to train, each with a plain sentence. */
export const STRATEGIES: Record<Strategy, { title: string; sentence: string }> = {
  auto: {
    title: "Auto",
    sentence:
      "Learns the last step first, trains the rest too if that may pay, and undoes it if it does not.",
  },
  "feature-extraction": {
    title: "Feature extraction",
    sentence: "The network stays as it is; only its last step learns. Takes moments.",
  },
  full: {
    title: "Full",
    sentence: "Everything learns from the start, with a last step that knows nothing yet.",
  },
  "full-batch-norm": {
    title: "Full, naive",
    sentence: "The same, but what counts as normal is measured anew on every handful of drawings.",
  },
  "freeze-then-finetune": {
    title: "Freeze, then fine-tune",
    sentence: "First the last step alone, then everything, ten times more carefully.",
  },
  "gradual-unfreezing": {
    title: "Gradual unfreezing",
    sentence: "Thaws the network stage by stage, beginning near the answer.",
  },
  "layer-wise": {
    title: "Layer-wise",
    sentence: "Everything learns, but early stages, which see lines and corners, change less than late ones.",
  },
  "warm-up": {
    title: "Warm-up",
    sentence: "Everything learns, in small steps first, so that nothing breaks at the start.",
  },
  "lp-ft": {
    title: "LP-FT",
    sentence: "Finds the best last step, then lets everything move a little.",
  },
  "last-block": {
    title: "Last block",
    sentence: "Finds the best last step, then trains the last two stages only.",
  },
  "from-scratch": {
    title: "From scratch",
    sentence: "Forgets all that it knew and starts with random numbers. Any other way should beat it.",
  },
  distil: {
    title: "Distillation",
    sentence:
      "A pupil who learns from a teacher's doubts as well. The teacher, an LP-FT, has to learn first.",
  },
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

/** Projects, and the files that drawings and models travel in. */
export const KEEPING = {
  title: "Projects and files",
  open: (name: string) => `${name}: projects and files`,
  close: "Close",
  projects: "Projects",
  firstProject: "My doodles",
  newProject: "New project",
  nameOfProject: "Name of the project",
  openProject: (name: string) => `Open ${name}`,
  isOpen: "open",
  again: (name: string) => `${name} (again)`,
  duplicate: (name: string) => `Duplicate ${name}`,
  remove: (name: string) => `Delete ${name}`,
  removed: (name: string) => `${name} is gone.`,
  undo: "Undo",
  lasting: "Everything is saved in this browser, on this device, as you draw.",
  passing: "Nothing is saved here: take home what you want to keep as a file before you close the page.",
  refused: "Your browser does not let this page store doodles, so they will be gone when you close it.",
  otherTab: "This page is open in another tab, and only that one saves; what you draw here is not kept.",
  full: (doodles: number) =>
    `The browser would not save your ${doodles === 1 ? "doodle" : `${doodles} doodles`}: its storage may be full. Take them home as a file before you close the page.`,
  unreadable: "That project could not be read. Nothing was changed; try again.",
  interrupted: "The page was closed while it was learning. Your doodles are all here.",
  train: "Train",
  borrowed: "This model came without doodles. It answers until you add one.",
  broughtModel: (labels: string) => `The model is open. It knows ${labels}.`,
  notReady: "The network is still on its way. Try again in a moment.",
  otherNetwork: "What was trained here belongs to another network. Choose that one, or train again.",
  memoryNotKept: "What was trained could not be saved here: take the project home as a file to keep it.",
  memoryLost: "What was trained could not be read, but your doodles are all here. Train again.",
  takeHome: "Take home",
  bringIn: "Bring in",
  bringInNote:
    "Projects, drawings (.ndjson), pictures, or a zip with a folder of pictures for each class. You can drop files here too.",
  choose: "Choose files …",
  working: "One moment …",
  empty: "There is no doodle yet.",
  untrained: "There is no model yet: it takes doodles in two classes.",
  files: {
    project: { title: "Project", note: "Everything: doodles, and what was trained" },
    drawings: { title: "Drawings", note: "As strokes, in the form of Quick, Draw!" },
    pictures: { title: "Pictures", note: "A zip of PNG files, a folder for each class" },
    webpage: { title: "Web page", note: "Recognises doodles anywhere, without a network" },
    safetensors: { title: "Model", note: "Safetensors, for this page or your own program" },
    onnx: { title: "Model for others", note: "ONNX, runs almost everywhere" },
  },
  pictureMissing: (pictures: number) =>
    pictures === 1
      ? "1 picture is no drawing and was left out; the zip of pictures has it."
      : `${pictures} pictures are no drawings and were left out; the zip of pictures has them.`,
  brought: (name: string) => `${name} has been opened as a project of its own.`,
  broughtPictures: (pictures: number, classes: number) =>
    `${pictures} pictures for ${classes} classes have come in.`,
  noPictures: (file: string) => `There is no picture in “${file}” that your browser can read.`,
  badZip: (file: string) => `“${file}” is no zip file, or is damaged. Nothing was changed.`,
  bigZip: (file: string) =>
    `“${file}” is too large: a zip may hold 2,000 pictures and 200 MB. Nothing was changed.`,
};

/** The page in one file. */
export const STANDALONE = {
  waking: "Waking up …",
  undo: "Undo",
  clear: "Clear",
  note: "Made with doodletune. Everything happens in this file: nothing leaves this machine.",
  partMissing: (file: string) =>
    `The page could not be made: ${file} is missing. Try again, or with a network if this page was opened without one.`,
};

/** "4.3 s". */
export function inSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)}\u00a0s`;
}

/** "Ada, Ben and Cleo", in the language of the page. */
export function listing(names: readonly string[]): string {
  return new Intl.ListFormat("en").format(names);
}

/** The picture of the network. */
export const STAGES = {
  title: "Stages of the network, from the drawing to the answer",
  /** What answers, after the last stage. */
  head: "head",
  caption: "Ice stays as it is; colour learns.",
  describe(name: string, learning: number | null): string {
    if (learning === null) return `${name}: frozen`;
    return Number.isNaN(learning) ? `${name}: is solved for` : `${name}: learns, rate ${rate(learning)}`;
  },
};

/** The drawer with everything that the engine can be told. */
export const EXPERT = {
  open: "Expert",
  title: "Expert",
  close: "Close",
  strategy: "Strategy",
  noPlan: "The plan is made as soon as the network is here and has looked at your doodles.",
  asNamed: (title: string) => `As ${title} has it`,
  byHand: (title: string) => `By hand, from ${title}`,
  reset: "Undo my changes",
  train: "Train like this",
  phase: (number: number, name: string) => `Phase ${number}: ${name}`,
  phaseName: "Name of the phase",
  earlier: "Earlier",
  repeat: "Repeat",
  remove: "Remove",
  whatTrains: "What learns in this phase",
  presets: [
    { words: "Head only", train: "head" },
    { words: "Last two stages", train: { last: 2 } },
    { words: "Everything", train: "everything" },
  ] satisfies { words: string; train: Phase["train"] }[],
  solved: "The best head for what the network sees is computed at once: there is nothing to tune.",
  rateCurve: "Rate over the phase",
  never: "never",
  anyLength: "any",
  noLayer: "none",
  noNumber: (whole: boolean) => (whole ? "a whole number, please" : "a number, please"),
  preview: "As the network sees them while it learns",
  others: "Others",
  noPreview: "Draw a doodle, and see here how it is varied.",
  sections: {
    whole: "Test, head and start",
    head: "Head",
    loss: "Loss and normalisation",
    variation: "Variation of the drawings",
    strokes: "Drawings",
    pixels: "Pictures",
    care: "Care: averages, patience, going back",
  },
};

const option = (label: string, hint: string) => ({ label, hint });

/** What can be set in a plan, and what it is good for. */
export const OPTIONS = {
  epochs: option("Epochs", "Passes, at most"),
  rate: option("Learning rate", "How far a step goes"),
  batchSize: option("Batch size", "Doodles a step"),
  stageDecay: option("Stage decay", "Share of the rate per stage away from the head"),
  warmUp: option("Warm-up", "Share of the phase in which the rate rises"),
  schedule: option("Schedule", "How the rate goes then"),
  end: option("Ends at", "Share of the rate"),
  rise: option("Rises for", "Share of the phase"),
  cycleStart: option("Starts at", "Share of the rate"),
  every: option("Falls every", "Epochs"),
  factor: option("Falls to", "Share that is left"),
  plateauPatience: option("Waits", "Epochs without a better test loss"),
  optimizer: option("Optimizer", "How weights follow from mistakes"),
  inner: option("Runs ahead", "The optimizer inside"),
  momentum: option("Momentum", "How much of the last step goes on"),
  weightDecay: option("Weight decay", "How hard weights are pulled to zero"),
  steps: option("Goes back every", "Steps"),
  lookaheadShare: option("Keeps", "Share of the way"),
  loss: option("Loss", "What is made small"),
  smoothing: option("Smoothing", "How much doubt is left in the right answer"),
  gamma: option("Gamma", "How much less easy doodles count"),
  margin: option("Margin", "How much further away other classes shall be"),
  temperature: option("Temperature", "The smaller, the more the nearest count"),
  softness: option("Softness", "The higher, the more the teacher's doubts show"),
  teacherShare: option("Teacher's share", "How much the teacher counts against the labels"),
  norm: option("BatchNorm", "Which statistics count as normal"),
  clip: option("Clip", "Longest gradient; longer ones are cut"),
  averaging: option("Averaging", "Share of the averaged weights that stays at each step"),
  patience: option("Patience", "Epochs without a better test loss until the phase ends"),
  keepBest: option("Keep the best epoch", "Not the last"),
  rollBack: option("Undo what does not help", "Unless the test loss gets smaller"),
  rotation: option("Rotation", "Degrees either way"),
  shear: option("Shear", "Leaning, either way"),
  stretch: option("Stretch", "Wider or narrower"),
  jitter: option("Jitter", "A trembling hand"),
  bend: option("Bend", "A slow wave"),
  dropout: option("Drop strokes", "Probability"),
  reorder: option("Reorder strokes", "Probability"),
  partial: option("Unfinished", "Probability"),
  partialFrom: option("Unfinished from", "Least share that is drawn"),
  width: option("Pen", "Thicker or thinner"),
  flip: option("Mirror", "Every second one; not for letters or arrows"),
  shift: option("Shift", "Share of the side"),
  scale: option("Scale", "Larger or smaller"),
  cutout: option("Cutout", "Side of a hole"),
  noise: option("Noise", "Grain"),
  policy: option("Policy", "A published mixture, made for photos"),
  operations: option("Operations", "One after another"),
  magnitude: option("Magnitude", "How strong"),
  mixing: option("Mixing", "Two doodles in one"),
  alpha: option("Alpha", "The larger, the more evenly mixed"),
  views: option("Views", "Kept of each doodle where stages are frozen"),
  validation: option("Held back as a test", "Share of each class"),
  seed: option("Seed", "Decides all chance: the same seed, the same result"),
  refit: option("Learn from the test too", "Once all is done, do it again with everything"),
  weights: option("Starts from", "What the network knows before"),
  input: option("Grey into colour", "Of networks made for photos"),
  cacheMegabytes: option("Memory", "Megabytes for what frozen stages see"),
  directions: option("Directions only", "Not how strongly features speak"),
  start: option("Head starts from", "Before it learns"),
  size: option("Hidden layer", "Its width"),
  activation: option("Activation", "Of the hidden layer"),
};
export type OptionName = keyof typeof OPTIONS;

export const DESCENT_NAMES = { adamw: "AdamW", adam: "Adam", sgd: "SGD", radam: "RAdam", lion: "Lion" };
export const OPTIMIZER_NAMES = {
  logistic: "Solve (logistic regression)",
  ...DESCENT_NAMES,
  lookahead: "Lookahead",
};
export const SCHEDULE_NAMES = {
  constant: "Constant",
  linear: "Linear",
  cosine: "Cosine",
  "one-cycle": "One cycle",
  step: "Steps",
  plateau: "On a plateau",
};
export const LOSS_NAMES = {
  "cross-entropy": "Cross-entropy",
  focal: "Focal",
  triplet: "Triplet",
  contrastive: "Contrastive",
  distillation: "Distillation",
};
export const NORMS = { running: "Of the pretraining", batch: "Of each batch" };
export const MIXING_NAMES = { none: "None", mixup: "Mixup", cutmix: "CutMix" };
export const POLICY_NAMES = { none: "None", "auto-augment": "AutoAugment", "rand-augment": "RandAugment" };
export const WEIGHTS = { pretrained: "Pretraining", random: "Chance" };
export const INPUTS = { repeat: "Repeat the grey", sum: "Sum the colours", random: "A new first layer" };
export const HEAD_STARTS = { prototype: "Class means", random: "Chance" };
export const ACTIVATIONS = { relu: "ReLU", "leaky-relu": "Leaky ReLU", silu: "SiLU", mish: "Mish" };

/** What to do, while nothing has been done. */
export const WELCOME = {
  draw: (name = "something") => `Draw ${name} and press Add. Do it again, a little differently.`,
  again: (name = "something else") => `Do the same for ${name}. The names are yours to change.`,
  train: "Press Train, then draw, and watch it guess.",
};

/** Sets that one can begin with, without drawing. */
export const STARTERS = {
  invitation: "Or see it work first, without drawing",
  tryWith: (title: string) => `Try with ${title}`,
  here: (title: string) => `${title} are here. Press Train, then draw one yourself.`,
  undo: "Undo",
  shapes: {
    title: "Shapes",
    classes: { circle: "Circle", square: "Square", triangle: "Triangle", star: "Star" },
  },
  faces: { title: "Faces", classes: { happy: "Happy", sad: "Sad", surprised: "Surprised" } },
  arrows: { title: "Arrows", classes: { up: "Up", right: "Right", down: "Down", left: "Left" } },
} satisfies Record<SetName, unknown> & Record<string, unknown>;

/** A few words beside what they are about. */
export const TOUR = {
  start: "Show me around",
  next: "Next",
  skip: "Skip",
  done: "Let me draw",
  count: (number: number, of: number) => `${number} of ${of}`,
  stops: {
    sheet: {
      title: "Draw here",
      text: "With a finger, a pen or a mouse. Add gives the doodle to the class that is chosen below.",
    },
    classes: {
      title: "Your classes",
      text: "A card for each thing that shall be told apart. Rename them, and drag a doodle to where it belongs.",
    },
    train: {
      title: "Train",
      text: "The network learns your doodles, here on your own machine. It takes moments.",
    },
    guess: {
      title: "Watch it guess",
      text: "It looks while you draw. On the left is all that it sees of your drawing.",
    },
    rooms: {
      title: "And then",
      text: "See where it errs in Understand, let ways of learning race in the Lab, or play the Race.",
    },
  } satisfies Record<Stop, { title: string; text: string }>,
};

/** The tools beside the sheet, with their keys. */
export const TOOLS = {
  undo: { name: "Undo", key: "Ctrl+Z" },
  redo: { name: "Redo", key: "Ctrl+Y" },
  clear: { name: "Clear", key: "Esc" },
};

/** Something to draw. */
export const PROMPT = {
  none: "",
  surprise: "Surprise me",
  draw: (word: string) => `Draw: ${word}`,
  right: (word: string) => `Yes, ${word}!`,
};

/** The cards of the classes. */
export const CARDS = {
  undo: "Undo",
  colour: (name: string) => `Colour of ${name}`,
  colours: ["Red", "Blue", "Green", "Ochre", "Violet", "Teal", "Pink", "Brown"],
  addPictures: (name: string) => `Add pictures to ${name}`,
  doodle: (number: number, name: string) => `${name}, doodle ${number}`,
  pick: (number: number, name: string) => `Move doodle ${number} of ${name}`,
  deleteDoodle: (number: number, name: string) => `Delete doodle ${number} of ${name}`,
  deleted: "Doodle deleted.",
  moveTo: (number: number) => `Move doodle ${number} to`,
  moved: (name: string) => `Moved to ${name}.`,
  nowhere: "There is no other class to move it to yet.",
  more: (count: number) => `Show more of the other ${count}`,
};

/** Drawings and pictures that come in by file or drop. */
export const IMPORTS = {
  undo: "Undo",
  noClass: "Add a class first, so that the pictures have a home.",
  noDrawings: (file: string) =>
    `In “${file}” there is no drawing: a line of it should be {"word": …, "drawing": [[[x …], [y …]] …]}.`,
  noPictures(files: readonly string[]): string {
    if (files.length === 1) return `“${files[0]}” is not a picture that your browser can read.`;
    return `${files.length} files are no pictures that your browser can read, “${files[0]}” among them.`;
  },
  drawings(count: number, words: number, broken: number, more: boolean): string {
    const all = `${number(count)} ${count === 1 ? "drawing" : "drawings"} in ${number(words)} ${words === 1 ? "class" : "classes"}.`;
    const rest = more ? " There are more in the file; these are enough to learn from." : "";
    const lines = broken === 1 ? "1 line" : `${number(broken)} lines`;
    return `${all}${rest}${broken > 0 ? ` ${lines} could not be read.` : ""}`;
  },
};

/** A count with its thousands set apart. */
function number(value: number): string {
  return value.toLocaleString("en");
}

/** A learning rate, as exact as it matters. */
export function rate(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 2 });
}

/** While a teacher learns what it is to teach. */
export const TUTORING = "Teaching the teacher first …";

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
