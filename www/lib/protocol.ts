import type { Asset } from "./download.js";
import type { ErrorCode } from "./errors.js";
import type {
  BackboneReport,
  DeviceChoice,
  DeviceReport,
  Evaluation,
  Explanation,
  Features,
  Loaded,
  ModelFormat,
  Plan,
  Prediction,
  Ranked,
  Status,
  Strategy,
  TrainEvent,
  TrainOptions,
  TrainReport,
  Variation,
} from "./types.js";

/** A drawing or picture in the one form that crosses to the engine. */
export type WireInput =
  { strokes: number[][][] } | { width: number; height: number; data: Uint8ClampedArray };

/** What the engine needs to start. */
export interface EngineOptions {
  /** Passed on to the wasm package as it is, so that its own checks speak. */
  tuner: { device?: DeviceChoice; size?: number };
  wasm: Asset | WebAssembly.Module;
  weights: Asset | ArrayBuffer;
}

/** What an engine has fetched and compiled, so that the next one need not. */
export type Spare = Partial<Pick<EngineOptions, "wasm" | "weights">>;

/** The options of a training in the form that crosses to the engine: a teacher is what it said, by the engine's ids. */
export interface WireTrainOptions extends Omit<TrainOptions, "signal" | "teacher"> {
  teacher?: Record<number, Ranked[]>;
}

/** What the network sees, as opaque RGBA. */
export interface View {
  size: number;
  pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** What a file held, by the engine's ids. */
export interface WireLoaded extends Omit<Loaded, "examples"> {
  examples: { id: number; label: string; input: WireInput }[];
}

/** Everything that an engine can be asked: the arguments and the answer. */
export interface Calls {
  create: {
    ask: { options: EngineOptions };
    answer: { device: DeviceReport; backbone: BackboneReport; spare: Spare };
  };
  add: { ask: { examples: { label: string; input: WireInput }[] }; answer: number[] };
  remove: { ask: { ids: number[] }; answer: void };
  move: { ask: { id: number; label: string }; answer: void };
  renameClass: { ask: { from: string; to: string }; answer: void };
  removeClass: { ask: { label: string }; answer: void };
  guess: { ask: { input: WireInput }; answer: Prediction };
  predict: { ask: { input: WireInput; unfinished: boolean }; answer: Prediction };
  preview: { ask: { input: WireInput }; answer: View };
  vary: { ask: { input: WireInput; variation: Variation; count: number; seed: number }; answer: View[] };
  explain: { ask: { input: WireInput }; answer: Explanation };
  features: { ask: { pretrained: boolean }; answer: Features };
  plan: { ask: { strategy: Strategy }; answer: Plan };
  prepare: { ask: { options: WireTrainOptions }; answer: void };
  train: { ask: { options: WireTrainOptions; from?: Uint8Array<ArrayBuffer> }; answer: TrainReport };
  pause: { ask: object; answer: void };
  resume: { ask: object; answer: void };
  stop: { ask: object; answer: void };
  evaluate: { ask: object; answer: Evaluation };
  save: { ask: object; answer: Uint8Array<ArrayBuffer> };
  export: { ask: { format: ModelFormat }; answer: Uint8Array<ArrayBuffer> };
  load: { ask: { file: Uint8Array<ArrayBuffer> }; answer: WireLoaded };
  /** Features of a normalised batch, for another engine with the same network. */
  help: { ask: { input: Float32Array<ArrayBuffer> }; answer: Float32Array<ArrayBuffer> };
  ping: { ask: object; answer: void };
  loseDevice: { ask: object; answer: void };
}

/** One question, as it is sent. */
export type Command = { [Type in keyof Calls]: { type: Type } & Calls[Type]["ask"] }[keyof Calls];

/** The answer to a kind of command. */
export type Answer<C extends Command> = Calls[C["type"]]["answer"];

/** Main thread to engine. */
export interface Request {
  id: number;
  command: Command;
}

/** Engine to main thread; `id` is the request's. */
export type EngineEvent =
  | { type: "answer"; id: number; value: unknown }
  | { type: "refusal"; id: number; code: ErrorCode; message: string }
  | { type: "epoch"; id: number; event: TrainEvent }
  | { type: "checkpoint"; id: number; file: Uint8Array<ArrayBuffer> }
  | { type: "status"; status: Status }
  | { type: "crash"; message: string };
