import type { BackboneName } from "./types.js";

/**
 * Where the weights lie that come with this package. One file a line: the build leaves out lines whose file is not
 * there, since only `doodle` always is.
 */
export const WEIGHTS: Partial<Record<BackboneName, URL>> = {
  doodle: new URL("../../models/doodle.safetensors", import.meta.url),
  "efficientnet-lite0": new URL("../../models/efficientnet-lite0.safetensors", import.meta.url),
};
