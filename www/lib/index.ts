export { DoodleTune } from "./tuner.js";
export { TrainRun } from "./run.js";
export { DoodleTuneError, type ErrorCode } from "./errors.js";
export type * from "./types.js";
