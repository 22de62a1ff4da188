import type { Asset } from "./download.js";
import { describe } from "./describe.js";
import { DoodleTuneError } from "./errors.js";
import { INTEGRITY, WASM, WEIGHTS } from "./files.js";
import { copyOf } from "./input.js";
import type { EngineOptions, WireTrainOptions } from "./protocol.js";
import type {
  BackboneName,
  CreateOptions,
  ModelFormat,
  PredictOptions,
  PrepareOptions,
  Strategy,
  Teacher,
  TrainOptions,
} from "./types.js";

type Checks<Options> = Record<keyof Options, { allowed: string; ok: (value: unknown) => boolean }>;

const SWITCH = {
  allowed: "true or false",
  ok: (value: unknown) => typeof value === "boolean",
};

/** What is allowed for each option of `create`; which sizes there are depends on the network, which checks it. */
const CREATE: Checks<CreateOptions> = {
  backbone: {
    allowed: '"doodle" or "efficientnet-lite0"',
    ok: (value) => value === "doodle" || value === "efficientnet-lite0",
  },
  device: {
    allowed: '"auto", "cpu" or "webgpu"',
    ok: (value) => value === "auto" || value === "cpu" || value === "webgpu",
  },
  size: { allowed: "a whole number of pixels", ok: Number.isInteger },
  weights: {
    allowed: "a URL, a string, an ArrayBuffer or a Uint8Array",
    ok: (value) => typeof value === "string" || value instanceof URL || isBytes(value),
  },
  assets: {
    allowed: "a URL or a string",
    ok: (value) => typeof value === "string" || value instanceof URL,
  },
  worker: SWITCH,
  onStatus: { allowed: "a function", ok: (value) => typeof value === "function" },
};

const COUNT = {
  allowed: "a whole number from 1",
  ok: (value: unknown) => Number.isInteger(value) && Number(value) > 0,
};

const SEED = {
  allowed: "a whole number from 0",
  ok: (value: unknown) => Number.isSafeInteger(value) && Number(value) >= 0,
};

const PREDICT: Checks<PredictOptions> = { unfinished: SWITCH };

const FEATURES: Checks<{ pretrained?: boolean }> = { pretrained: SWITCH };

const VIEWS: Checks<{ count: number; seed: number }> = { count: COUNT, seed: SEED };

/** All of them: a record, so that the compiler misses those that are forgotten. */
const STRATEGIES: Record<Strategy, true> = {
  auto: true,
  "feature-extraction": true,
  full: true,
  "full-batch-norm": true,
  "freeze-then-finetune": true,
  "gradual-unfreezing": true,
  "layer-wise": true,
  "warm-up": true,
  "lp-ft": true,
  "last-block": true,
  "from-scratch": true,
  distil: true,
};

const FORMATS: Record<ModelFormat, true> = { safetensors: true, onnx: true };

const EXPORT: Checks<{ format: ModelFormat }> = {
  format: {
    allowed: `one of ${Object.keys(FORMATS).join(", ")}`,
    ok: (value) => typeof value === "string" && Object.hasOwn(FORMATS, value),
  },
};

/** What kind of value each option of `train` takes; the engine knows what a plan may be. */
const TRAIN: Checks<TrainOptions> = {
  strategy: {
    allowed: `one of ${Object.keys(STRATEGIES).join(", ")}`,
    ok: (value) => typeof value === "string" && Object.hasOwn(STRATEGIES, value),
  },
  plan: {
    allowed: "an object, such as tuner.plan() gives",
    ok: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  },
  epochs: COUNT,
  seed: SEED,
  teacher: {
    allowed: "a tuner, or anything else that predicts",
    ok: (value) => typeof (value as Teacher | null)?.predict === "function",
  },
  signal: { allowed: "an AbortSignal", ok: (value) => value instanceof AbortSignal },
};

const { signal: _signal, teacher: _teacher, ...PREPARE } = TRAIN;

/** Refuses a format that does not exist. */
export function checkExportOptions(options: { format: ModelFormat }): void {
  check(options, EXPORT);
  if (options.format === undefined) {
    throw new DoodleTuneError("bad-option", `format is missing; it must be ${EXPORT.format.allowed}.`);
  }
}

/** Refuses a strategy that does not exist. */
export function checkStrategy(strategy: Strategy): void {
  check({ strategy }, TRAIN);
}

/** Refuses numbers of views that make no sense. */
export function checkViews(options: { count: number; seed: number }): void {
  check(options, VIEWS);
}

/** Refuses to begin where there are no pictures: on a server, above all. */
export function checkBrowser(): void {
  if (typeof OffscreenCanvas !== "undefined" && typeof WebAssembly !== "undefined") return;
  const message =
    "This is no browser, one from before 2023, or one whose settings forbid WebAssembly. Importing doodletune on a server does no harm, but only a page can call " +
    "create: in onMount, in useEffect, or in whatever runs in the browser alone.";
  throw new DoodleTuneError("no-browser", message);
}

/** Refuses unknown keys and wrong values of `create`; the message names the key and what is allowed. */
export function checkCreateOptions(options: CreateOptions): void {
  check(options, CREATE);
}

/** The same for `train`. */
export function checkTrainOptions(options: TrainOptions): void {
  check(options, TRAIN);
}

/** The same for `prepare`. */
export function checkPrepareOptions(options: PrepareOptions): void {
  check(options, PREPARE);
}

/** The same for `predict`. */
export function checkPredictOptions(options: PredictOptions): void {
  check(options, PREDICT);
}

/** The same for `features`. */
export function checkFeaturesOptions(options: { pretrained?: boolean }): void {
  check(options, FEATURES);
}

function check<Options extends object>(options: Partial<Options>, checks: Checks<Options>): void {
  if (typeof options !== "object" || options === null) {
    const known = Object.keys(checks).join(", ");
    throw new DoodleTuneError(
      "bad-option",
      `The options are ${describe(options)}; they must be an object with ${known}.`,
    );
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks).join(", ");
      throw new DoodleTuneError("bad-option", `There is no option "${key}"; the options are ${known}.`);
    }
    const { allowed, ok } = checks[key as keyof Options];
    if (value !== undefined && !ok(value)) {
      throw new DoodleTuneError("bad-option", `${key} is ${describe(value)}; it must be ${allowed}.`);
    }
  }
}

/**
 * The options of `train` in the form that crosses to the engine, where an absent key is no key; as they are now, whatever
 * becomes of them.
 */
export function toTrainOptions(options: PrepareOptions): WireTrainOptions {
  return plain(options);
}

/** A copy of options that are plain data, also of what a framework has wrapped in proxies. */
export function plain<Options extends object>(options: Options): Options {
  const finite = (key: string, value: unknown) => {
    // JSON would make null of it, which means something else.
    if (typeof value === "number" && !Number.isFinite(value)) {
      throw new DoodleTuneError("bad-option", `${key} is ${value}; it must be a finite number.`);
    }
    if (typeof value === "function" || typeof value === "symbol") {
      throw new DoodleTuneError("bad-option", `${key} is ${describe(value)}; it must be plain data.`);
    }
    return value;
  };
  try {
    return JSON.parse(JSON.stringify(options, finite)) as Options;
  } catch (cause) {
    if (cause instanceof DoodleTuneError) throw cause;
    const names = Object.keys(options).join(", ");
    const message = `${names} must be plain data: ${(cause as Error).message}`;
    throw new DoodleTuneError("bad-option", message, { cause });
  }
}

function copyOfWeights(weights: ArrayBuffer | Uint8Array): ArrayBuffer {
  try {
    return copyOf(weights as BufferSource).buffer;
  } catch (cause) {
    const message = `weights cannot be read: ${(cause as Error).message} Hand over bytes that nobody else has taken.`;
    throw new DoodleTuneError("bad-option", message, { cause });
  }
}

function isBytes(value: unknown): value is ArrayBuffer | Uint8Array {
  return value instanceof ArrayBuffer || value instanceof Uint8Array;
}

/** The same for `create`. */
export function toEngineOptions(options: CreateOptions): EngineOptions {
  const { backbone = "doodle", device, size, weights } = options;
  const folder = assetFolder(options);
  const tuner: EngineOptions["tuner"] = {};
  if (device !== undefined) tuner.device = device;
  if (size !== undefined) tuner.size = size;
  const wasm = shipped("doodletune_bg.wasm", WASM, folder);
  // A copy, for engines to come.
  if (isBytes(weights)) return { tuner, wasm, weights: copyOfWeights(weights) };
  if (weights !== undefined) return { tuner, wasm, weights: { url: absolute({ weights }) } };
  return { tuner, wasm, weights: shippedWeights(backbone, folder) };
}

/** The address of the folder with this package's files, if the caller has said where that is. */
export function assetFolder({ assets }: CreateOptions): string | undefined {
  return assets === undefined ? undefined : absolute({ assets }).replace(/\/*$/, "/");
}

/** A file that comes with this package: in the folder that the caller names, or where a bundler has put it. */
function shipped(path: string, bundled: () => URL, folder: string | undefined): Asset {
  return { url: folder ? folder + path : bundled().href, integrity: INTEGRITY[path] };
}

function shippedWeights(backbone: BackboneName, folder: string | undefined): Asset {
  const bundled = WEIGHTS[backbone];
  if (bundled) return shipped(`models/${backbone}.safetensors`, bundled, folder);
  const message =
    `The weights of ${backbone} are not in this package: make them with \`cargo xtask weights ${backbone}\` and ` +
    `build it again, or say in the option "weights" where they are.`;
  throw new DoodleTuneError("weights-missing", message);
}

/** An address that means the same in a worker, which resolves relative ones against its own script. */
function absolute(option: Record<string, URL | string>): string {
  const [[name, url]] = Object.entries(option) as [[string, URL | string]];
  try {
    return new URL(url, globalThis.document?.baseURI ?? location.href).href;
  } catch (cause) {
    throw new DoodleTuneError("bad-option", `${name} is "${url}", which is no address.`, { cause });
  }
}
