/**
 * What can go wrong, for programs; the message says it for people:
 *
 * - `empty-drawing`: nothing was drawn, or only a dot
 * - `too-few-classes`: fewer than two classes have examples
 * - `too-few-examples`: a training needs more examples than there are
 * - `bad-input`: neither a usable drawing nor a usable picture
 * - `bad-option`: an option with an unknown name or an impossible value
 * - `bad-label`: a class name that is empty, too long or taken
 * - `unknown-class`: a class that does not exist
 * - `unknown-example`: an id that no example has
 * - `unknown-file`: a file that is neither a project nor a model
 * - `damaged-file`: a project or model that is cut off, or whose parts do not fit together
 * - `newer-file`: a file of a later version of this library
 * - `file-too-large`: a file that is too large to be read or written
 * - `other-backbone`: a file that was made with another network, or another size of its input
 * - `bad-weights`: weights that are cut off, of another network, or not finite
 * - `weights-missing`: the weights could not be fetched
 * - `wasm-missing`: the WebAssembly could not be fetched
 * - `asset-mismatch`: the WebAssembly or the weights are not the file that this version was made with
 * - `no-pretrained-head`: weights without a ready-made head were asked to guess
 * - `no-browser`: this is a server, or a browser that is too old or is not allowed to run WebAssembly
 * - `no-worker`: the browser starts no worker from there
 * - `no-webgpu`: the browser has no WebGPU that can be used; only seen in Rust, as the CPU takes over here
 * - `device-lost`: the GPU went away during a training; it was started anew, or the CPU has taken over
 * - `gpu-error`: the GPU refused to compute, or computed wrong numbers
 * - `diverged`: the loss stopped being a number; the best so far is kept
 * - `busy`: a training or the loading of a file is under way already
 * - `aborted`: the `signal` was aborted
 * - `disposed`: the tuner has been disposed of
 * - `worker-died`: the worker died, and took a training with it, or died too often; the examples are safe
 * - `internal`: a defect of this library, or of one beneath it
 */
export type ErrorCode =
  | "empty-drawing"
  | "too-few-classes"
  | "too-few-examples"
  | "bad-input"
  | "bad-option"
  | "bad-label"
  | "unknown-class"
  | "unknown-example"
  | "unknown-file"
  | "damaged-file"
  | "newer-file"
  | "file-too-large"
  | "other-backbone"
  | "bad-weights"
  | "weights-missing"
  | "wasm-missing"
  | "asset-mismatch"
  | "no-pretrained-head"
  | "no-browser"
  | "no-worker"
  | "no-webgpu"
  | "device-lost"
  | "gpu-error"
  | "diverged"
  | "busy"
  | "aborted"
  | "disposed"
  | "worker-died"
  | "internal";

/** Every failure of this library: `code` is stable, `message` says what was wrong and what to do. */
export class DoodleTuneError extends Error {
  /** Tells it from other errors where `instanceof` cannot, as across workers. */
  override readonly name = "DoodleTuneError";

  /** `message` is for people, `code` for programs; `options.cause` is what lies beneath. */
  constructor(
    /** Which failure it is; the same in all versions. */
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Any thrown value as a `DoodleTuneError`; those of the wasm package keep their code. */
  static from(error: unknown): DoodleTuneError {
    if (error instanceof DoodleTuneError) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = (error as { code?: unknown } | null)?.code;
    const ours = error instanceof Error && error.name === "DoodleTuneError" && typeof code === "string";
    return new DoodleTuneError(ours ? (code as ErrorCode) : "internal", message, { cause: error });
  }
}
