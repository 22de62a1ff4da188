// The only file that names what lies outside this folder, so that packaging has one file to adapt.
import type { BackboneName } from "./types.js";

export { default as loadWasm, Tuner } from "../../pkg/doodletune.js";

/** Where the weights of a backbone are when the caller does not say. */
export function weightsUrl(backbone: BackboneName): URL {
  switch (backbone) {
    case "efficientnet-lite0":
      return new URL("../../models/efficientnet-lite0.safetensors", import.meta.url);
  }
}
