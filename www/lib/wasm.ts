// With files.ts, the only file that names what lies outside this folder, so that packaging has little to adapt.
import { DoodleTuneError } from "./errors.js";
import init from "../../pkg/doodletune.js";
export { Tuner } from "../../pkg/doodletune.js";

let loading: Promise<WebAssembly.Module> | undefined;

/**
 * Loads the WebAssembly, once a thread: engines that follow share it, and `source` is not asked again. What was compiled can
 * be given to other threads.
 */
export async function loadWasm(
  source: () => Promise<Response | WebAssembly.Module>,
): Promise<WebAssembly.Module> {
  loading ??= start(source());
  try {
    return await loading;
  } catch (error) {
    loading = undefined; // the next attempt may find what this one missed
    throw error;
  }
}

async function start(source: Promise<Response | WebAssembly.Module>): Promise<WebAssembly.Module> {
  const found = await source;
  const module = found instanceof Response ? await compile(found) : found;
  await init({ module_or_path: module });
  return module;
}

/** While it loads, if the server says what it is. */
async function compile(response: Response): Promise<WebAssembly.Module> {
  const streams = response.headers.get("content-type") === "application/wasm";
  try {
    return await (streams
      ? WebAssembly.compileStreaming(response)
      : WebAssembly.compile(await response.arrayBuffer()));
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    const message =
      `The browser refuses the WebAssembly (${cause.message}). If the page has a Content-Security-Policy, allow ` +
      `'wasm-unsafe-eval' in its script-src; else take a newer browser.`;
    throw new DoodleTuneError("no-browser", message, { cause });
  }
}
