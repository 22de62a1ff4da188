// With files.ts, the only file that names what lies outside this folder, so that packaging has little to adapt.
import init, { type InitInput } from "../../pkg/doodletune.js";
export { Tuner } from "../../pkg/doodletune.js";

let loading: Promise<unknown> | undefined;

/** Loads the WebAssembly, once a thread: engines that follow share it, and `source` is not asked again. */
export async function loadWasm(source: () => Promise<InitInput>): Promise<void> {
  loading ??= init({ module_or_path: source() });
  try {
    await loading;
  } catch (error) {
    loading = undefined; // the next attempt may find what this one missed
    throw error;
  }
}
