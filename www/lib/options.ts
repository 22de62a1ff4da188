import { DoodleTuneError } from "./errors.js";
import { WEIGHTS } from "./models.js";
import type { EngineOptions, WireTrainOptions } from "./protocol.js";
import type { BackboneName, CreateOptions, ModelFormat, Strategy, Teacher, TrainOptions } from "./types.js";

type Checks<Options> = Record<keyof Options, { allowed: string; ok: (value: unknown) => boolean }>;

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
    allowed: "a URL, a string or an ArrayBuffer",
    ok: (value) => typeof value === "string" || value instanceof URL || value instanceof ArrayBuffer,
  },
  worker: { allowed: "true or false", ok: (value) => typeof value === "boolean" },
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

/** Refuses unknown keys and wrong values of `create`; the message names the key and what is allowed. */
export function checkCreateOptions(options: CreateOptions): void {
  check(options, CREATE);
}

/** The same for `train`. */
export function checkTrainOptions(options: TrainOptions): void {
  check(options, TRAIN);
}

function check<Options extends object>(options: Partial<Options>, checks: Checks<Options>): void {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, key)) {
      const known = Object.keys(checks).join(", ");
      throw new DoodleTuneError("bad-option", `There is no option "${key}"; the options are ${known}.`);
    }
    const { allowed, ok } = checks[key as keyof Options];
    if (value !== undefined && !ok(value)) {
      throw new DoodleTuneError("bad-option", `${key} is ${String(value)}; it must be ${allowed}.`);
    }
  }
}

/** The options of `train` in the form that crosses to the engine, where an absent key is no key. */
export function toTrainOptions(options: Omit<TrainOptions, "signal" | "teacher">): WireTrainOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The same for `create`. */
export function toEngineOptions({ backbone, device, size, weights }: CreateOptions): EngineOptions {
  const tuner: EngineOptions["tuner"] = {};
  if (device !== undefined) tuner.device = device;
  if (size !== undefined) tuner.size = size;
  if (weights instanceof ArrayBuffer) return { tuner, weights };
  // A worker would resolve a relative address against its own script.
  return { tuner, weights: weights === undefined ? shipped(backbone ?? "doodle") : absolute(weights) };
}

/** Where the weights of a backbone are when the caller does not say. */
function shipped(backbone: BackboneName): string {
  const url = WEIGHTS[backbone];
  if (url) return url.href;
  const message =
    `The weights of ${backbone} are not in this package: make them with \`cargo xtask weights ${backbone}\` and ` +
    `build it again, or say in the option "weights" where they are.`;
  throw new DoodleTuneError("weights-missing", message);
}

function absolute(url: URL | string): string {
  try {
    return new URL(url, globalThis.document?.baseURI ?? location.href).href;
  } catch (cause) {
    throw new DoodleTuneError("bad-option", `weights is "${url}", which is no address.`, { cause });
  }
}
