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
  /** To `predict`, `prototype` answers before the first training and `linear` after it; to `guess`, `pretrained`. */
  head: "prototype" | "linear" | "pretrained";
  milliseconds: number;
}

/**
 * How the head is found: `logistic` solves a logistic regression, with nothing to tune; `adamw` descends by gradients
 * from the prototypes on.
 */
export type Solver = "logistic" | "adamw";

/**
 * How to train; everything is optional and has a sensible default. All but `solver`, `seed` and `signal` concern the
 * solver `adamw` only, and are refused without it.
 */
export interface TrainOptions {
  /** Default `"logistic"`. */
  solver?: Solver;
  /** The most passes over the examples. */
  epochs?: number;
  /** Highest learning rate. */
  rate?: number;
  /** Examples a step. */
  batchSize?: number;
  /** Probability mass that is spread evenly over the classes. */
  labelSmoothing?: number;
  /** AdamW's decoupled weight decay. */
  weightDecay?: number;
  /** Share of the steps over which the rate rises to its highest. */
  warmUp?: number;
  /** Epochs without a better validation loss after which the training stops. */
  patience?: number;
  /** Share of each class that is held out for validation. */
  validation?: number;
  /** Decides which examples are held out, and the order of the examples. */
  seed?: number;
  /** Aborting ends the run, keeps the best so far and rejects `result` with `aborted`. */
  signal?: AbortSignal;
}

/** How the training is going, once an epoch. */
export interface TrainEvent {
  /**
   * `strength` tries how hard the weights should be held back, on a fifth of the examples held out at a time; `solve` then
   * learns from all. With `adamw`: `head` holds some out and stops early; `refit` then learns from all for as many epochs
   * as were best.
   */
  phase: "strength" | "solve" | "head" | "refit";
  /** Counted through both phases: a candidate in `strength`, an iteration in `solve`. */
  epoch: number;
  epochs: number;
  step: number;
  steps: number;
  loss: number;
  accuracy: number;
  validationLoss: number | null;
  validationAccuracy: number | null;
  /** Learning rate of `adamw`. */
  rate: number | null;
  /** How hard a logistic regression's weights are held back. */
  strength: number | null;
  secondsLeft: number;
  /** Whether the head is the best so far, and answers from now on. */
  best: boolean;
}

/** What the training came to: the figures of phase `solve` with the best of `strength`, or of the best epoch of `head`. */
export interface TrainReport {
  reason: "finished" | "early-stop" | "stopped";
  epochs: number;
  /** The epoch that these are from; 0, and the figures null, if there was none. */
  bestEpoch: number;
  loss: number | null;
  accuracy: number | null;
  validationLoss: number | null;
  validationAccuracy: number | null;
  /** What phase `strength` chose. */
  strength: number | null;
  /** How many examples were learnt from, by `adamw` in phase `head`. */
  trainingExamples: number;
  /** How many were held out: each for a part of phase `strength`, or for all of phase `head`. */
  validationExamples: number;
  seconds: number;
}

/** A class and the number of its examples. */
export interface ClassSummary {
  label: string;
  examples: number;
}
