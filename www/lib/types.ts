/**
 * The pretrained networks: `doodle` is made for drawings, fast, and always in the package; `efficientnet-lite0` is made
 * for photographs, larger, and in the package if it was built with its weights.
 */
export type BackboneName = "doodle" | "efficientnet-lite0";

/** Where to compute: `auto` measures both on this machine and takes the faster. */
export type DeviceChoice = "auto" | "cpu" | "webgpu";

/** One point of a stroke. */
export interface Point {
  x: number;
  y: number;
}

/** One stroke in time order, in any unit: all x then all y (as Quick, Draw! stores it), or a list of points. */
export type Stroke = readonly [ArrayLike<number>, ArrayLike<number>, ...unknown[]] | readonly Point[];

/** What can be learnt and recognised: a drawing as strokes, or a picture in any form that a browser has. */
export type Input = readonly Stroke[] | ImageData | HTMLCanvasElement | OffscreenCanvas | ImageBitmap | Blob;

/** What `DoodleTune.create` understands; everything is optional. */
export interface CreateOptions {
  /** Default `"doodle"`. */
  backbone?: BackboneName;
  /** Default `"auto"`. */
  device?: DeviceChoice;
  /** Side of the network's square input in pixels; smaller is faster and less exact. */
  size?: number;
  /** Where the weights are, or the bytes; they name their backbone themselves. Default: those in the package. */
  weights?: URL | string | ArrayBuffer;
  /** `false` computes on the calling thread, for callers that are in a worker already. Default `true`. */
  worker?: boolean;
  /** Told about everything that takes time or goes wrong on its own: downloads, measurements, restarts. */
  onStatus?: (status: Status) => void;
}

/** What is going on; `message` is one sentence for people. */
export type Status =
  | { state: "download"; message: string; loaded: number; total: number | null }
  | { state: "prepare"; message: string }
  | { state: "ready"; message: string }
  | { state: "restart"; message: string }
  | { state: "failed"; message: string };

/** A candidate that was considered for the computation. */
export interface DeviceCandidate {
  kind: "cpu" | "webgpu";
  name: string;
  /** Time for one look at a drawing; null where it was not measured. */
  milliseconds: number | null;
  /** Why it cannot be used; null where it can. */
  problem: string | null;
}

/** What computes, and why. */
export interface DeviceReport {
  kind: "cpu" | "webgpu";
  name: string;
  /** A WebGPU adapter that is emulated on the CPU. */
  software: boolean;
  /** One sentence for people. */
  reason: string;
  candidates: DeviceCandidate[];
}

/** The pretrained network in use. */
export interface BackboneReport {
  name: string;
  stages: string[];
  /** Length of the feature vector. */
  features: number;
  /** Side of the input in pixels. */
  size: number;
  /** What `guess` can answer; empty if the weights come without a ready-made head. */
  labels: string[];
  license: string;
  source: string;
  parameters: number;
}

/** A class and how probable it is. */
export interface Ranked {
  label: string;
  probability: number;
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
  milliseconds: number;
}

/**
 * Named ways to train. `auto` solves for the head and then, where that promises anything and the device is fast enough,
 * trains the whole network, but keeps that only if drawings held out are recognised better. The others are what the
 * literature argues about; `from-scratch` (random weights) is the control, and `distil` needs a `teacher`.
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
  /** The most epochs of each phase, in the place of the strategy's own. */
  epochs?: number;
  /** Decides which examples are held out, their order and their variations. */
  seed?: number;
  /** A tuner that knows the same classes: what it makes of the examples is learnt too. For `distil`. */
  teacher?: Teacher;
  /** Aborting ends the run, keeps the best so far and rejects `result` with `aborted`. */
  signal?: AbortSignal;
}

/** Whoever can say what a drawing is: another `DoodleTune`, most of all. */
export interface Teacher {
  predict(input: Input): Promise<{ ranking: Ranked[] }>;
}

/** A training run as data: what trains in which phase, and how. The engine refuses what is unknown or impossible by name. */
export interface Plan {
  phases: Phase[];
  head?: {
    /** Whether the head works on centred directions of the features (default), or on the features themselves. */
    directions?: boolean;
    /** `random` is needed without directions or with a hidden layer. */
    start?: "prototype" | "random";
    hidden?: { size?: number; activation?: "relu" | "leaky-relu" | "silu" | "mish" } | null;
  };
  /** `random` weights are the control that a transfer must beat. */
  weights?: "pretrained" | "random";
  /** How a network made for colours takes grey drawings. */
  input?: "repeat" | "sum" | "random";
  /** Share of each class held out, 0 to 0.5. */
  validation?: number;
  /** Whether all is done once more in the end, with the examples held out too. */
  refit?: boolean;
  /** The most memory for what frozen stages make of the examples. */
  cacheMegabytes?: number;
  seed?: number;
}

/** What trains for how long, and how. */
export interface Phase {
  name?: string;
  /** The head always trains; stages by their number from the head or from the input, or by name. */
  train: "head" | "everything" | { last: number } | { first: number } | { stages: string[] };
  epochs: number;
  /** `logistic` solves for the head alone, with nothing to tune. */
  optimizer?: Optimizer;
  rate?: number;
  /** Factor on the rate for each stage further from the head. */
  stageDecay?: number;
  /** Share of the steps over which the rate rises to its highest. */
  warmUp?: number;
  schedule?:
    | { name: "constant" | "linear" }
    | { name: "cosine"; end?: number }
    | { name: "one-cycle"; rise?: number; start?: number; end?: number }
    | { name: "step"; every?: number; factor?: number }
    | { name: "plateau"; patience?: number; factor?: number };
  /** Which statistics batch normalisation goes by where it trains. */
  norm?: "running" | "batch";
  loss?:
    | { name: "cross-entropy"; smoothing?: number }
    | { name: "focal"; gamma?: number; smoothing?: number }
    | { name: "triplet"; margin?: number }
    | { name: "contrastive"; temperature?: number }
    | { name: "distillation"; temperature?: number; share?: number };
  augmentation?: Variation;
  batchSize?: number;
  /** Longest gradient of a tensor. */
  clip?: number | null;
  /** Share of the averaged weights that stays at each step; 0 keeps the weights themselves. */
  averaging?: number;
  /** Epochs without a better validation loss after which the phase ends. */
  patience?: number | null;
  /** Whether the epoch with the best validation loss is kept (default), or the last. */
  keepBest?: boolean;
  /** Whether the phase is undone unless it made the validation loss smaller. */
  rollBack?: boolean;
}

/** How weights follow from gradients. */
export type Optimizer =
  | { name: "logistic" }
  | { name: "sgd"; momentum?: number; weightDecay?: number }
  | { name: "adam" | "adamw" | "radam" | "lion"; weightDecay?: number }
  | { name: "lookahead"; steps?: number; share?: number; inner?: Optimizer };

/** How examples are varied while they are learnt from; nothing is varied by default. */
export interface Variation {
  /** Degrees, and shares of the drawing's extent; `dropout`, `reorder` and `partial` are probabilities. */
  strokes?: Partial<
    Record<
      | "rotation"
      | "shear"
      | "stretch"
      | "jitter"
      | "bend"
      | "dropout"
      | "reorder"
      | "partial"
      | "partialFrom"
      | "width",
      number
    >
  >;
  /** Of the rendered picture; shares of its side. */
  pixels?: {
    flip?: boolean;
    shift?: number;
    scale?: number;
    cutout?: number;
    noise?: number;
    policy?:
      { name: "auto-augment" } | { name: "rand-augment"; operations?: number; magnitude?: number } | null;
  };
  mixing?: { name: "mixup" | "cutmix"; alpha?: number } | null;
  /** How many views of an example are kept where stages are frozen. */
  views?: number;
}

/** How the training is going, once an epoch. */
export interface TrainEvent {
  /** The phase's name in the plan; a logistic regression has two parts, `strength` and `solve`. */
  phase: string;
  /** Whether this is the second pass, over all examples. */
  refit: boolean;
  /** From 1 in each phase. */
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss: number;
  accuracy: number;
  validationLoss: number | null;
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
  /** What one should know: a rate that was halved, a phase that was undone. */
  notice: string | null;
}

/** What a phase came to. */
export interface PhaseReport {
  phase: string;
  /** The stages that it trained. */
  stages: string[];
  epochs: number;
  /** The epoch that was kept; 0 if what was there before the phase was. */
  keptEpoch: number;
  rolledBack: boolean;
  loss: number | null;
  accuracy: number | null;
  validationLoss: number | null;
  validationAccuracy: number | null;
  /** What logits were divided by so that examples held out are most probable. */
  temperature: number | null;
  /** Drawings that went through frozen stages. */
  frozenForwards: number;
  seconds: number;
}

/** What the training came to: the figures of the last phase that was kept; null if there was none. */
export interface TrainReport {
  reason: "finished" | "stopped" | "paused";
  epochs: number;
  loss: number | null;
  accuracy: number | null;
  validationLoss: number | null;
  validationAccuracy: number | null;
  /** What the cross-validation of a logistic regression chose. */
  strength: number | null;
  /** How many examples were learnt from, without those held out. */
  trainingExamples: number;
  /** How many were held out: by the plan, or by the cross-validation each for a fifth of it. */
  validationExamples: number;
  phases: PhaseReport[];
  /** What became of the examples that the plan held out. */
  evaluation: Evaluation | null;
  seconds: number;
}

/** What became of examples whose classes are known. */
export interface Evaluation {
  examples: number;
  accuracy: number;
  /** 95 % confidence. */
  accuracyInterval: [number, number];
  loss: number;
  /** How many of the class of the row were taken for that of the column. */
  confusion: number[][];
  classes: {
    label: string;
    examples: number;
    precision: number | null;
    recall: number | null;
    f1: number | null;
  }[];
  /** How far probabilities can be believed, as they are and divided by the temperature that suits best. */
  calibration: { temperature: number; before: Reliability; after: Reliability };
}

/** How far probabilities can be believed. */
export interface Reliability {
  loss: number;
  /** Expected calibration error. */
  error: number;
  bins: { examples: number; confidence: number; accuracy: number }[];
}

/** A class and the number of its examples. */
export interface ClassSummary {
  label: string;
  examples: number;
}
