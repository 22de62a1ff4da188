/** What can go wrong, for programs; the message says it for people. */
export type ErrorCode =
  /** Nothing was drawn, or only a dot. */
  | "empty-drawing"
  /** Fewer than two classes have examples. */
  | "too-few-classes"
  /** A training needs more examples than there are. */
  | "too-few-examples"
  /** Neither a usable drawing nor a usable picture. */
  | "bad-input"
  /** An option with an unknown name or an impossible value. */
  | "bad-option"
  /** A class name that is empty, too long or taken. */
  | "bad-label"
  /** A class that does not exist. */
  | "unknown-class"
  /** An id that no example has. */
  | "unknown-example"
  /** A file that is neither a project nor a model. */
  | "unknown-file"
  /** A project or model that is cut off, or whose parts do not fit together. */
  | "damaged-file"
  /** A file of a later version of this library. */
  | "newer-file"
  /** A file that is too large to be read or written. */
  | "file-too-large"
  /** A file that was made with another network, or another size of its input. */
  | "other-backbone"
  /** Weights that are cut off, of another network, or not finite. */
  | "bad-weights"
  /** The weights could not be fetched. */
  | "weights-missing"
  /** The WebAssembly could not be fetched. */
  | "wasm-missing"
  /** The WebAssembly or the weights are not the file that this version was made with. */
  | "asset-mismatch"
  /** Weights without a ready-made head were asked to guess. */
  | "no-pretrained-head"
  /** This is a server, or a browser that is too old. */
  | "no-browser"
  /** The browser starts no worker from there. */
  | "no-worker"
  /** WebGPU was asked for, and the browser has none. */
  | "no-webgpu"
  /** The GPU went away, and again after it was started anew. */
  | "device-lost"
  /** The GPU refused to compute, or computed wrong numbers. */
  | "gpu-error"
  /** The loss stopped being a number; the best so far is kept. */
  | "diverged"
  /** A training or the loading of a file is under way already. */
  | "busy"
  /** The `signal` was aborted. */
  | "aborted"
  /** The tuner has been disposed of. */
  | "disposed"
  /** The worker died, and took a training with it, or died too often. The examples are safe. */
  | "worker-died"
  /** A defect of this library, or of one beneath it. */
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
