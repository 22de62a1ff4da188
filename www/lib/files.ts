import type { BackboneName } from "./types.js";

/** What each of these files has to be, as subresource integrity, by its path in the package. */
export { INTEGRITY } from "../../pkg/integrity.js";

// Functions, because a script that is no module has no `import.meta.url`, and may never need it.

/** Where the WebAssembly lies that comes with this package. */
export const WASM = () => new URL("../../pkg/doodletune_bg.wasm", import.meta.url);

/**
 * Where the weights lie that come with this package. One file a line: the build leaves out lines whose file is not
 * there, since only `doodle` always is.
 */
export const WEIGHTS: Partial<Record<BackboneName, () => URL>> = {
  doodle: () => new URL("../../models/doodle.safetensors", import.meta.url),
  "efficientnet-lite0": () => new URL("../../models/efficientnet-lite0.safetensors", import.meta.url),
};
