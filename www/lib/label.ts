import { DoodleTuneError } from "./errors.js";

/** A class name as the engine keeps it, so that both sides mean the same class; which names it takes is its to say. */
export function toLabel(label: unknown): string {
  if (typeof label !== "string") {
    throw new DoodleTuneError("bad-label", `A label must be a string, not of type ${typeof label}.`);
  }
  // Not trim(), which differs from the engine's in what it takes for space.
  return label.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, "");
}
