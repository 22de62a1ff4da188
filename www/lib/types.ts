/**
 * The pretrained networks: `doodle` is made for drawings, fast, and always in the package; `efficientnet-lite0` is made
 * for photographs, larger, and in the package if it was built with its weights.
 */
export type BackboneName = "doodle" | "efficientnet-lite0";

/** Where to compute: `auto` measures both on this machine and takes the faster. */
export type DeviceChoice = "auto" | "cpu" | "webgpu";

/** One point of a stroke, in any unit: drawings are fitted to the network's input. */
export interface Point {
  /** To the right. */
  x: number;
  /** Downwards. */
  y: number;
}

/** One stroke in time order, in any unit: all x, then all y (as Quick, Draw! stores it, perhaps with times), or a list of points. */
export type Stroke = readonly ArrayLike<number>[] | readonly Point[];

/**
 * What can be learnt and recognised: a drawing as strokes, at most 100,000 points in all, or a picture in any form that a
 * browser has, which is scaled down to 512 pixels. It is read once, when it is handed over, and left as it is; what is read
 * from a picture moves to the worker without another copy, except for examples, which stay here to outlive a worker.
 */
export type Input = readonly Stroke[] | ImageData | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | Blob;

/** What `DoodleTune.create` understands; everything is optional. */
export interface CreateOptions {
  /** Default `"doodle"`. */
  backbone?: BackboneName;
  /** Default `"auto"`. */
  device?: DeviceChoice;
  /**
   * Side of the network's square input in pixels; smaller is faster and less exact. Multiples of 16 for `doodle` (default
   * 64), of 32 for `efficientnet-lite0` (default 128).
   */
  size?: number;
  /** Where the weights are, or the bytes; they name their backbone themselves. Default: those in the package. */
  weights?: URL | string | ArrayBuffer | Uint8Array<ArrayBuffer>;
  /**
   * The folder that this package is served from, where a bundler does not take its files along, or where they come from
   * another server. The worker's script is taken from there only if that is the origin of the page: browsers refuse others.
   */
  assets?: URL | string;
  /** `false` computes on the calling thread, for callers that are in a worker already. Default `true`. */
  worker?: boolean;
  /** Told about everything that takes time or goes wrong on its own: downloads, measurements, restarts. */
  onStatus?: (status: Status) => void;
}

/**
 * What is going on; `message` is one sentence for people. Of a download, `loaded` of `total` bytes have come; `total` is null
 * where the server does not say.
 */
export type Status =
  | { state: "download"; message: string; loaded: number; total: number | null }
  | { state: "prepare"; message: string }
  | { state: "ready"; message: string }
  | { state: "restart"; message: string }
  | { state: "failed"; message: string };

/** A candidate that was considered for the computation. */
export interface DeviceCandidate {
  /** Which of the two it is. */
  kind: "cpu" | "webgpu";
  /** What the browser calls it. */
  name: string;
  /** Time for one look at a drawing; null where it was not measured. */
  milliseconds: number | null;
  /** Why it cannot be used; null where it can. */
  problem: string | null;
}

/** What computes, and why. */
export interface DeviceReport {
  /** Which of the two it is. */
  kind: "cpu" | "webgpu";
  /** What the browser calls it. */
  name: string;
  /** A WebGPU adapter that is emulated on the CPU. */
  software: boolean;
  /** One sentence for people. */
  reason: string;
  /** All that were considered; none if the CPU was asked for. */
  candidates: DeviceCandidate[];
}

/** The pretrained network in use. */
export interface BackboneReport {
  /** As its weights call it. */
  name: string;
  /** Its stages by name, from the input on: what a plan can train. */
  stages: string[];
  /** Length of the feature vector. */
  features: number;
  /** Side of the input in pixels. */
  size: number;
  /** What `guess` can answer; empty if the weights come without a ready-made head. */
  labels: string[];
  /** Licence of the weights, as an SPDX expression. */
  license: string;
  /** Where the weights come from. */
  source: string;
  /** How many numbers they are. */
  parameters: number;
}

/** A class and how probable it is. */
export interface Ranked {
  /** The class. */
  label: string;
  /** 0 to 1; those of a ranking sum up to 1. */
  probability: number;
}

/** How to recognise a drawing. */
export interface PredictOptions {
  /** Whether somebody may still be drawing it. Default `false`. */
  unfinished?: boolean;
}

/** The answer to "what is this?". */
export interface Prediction extends Ranked {
  /** All classes, most probable first. */
  ranking: Ranked[];
  /**
   * To `predict`, `prototype` answers before the first training and `linear`, or `mlp` with a hidden layer, after it; to
   * `guess`, `pretrained`.
   */
  head: "prototype" | "linear" | "mlp" | "pretrained";
  /** How long it took to compute. */
  milliseconds: number;
}

/**
 * Named ways to train:
 *
 * - `auto` solves for the head, then, where that promises anything, trains the whole network too, or its last two stages
 *   where the whole would take minutes; it keeps as much of that as makes drawings held out be recognised best, or nothing
 * - `feature-extraction` solves for the head alone: milliseconds, with nothing to tune
 * - `full` trains everything from the start; `full-batch-norm` with the statistics of each batch, the naive way
 * - `freeze-then-finetune` trains the head, then everything at a tenth of the rate
 * - `gradual-unfreezing` trains a stage more in each phase, from the head on
 * - `layer-wise` trains everything, with a smaller rate the further a stage is from the head
 * - `warm-up` trains everything, with a rate that rises before it falls
 * - `lp-ft` solves for the head, then trains everything at a small rate
 * - `last-block` solves for the head, then trains the last two stages
 * - `from-scratch` trains everything from random weights: the control that a transfer must beat
 * - `distil` trains everything to answer as a `teacher` does, which has to be given
 */
export type Strategy =
  | "auto"
  | "feature-extraction"
  | "full"
  | "full-batch-norm"
  | "freeze-then-finetune"
  | "gradual-unfreezing"
  | "layer-wise"
  | "warm-up"
  | "lp-ft"
  | "last-block"
  | "from-scratch"
  | "distil";

/** How to train; everything is optional. */
export interface TrainOptions {
  /** Default `"auto"`. */
  strategy?: Strategy;
  /** In detail, instead of a strategy: `tuner.plan(strategy)` gives one to start from. */
  plan?: Plan;
  /** The most epochs of each phase, in the place of the strategy's or the plan's own. */
  epochs?: number;
  /** Decides which examples are held out, their order and their variations. Default: the plan's, which is 0. */
  seed?: number;
  /** For `distil` and the loss `distillation`: whoever knows the same classes and says what the examples are. */
  teacher?: Teacher;
  /** Aborting ends the run, keeps the best so far and rejects `result` with `aborted`. */
  signal?: AbortSignal;
}

/** What of the options of `train` decides what a GPU has to compile. */
export type PrepareOptions = Omit<TrainOptions, "signal" | "teacher">;

/** Whoever can say what a drawing is: another `DoodleTune`, most of all. */
export interface Teacher {
  /** What the drawing is, by the names of the pupil's classes. */
  predict(input: Input): PromiseLike<{ ranking: Ranked[] }>;
}

/**
 * A training run as data: what trains in which phase, and how. What is left out has its default; what is unknown or
 * impossible is refused by name.
 */
export interface Plan {
  /** What is done, one after the other. */
  phases: Phase[];
  /** What sits on the features. */
  head?: HeadPlan;
  /** `random` weights are the control that a transfer must beat. Default `"pretrained"`. */
  weights?: "pretrained" | "random";
  /**
   * How a network made for colours takes drawings: `repeat` (default) gives each colour the grey value; `sum` and `random`
   * have one channel, with the kernels of the colours summed or a first layer that knows nothing yet.
   */
  input?: "repeat" | "sum" | "random";
  /**
   * Share of each class held out for validation, 0 to 0.5; classes of fewer than four examples give none, and one class alone is
   * not held out. Default 0.15.
   */
  validation?: number;
  /** Whether all is done once more in the end, with the examples held out too. Default `false`. */
  refit?: boolean;
  /** The most memory for what frozen stages make of the examples; beyond it that is computed in each step. Default 256. */
  cacheMegabytes?: number;
  /** Decides what is held out, the order of examples, variations and random weights. Default 0. */
  seed?: number;
}

/** What sits on the features. */
export interface HeadPlan {
  /** Whether it works on centred directions of the features (default), or on the features themselves. */
  directions?: boolean;
  /** The classes' mean directions (default), which need `directions` and no hidden layer, or small random weights. */
  start?: "prototype" | "random";
  /** A layer between features and classes; none by default. `size` is 1 to 4096, by default 128 of `relu`. */
  hidden?: { size?: number; activation?: "relu" | "leaky-relu" | "silu" | "mish" } | null;
}

/** What trains for how long, and how. */
export interface Phase {
  /** What it is called in events and reports. */
  name?: string;
  /** What trains beside the head: nothing, all stages, so many from the head or from the input on, or those named. */
  train: "head" | "everything" | { last: number } | { first: number } | { stages: string[] };
  /** The most passes over the examples, 1 to 10,000. */
  epochs: number;
  /** Default `adamw`. */
  optimizer?: Optimizer;
  /** Highest learning rate, above 0 and at most 10. Default 0.001. */
  rate?: number;
  /** Factor on the rate for each stage further from the head, above 0 and at most 1. Default 1. */
  stageDecay?: number;
  /** Share of the steps over which the rate rises to its highest, 0 to 1. Default 0. */
  warmUp?: number;
  /** The rate after that. Default `constant`. */
  schedule?: Schedule;
  /** The statistics that normalisation goes by where it trains: those of the pretraining (default), or of each batch. */
  norm?: "running" | "batch";
  /** What is made small. Default `cross-entropy`. */
  loss?: Loss;
  /** How examples are varied; not at all by default. */
  augmentation?: Variation;
  /** Examples a step, 1 to 4096. Default 16. */
  batchSize?: number;
  /** Longest gradient of a tensor; any by default. */
  clip?: number | null;
  /** Share of the averaged weights that stays at each step, 0 to below 1; the average is what is kept. Default 0. */
  averaging?: number;
  /** Epochs without a better validation loss after which the phase ends; never by default. */
  patience?: number | null;
  /** Whether the epoch with the best validation loss is kept (default), or the last. */
  keepBest?: boolean;
  /** Whether the phase is undone unless it made the validation loss smaller; kept if nothing is held out. Default `false`. */
  rollBack?: boolean;
  /**
   * Whether the phase, once it is done, goes a quarter, half or three quarters of its way back if that makes the validation
   * loss smaller. Default `false`.
   */
  interpolate?: boolean;
}

/**
 * How weights follow from gradients. `logistic` solves for the head instead, and leaves nothing to tune. `lookahead` lets
 * another run ahead, by default `radam`, and goes back every `steps` (5) steps to a `share` (0.5) of the way. `momentum` is 0.9
 * by default, `weightDecay` 0.01 for `adamw` and else 0.
 */
export type Optimizer =
  { name: "logistic" } | Descent | { name: "lookahead"; steps?: number; share?: number; inner?: Descent };

/** How weights follow from gradients, a step at a time. */
export type Descent =
  | { name: "sgd"; momentum?: number; weightDecay?: number }
  | { name: "adam" | "adamw" | "radam" | "lion"; weightDecay?: number };

/**
 * How the learning rate changes over a phase: shares of the rate (`start`, default 0.04, and `end`, default 0 for `cosine` and
 * 0.0001 for `one-cycle`) and of the steps (`rise`, 0.3); or a `factor` (0.5) on the rate `every` 10 epochs, or after a
 * `patience` of 5 epochs without a better validation loss.
 */
export type Schedule =
  | { name: "constant" | "linear" }
  | { name: "cosine"; end?: number }
  | { name: "one-cycle"; rise?: number; start?: number; end?: number }
  | { name: "step"; every?: number; factor?: number }
  | { name: "plateau"; patience?: number; factor?: number };

/**
 * What training makes small. `triplet` and `contrastive` are losses on embeddings; `distillation` needs a teacher, whose `share`
 * of the loss is 0.9 by default. Defaults of the others: `smoothing` 0, `gamma` 2, `margin` 0.2, `temperature` 0.1 for
 * `contrastive` and 4 for `distillation`.
 */
export type Loss =
  | { name: "cross-entropy"; smoothing?: number }
  | { name: "focal"; gamma?: number; smoothing?: number }
  | { name: "triplet"; margin?: number }
  | { name: "contrastive"; temperature?: number }
  | { name: "distillation"; temperature?: number; share?: number };

/** How examples are varied while they are learnt from. */
export interface Variation {
  /** Of drawings as strokes, before they become pixels. */
  strokes?: StrokeAugmentation;
  /** Of the pixels, whatever they come from. */
  pixels?: PixelAugmentation;
  /** Mixtures of two examples, their shares from a Beta distribution: `alpha` is 0.2 for `mixup`, 1 for `cutmix` by default. */
  mixing?: { name: "mixup" | "cutmix"; alpha?: number } | null;
  /** How many views of an example are kept where stages are frozen, 1 to 64. Default 4. */
  views?: number;
}

/** Drawings as other hands might have drawn them; all 0 by default. */
export interface StrokeAugmentation {
  /** Degrees either way, 0 to 180. */
  rotation?: number;
  /** Sideways shift per height either way, 0 to 1. */
  shear?: number;
  /** Change of the ratio of width to height either way, 0 to 1. */
  stretch?: number;
  /** Standard deviation of each point's displacement, as a share of the drawing, 0 to 0.2. */
  jitter?: number;
  /** Amplitude of a slow wave that bends the drawing, as a share of it, 0 to 0.5. */
  bend?: number;
  /** Probability that a stroke is left out; one always stays. */
  dropout?: number;
  /** Probability that the strokes come in another order. */
  reorder?: number;
  /** Probability that a drawing is cut off, as it looks while it is being drawn. */
  partial?: number;
  /** The least share of the points that a drawing that is cut off still has. */
  partialFrom?: number;
  /** Change of the line's width either way, 0 to 3. */
  width?: number;
}

/** Variations of what the network sees; nothing by default. */
export interface PixelAugmentation {
  /** Mirrors every second picture. */
  flip?: boolean;
  /** Shift either way, as a share of the side, 0 to 0.5. */
  shift?: number;
  /** Change of size either way, 0 to 1. */
  scale?: number;
  /** Side of a square that is erased, as a share of the side, 0 to 0.75. */
  cutout?: number;
  /** Standard deviation of each pixel's brightness, 0 to 0.5. */
  noise?: number;
  /** A published mixture of operations, made for photos; `operations` is 2 and `magnitude` 9 by default. */
  policy?:
    { name: "auto-augment" } | { name: "rand-augment"; operations?: number; magnitude?: number } | null;
}

/** How the training is going, once an epoch. */
export interface TrainEvent {
  /** The phase's name in the plan; instead of it, a logistic regression has two parts, `strength` and `solve`. */
  phase: string;
  /** Whether this is the second pass, over all examples. */
  refit: boolean;
  /** From 1 in each phase. */
  epoch: number;
  /** The most that this phase will have. */
  epochs: number;
  /** Steps of this phase up to now. */
  step: number;
  /** The most that this phase will have. */
  steps: number;
  /** Mean over the examples of this epoch. */
  loss: number;
  /** Share of the examples of this epoch that were recognised, 0 to 1. */
  accuracy: number;
  /** Of the examples held out; null where none are. */
  validationLoss: number | null;
  /** Of the examples held out, 0 to 1; null where none are. */
  validationAccuracy: number | null;
  /** The head's learning rate. */
  rate: number | null;
  /** The learning rate of each stage that trains. */
  rates: { stage: string; rate: number }[];
  /** How hard a logistic regression's weights are held back. */
  strength: number | null;
  /** To the end of the phase. */
  secondsLeft: number;
  /** Whether these are the best weights so far, and answer from now on. */
  best: boolean;
  /** What one should know: a rate that was halved, a phase that was undone, or of which a part was kept. */
  notice: string | null;
}

/** What a phase came to. */
export interface PhaseReport {
  /** Its name in the plan; of a logistic regression `solve`, whatever the plan calls it. */
  phase: string;
  /** The stages that it trained. */
  stages: string[];
  /** How many it had. */
  epochs: number;
  /** The epoch that was kept; 0 if what was there before the phase was. */
  keptEpoch: number;
  /** How much of the way from the weights before the phase to those after it was kept, 0 to 1. */
  keptShare: number;
  /** Whether it was undone, since it made nothing better. */
  rolledBack: boolean;
  /** Mean over the examples of the epoch that was kept. */
  loss: number | null;
  /** Share of the examples that were recognised, 0 to 1. */
  accuracy: number | null;
  /** Of the examples held out; null where none were. */
  validationLoss: number | null;
  /** Of the examples held out, 0 to 1; null where none were. */
  validationAccuracy: number | null;
  /** What logits were divided by so that examples held out are most probable. */
  temperature: number | null;
  /** Drawings that went through frozen stages. */
  frozenForwards: number;
  /** How long it took. */
  seconds: number;
}

/** What the training came to: the figures of the last phase that was kept; null if there was none. */
export interface TrainReport {
  /** Whether it came to its end, or was stopped. */
  reason: "finished" | "stopped";
  /** Of all phases. */
  epochs: number;
  /** Mean over the examples learnt from. */
  loss: number | null;
  /** Share of them that were recognised, 0 to 1. */
  accuracy: number | null;
  /** Of the examples held out; null where none were. */
  validationLoss: number | null;
  /** Of the examples held out, 0 to 1; null where none were. */
  validationAccuracy: number | null;
  /** What the cross-validation of a logistic regression chose. */
  strength: number | null;
  /** How many examples were learnt from, without those held out. */
  trainingExamples: number;
  /** How many were held out: by the plan, or by the cross-validation each for a fifth of it. */
  validationExamples: number;
  /** One after the other, those that were undone too. */
  phases: PhaseReport[];
  /** What became of the examples that the plan held out. */
  evaluation: Evaluation | null;
  /** How long it took, without pauses. */
  seconds: number;
}

/** What became of examples whose classes are known. */
export interface Evaluation {
  /** How many were asked about. */
  examples: number;
  /** Share of them that were recognised, 0 to 1. */
  accuracy: number;
  /** 95 % confidence. */
  accuracyInterval: [number, number];
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** How many of the class of the row were taken for that of the column, in the order of `classes`. */
  confusion: number[][];
  /** What became of each class; null where there is nothing to divide by. */
  classes: {
    label: string;
    examples: number;
    precision: number | null;
    recall: number | null;
    f1: number | null;
  }[];
  /** What each example was taken for while it was held back; those that were not asked about are missing. */
  answers: { id: number; label: string; ranking: Ranked[] }[];
  /** How far probabilities can be believed, as they are and divided by the temperature that suits best. */
  calibration: { temperature: number; before: Reliability; after: Reliability };
}

/** How far probabilities can be believed. */
export interface Reliability {
  /** Mean cross-entropy, in nats. */
  loss: number;
  /** Expected calibration error, 0 to 1. */
  error: number;
  /** Answers by how sure they were, from not at all to completely: mean confidence, and share that was right. */
  bins: { examples: number; confidence: number; accuracy: number }[];
}

/** A class and the number of its examples. */
export interface ClassSummary {
  /** Its name. */
  label: string;
  /** How many it has. */
  examples: number;
}

/** How a trained model is written: to be loaded again, or to be run anywhere. */
export type ModelFormat = "safetensors" | "onnx";

/** What a file held, and the tuner holds now. */
export interface Loaded {
  /** In the order in which they were added; pictures are as the network sees them. None if the file is a model alone. */
  examples: { id: number; label: string; input: Input }[];
  /** What is told apart by what was trained; empty if nothing was. */
  labels: string[];
  /** What the last training did, if what it trained is in the file. */
  plan: Plan | null;
  /** What it came to. */
  report: TrainReport | null;
}

/** What the network makes of the examples: points in a space in which like is near like. */
export interface Features {
  /** Of the examples; -1 for one that was removed meanwhile. */
  ids: number[];
  /** Their classes. */
  labels: string[];
  /** Numbers per example. */
  length: number;
  /** One example after the other. */
  values: Float32Array;
}

/** Where in a drawing the network found its answer. */
export interface Explanation extends Ranked {
  /** Squares per row and column of the map. */
  side: number;
  /**
   * How much less probable the answer becomes when what is around that square of the network's input is wiped away, row by
   * row; negative where that makes it more probable.
   */
  heat: Float32Array;
}
