import type {
  BackboneName,
  DeviceCandidate,
  DeviceReport,
  ErrorCode,
  Evaluation,
  Phase,
  Prediction,
  Strategy,
  TrainEvent,
  TrainReport,
} from "../lib/index.js";
import type { SetName } from "./starters/sets.js";
import type { ContenderState, RaceFacts } from "./state/lab.js";
import type { Stop } from "./state/tour.js";
import type { View } from "./state/view.js";

/** What is on top of every room. */
export const MASTHEAD = {
  rooms: "Rooms",
  privacy: "Nothing leaves this machine",
};

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

/** The room that shows what was learnt, and what was not. */
export const UNDERSTAND = {
  title: "Understand",
  loading: "The network is still on its way.",
  tooFew:
    "There is not much to understand yet. Draw at least two doodles of each of two classes, and see here how well they can be told apart.",
  toTeach: "Draw doodles",
  looking: "Looking at your doodles …",
  training: "Training is under way. What you see is from before; the news comes when it has ended.",
  none: "Looking did not work this time. Change a doodle, or train again, and I try once more.",
  fineTuned:
    "These doodles were held back from the last training, but they helped to choose its best round. Expect a little less of new ones.",
  inTurn: "Each doodle was held back once while I learnt from the others, so this is a fair test.",
  lead: ({ examples, accuracy, accuracyInterval: [low, high] }: Evaluation) =>
    `${Math.round(accuracy * examples)} of ${examples} doodles recognised: ${percent(accuracy)}. Judged by so many, the truth is probably between ${percent(low)} and ${percent(high)}.`,
  matrix: {
    title: "What is taken for what",
    read: "Each row is a class that you drew, each column what I said. On the diagonal I was right. Press a square to see its doodles.",
    corner: "Drawn \u2193 said \u2192",
    cell: (drawn: string, said: string, count: number) =>
      drawn === said ? `${drawn}, recognised: ${count}` : `${drawn}, taken for ${said}: ${count}`,
    opened: (drawn: string, said: string, count: number) =>
      drawn === said ? `${drawn}, recognised (${count})` : `${drawn} that I took for ${said} (${count})`,
  },
  quality: {
    title: "Class by class",
    read: "Found: of all that you drew, how many I recognised. Trusted: of all that I called so, how many were.",
    columns: { name: "Class", examples: "Doodles", recall: "Found", precision: "Trusted" },
  },
  reliability: {
    title: "Am I as sure as I should be?",
    read: "Of doodles of which I am 80\u00a0% sure, 80\u00a0% should be right. Dots on the line are honest; below it I boast, above it I am too modest. Bigger dots stand for more doodles.",
    sure: "How sure I was",
    right: "How often I was right",
    before: "at first",
    after: "corrected",
    error: "How far from the line, on average",
    describe: (count: number, sure: number, right: number) =>
      `${count} doodles, ${percent(sure)} sure, ${percent(right)} right`,
    /** What was done about it; `value` is the temperature. */
    correction(value: number, better: boolean): string {
      if (Math.abs(value - 1) < 0.005)
        return "There is nothing to correct: nothing brings the dots nearer to the line.";
      const change = value > 1 ? "The correction makes me less sure." : "The correction makes me surer.";
      const outcome = better
        ? "It brings the dots nearer to the line."
        : "It is a precaution with so few doodles, and does not bring the dots nearer to the line.";
      return `${change} ${outcome} Experts call it a temperature of ${value.toFixed(2)}.`;
    },
  },
  surprising: {
    title: "Surprising",
    read: "I was sure, and wrong. Is it in the wrong class? Or does it really look like something else?",
    empty: "None: whatever I was sure of was right.",
  },
  doubtful: {
    title: "Doubtful",
    read: "I could hardly decide. More doodles like these teach me most.",
    empty: "None: I was sure of every doodle.",
  },
  took: (said: string, probability: number) => `I said ${said} (${percent(probability)})`,
  between: (first: string, second: string, a: number, b: number) =>
    `${first} (${percent(a)}) or ${second} (${percent(b)})?`,
  drawn: (name: string, number: number) => `${name}, doodle ${number}`,
  moveTo: "Move to \u2026",
  move: "Move",
  moveLabel: (name: string, number: number) => `Move doodle ${number} of ${name} to another class`,
  moved: (name: string) => `Moved to ${name}.`,
  delete: (name: string, number: number) => `Delete doodle ${number} of ${name}`,
  deleted: "Doodle deleted.",
  undo: "Undo",
  map: {
    title: "How I see your doodles",
    read: "Doodles that look alike to me are near each other. Islands of one colour are easy; where colours mix, I get confused.",
    drawing: "Drawing the map \u2026",
    before: "Before",
    after: "After",
    which: "Before or after training",
    same: "The network itself has not changed: only its last step has learnt, and the map stays as it is. “Expert”, in Teach, has ways in which all of it learns.",
    untrained: "This is how the network sees them before it has learnt from you. Train it, and compare.",
    agreement: (share: number) =>
      `${percent(share)} of doodles have one of their own class as nearest neighbour.`,
    compare: (before: number, after: number) =>
      `Nearest neighbours of the same class: ${percent(before)} before, ${percent(after)} after training.`,
    keys: "Arrow keys go from doodle to doodle, Enter opens one.",
    lens: "Point at a doodle to see it.",
    failed: "The map could not be drawn. Reload the page, and try again.",
  },
  inspect: {
    close: "Close",
    read: "Glowing parts speak for my answer: cover them, and I doubt it. Blue parts speak against it.",
    show: "Show where I looked",
    wait: "Covering it bit by bit \u2026",
    now: (name: string, probability: number) => `Now I say ${name} (${percent(probability)}).`,
    held: "While it was held back, I said",
    nowhere: "No single part decides.",
    picture: (where: string | null) =>
      where
        ? `The drawing as the network sees it. It looked most at the ${where}.`
        : "The drawing as the network sees it.",
    /** Row by row. */
    places: [
      ...["top left", "top", "top right"],
      ...["left", "middle", "right"],
      ...["bottom left", "bottom", "bottom right"],
    ],
  },
};

/** The room in which strategies race. */
export const LAB = {
  title: "Lab",
  lead: "Which way of learning is best for your doodles? Let them race: all get the same drawings, and all are tested on the same others.",
  setUp: "Who takes part",
  epochs: "Rounds",
  epochsHint: "The most in each phase. Empty: as many as the strategy likes.",
  seed: "Seed",
  seedHint: "A number for the dice that choose the drawings held back, and all else. Same seed, same race.",
  all: "All",
  none: "None",
  start: "Start the race",
  again: "Race again",
  stop: "Stop",
  loading: "The network is still on its way.",
  tooFew:
    "A race needs at least four doodles in each of two classes: three to learn from, and one to be tested on. Draw some more in Teach.",
  toTeach: "Draw doodles",
  nobody: "Choose at least one strategy.",
  badEpochs: "Rounds must be a whole number from 1 to 1000, or nothing.",
  badSeed: "The seed must be a whole number from 0 to 999999.",
  empty: "The curves will appear here while the strategies learn.",
  charts: "The race",
  accuracy: "Right answers on drawings held back",
  loss: "Loss on drawings held back: how wrong the answers are (less is better)",
  across: "Across",
  rounds: "Rounds",
  seconds: "Seconds",
  legend: "Strategies in the race; point at one to see it alone",
  startMark: "start",
  slopeMark: "slope",
  asymptoteMark: "asymptote",
  howToRead:
    "A ring is where a strategy starts, the thin dashed line how steeply it climbs (its slope), the bar at the end the height that it reaches (its asymptote).",
  table: "What came of it",
  columns: {
    strategy: "Strategy",
    right: "Right",
    loss: "Loss",
    seconds: "Seconds",
    start: "Start",
    slope: "Slope a round",
    asymptote: "Asymptote",
  },
  caveat:
    "The drawings held back have also chosen the best round of each strategy. So these figures are a little too good, the more so the more rounds there were to choose from.",
  gainsHint: "In small print: the gain over “From scratch”, in points.",
  interval: (low: number, high: number) => `${percent(low)} to ${percent(high)}`,
  noControl: "Let “From scratch” take part too, and the table tells what the others gain over it.",
  saveTable: "Table (CSV)",
  saveCurves: "Curves (CSV)",
  savePicture: "Picture (PNG)",
  states: {
    waiting: "waits",
    preparing: "gets ready",
    teacher: "teacher learns",
    learning: "learns",
    done: "done",
    stopped: "stopped",
    failed: "failed",
  } satisfies Record<ContenderState, string>,
  over: "The race is over.",
  pictureTitle: "doodletune: strategies on the same drawings",
  tableFile: "doodletune-race.csv",
  curvesFile: "doodletune-race-curves.csv",
  pictureFile: "doodletune-race.png",
};

/** What a race rests on. */
export function raceFacts({ project, network, classes, learning, tested, seed, epochs }: RaceFacts): string {
  const rounds = epochs === null ? "" : `, at most ${epochs} rounds a phase`;
  return `${project}. ${NETWORKS[network].title}, ${classes} classes: ${learning} drawings to learn from, ${tested} held back as a test. Seed ${seed}${rounds}.`;
}

/** What a race shows, and how far that can be believed. */
export function raceVerdict(best: readonly Strategy[], tied: readonly Strategy[], tested: number): string {
  const names = (some: readonly Strategy[]) =>
    some.length > 4
      ? `${some.length} strategies`
      : new Intl.ListFormat("en").format(some.map((one) => `“${STRATEGIES[one].title}”`));
  const worth = `One drawing of ${tested} is worth ${points(1 / tested, 0)} points`;
  const lead = best.length === 1 ? `${names(best)} is ahead.` : `${names(best)} are level at the top.`;
  if (tied.length === 0) return `${lead} ${worth}.`;
  return `${lead} But ${worth.toLowerCase()}, and the ranges of ${names(tied)} overlap with that: chance may have decided. Try other seeds, or draw more.`;
}

/** A share in points of a hundred, signed where it is a difference. */
export function points(share: number, digits = 1): string {
  return (share * 100).toFixed(digits).replace("-", "\u2212");
}

/** The same for a gain. */
export function gain(share: number): string {
  return share < 0 ? points(share) : `+${points(share)}`;
}

/** How far the race has come. */
export function raceProgress(strategy: Strategy, number: number, of: number, state: ContenderState): string {
  return `${number} of ${of}: ${STRATEGIES[strategy].title} ${LAB.states[state]}`;
}

/** What the choice of the pretrained network is called. */
export const NETWORK = "Network";

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
  unfair:
    "The network is learning, or has learnt something since this race began: it would not be the same for everybody. " +
    "End the race, and start another.",
  gone: "The network is no longer there. End the race, and start another.",
  onceMore: "Once more",
  change: "Change players",
  quit: "End the race",
};

/** A picture of what is on the page. */
export const NO_PICTURE = "The browser could not make the picture: it may be too large.";

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
  savedAfterAll: "There was room again: everything is saved.",
  unreadable: "That project could not be read. Nothing was changed; try again.",
  interrupted: "The page was closed while it was learning. Your doodles are all here.",
  train: "Train",
  borrowed: "This model came without doodles. It answers until you add one.",
  broughtModel: (labels: string) => `The model is open. It knows ${labels}.`,
  notReady: "The network is still on its way. Try again in a moment.",
  noNetwork: "This needs the network, which is not here. In Teach, press “Try again” beneath Train.",
  otherNetwork: "What was trained here belongs to another network. Choose that one, or train again.",
  memoryNotKept: "What was trained could not be saved here: take the project home as a file to keep it.",
  memoryLost: "What was trained could not be read, but your doodles are all here. Train again.",
  takeHome: "Take home",
  bringIn: "Bring in",
  bringInNote:
    "Projects, drawings (.ndjson), pictures, or a zip with a folder of pictures for each class. You can drop files here too, or paste them on the page.",
  choose: "Choose files …",
  working: "One moment …",
  empty: "There is no doodle yet.",
  untrained: "There is no model yet: it takes doodles in two classes.",
  files: {
    project: {
      title: "Project",
      note: "Doodles, and what was trained; pictures as small as the network sees them",
    },
    drawings: { title: "Drawings", note: "As strokes, in the form of Quick, Draw!" },
    pictures: { title: "Pictures", note: "A zip of PNG files, a folder for each class" },
    webpage: { title: "Web page", note: "Recognises doodles anywhere, without the internet" },
    safetensors: { title: "Model", note: "What was trained, for this page or a program (.safetensors)" },
    onnx: { title: "Model for others", note: "What was trained, for other programs (.onnx)" },
  },
  pictureMissing: (pictures: number) =>
    pictures === 1
      ? "1 picture is no drawing and was left out; the zip of pictures has it."
      : `${pictures} pictures are no drawings and were left out; the zip of pictures has them.`,
  missing: (pictures: number) =>
    pictures === 1
      ? "1 picture could not be read and is not in the file. It is still here; the zip of pictures has it."
      : `${pictures} pictures could not be read and are not in the file. They are still here; the zip of pictures has them.`,
  brought: (name: string) => `${name} has been opened as a project of its own.`,
  broughtPictures(pictures: number, classes: number, broken: number): string {
    const all = `${number(pictures)} ${pictures === 1 ? "picture" : "pictures"} in ${number(classes)} ${classes === 1 ? "class" : "classes"}.`;
    const rest = broken === 1 ? "1 picture" : `${number(broken)} pictures`;
    return `${all}${broken > 0 ? ` ${rest} could not be read.` : ""}`;
  },
  noPictures: (file: string) => `There is no picture in “${file}” that your browser can read.`,
  badZip: (file: string) => `“${file}” is no zip file, or is damaged. Nothing was changed.`,
  bigProject: (file: string) => `“${file}” is too large: a project may have 256 MB. Nothing was changed.`,
  notLookedAt: (doodles: number) =>
    `The network has not looked at ${doodles === 1 ? "1 doodle" : `${doodles} doodles`} yet. Try again in a moment.`,
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
    `The page could not be made: ${file} is missing. Connect to the internet, and try again.`,
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
  interpolate: option("Go part of the way back", "As far as makes the test loss smallest"),
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
  faces: { title: "Faces", classes: { happy: "Happy", sad: "Sad", amazed: "Amazed" } },
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

/** The sheet, and where its drawing goes. */
export const DRAW = {
  title: "Draw",
  addTo: (name = "a class") => `Add to ${name}`,
  addKey: "Add (Enter)",
  classForNext: "Class for the next doodle",
  newShort: "+ New",
  newClass: "New class",
  noClass: "Add a class first, so that the doodle has a home.",
  nothing: "Draw something first, then add it.",
  empty: "Empty sheet to draw on",
  drawing: "Your drawing",
  here: "Draw here",
};

/** A sentence at the bottom of the window. */
export const NOTICES = { dismiss: "Dismiss", again: "Try again" };

/** For those who draw, where the engine speaks to those who write programs. */
export const ERRORS: Partial<Record<ErrorCode, string>> = {
  "other-backbone":
    "This file was made with another network. Choose that one beneath Train, and bring the file in again.",
  "no-browser":
    "The network cannot run in this browser: it is too old, or its settings forbid WebAssembly. Update it, take another one, or ask whoever looks after this computer.",
  "no-worker":
    "The network could not be started: a part of the page was not loaded, or is blocked. Look at the connection, and reload the page; if that does not help, take another browser.",
  "weights-missing":
    "The network could not be loaded. Look at the connection, and try again; if that does not help, tell whoever runs this page.",
  "wasm-missing":
    "The page's program could not be loaded. Look at the connection, and try again; if that does not help, tell whoever runs this page.",
  "asset-mismatch":
    "The network's program or its weights came damaged, or do not fit each other. Reload the page; if that does not help, empty the browser's cache, or tell whoever runs this page.",
  internal:
    "The network has failed in a way that it should not. Reload the page, and try again; if it fails again, tell whoever runs this page.",
};

/** The tools beside the sheet, with their keys. */
export const TOOLS = {
  undo: { name: "Undo", key: "Ctrl+Z" },
  redo: { name: "Redo", key: "Ctrl+Y" },
  clear: { name: "Clear", key: "Esc" },
};

/** Something to draw. */
export const PROMPT = {
  surprise: "Surprise me",
  draw: (word: string) => `Draw: ${word}`,
  right: (word: string) => `Yes, ${word}!`,
};

/** The cards of the classes. */
export const CARDS = {
  title: "Classes",
  add: "Add a class",
  card: (name: string, count: number) => `${name}, ${count} ${count === 1 ? "doodle" : "doodles"}`,
  name: "Name of the class",
  taken: (name: string) => `There is a class called ${name} already.`,
  drawFirst: "Draw the first one and press Add",
  choose: (name: string) => `Choose ${name} to draw it`,
  remove: (name: string) => `Delete ${name}`,
  gone: (name: string) => `${name} is gone.`,
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
  unreadable: (file: string) => `“${file}” could not be read. Has it been moved or changed? Choose it again.`,
  otherProject: (file: string) =>
    `Another project was opened before “${file}” was ready. Open the first one, and bring it in again.`,
  noDrawings: (file: string) =>
    `In “${file}” there is no drawing: a line of it should be {"word": …, "drawing": [[[x …], [y …]] …]}.`,
  noPictures(files: readonly string[]): string {
    if (files.length === 1) return `“${files[0]}” is not a picture that your browser can read.`;
    return `${files.length} files are no pictures that your browser can read, “${files[0]}” among them.`;
  },
  clipboard: "clipboard.ndjson",
  drawings(count: number, words: number, broken: number, more: boolean): string {
    const all = `${number(count)} ${count === 1 ? "drawing" : "drawings"} in ${number(words)} ${words === 1 ? "class" : "classes"}.`;
    const rest = more ? " The file has more, which were left out." : "";
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

/** The panel of the one big button. */
export const TRAIN = {
  train: "Train",
  again: "Train again",
  stop: "Stop",
  pause: "Pause",
  resume: "Resume",
  progress: "Progress",
  right: "Right answers",
  loss: "Loss: how wrong I am (less is better)",
  learning: "learning",
  testing: "testing",
  notYet: "The network is still on its way. You can go on drawing meanwhile.",
  tooFew: "Give at least two classes a doodle each, then I can learn the difference.",
};

/** What is under way, or can be done. */
export const PROGRESS = {
  starting: "Starting …",
  again: "Starting again …",
  tutoring: "Teaching the teacher first …",
  looking: (done: number, all: number) => `Looking at your doodles: ${done} of ${all}`,
  changed: (invitation: string) => `The doodles have changed since the last training. ${invitation}`,
  tooFew: "Training needs doodles in two classes or more. Five of each are a good start.",
  ready: (count: number) => `${count} doodles are ready to learn from.`,
};

/** Where the computation is done, and how that is chosen. */
export const DEVICE = {
  title: "Device",
  waiting: "The faster of your processor and your graphics card will be used.",
  runs({ kind, software, name }: DeviceReport): string {
    if (kind === "cpu") return "Runs on your processor (CPU).";
    return software
      ? `Runs on WebGPU in software (${name}).`
      : `Runs on your graphics card (WebGPU, ${name}).`;
  },
  details: "Details and choice",
  look: "One look",
  choose: "Choose yourself:",
  choices: { auto: "The faster", cpu: "CPU", webgpu: "WebGPU" },
  measured({ milliseconds, problem }: DeviceCandidate): string {
    if (problem) return problem;
    if (milliseconds === null) return "not measured";
    return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
  },
};

/** The panel of the guess. */
export const GUESS = {
  title: "Guess",
  caption: "What the network sees",
  seen: "Your drawing as the network sees it",
  unseen: "The network sees nothing yet",
  failed: "I cannot guess without the network. Your doodles are safe.",
  waiting: "You can draw already. I guess along as soon as the network is here.",
  spoken: ({ label, probability }: Prediction) => `My guess: ${label}, ${percent(probability)}`,
};

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

/** With a space that does not break, as typographers like it. Only all is 100 %, and only nothing 0 %. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100);
  if (rounded === 0 && share > NEAR) return "<\u00a01\u00a0%";
  return `${share < 1 - NEAR ? Math.min(rounded, 99) : rounded}\u00a0%`;
}

/** By how much arithmetic may miss all and nothing. */
const NEAR = 1e-6;

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
