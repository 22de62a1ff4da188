/** What can go wrong, for programs; the message says it for people. */
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
  override readonly name = "DoodleTuneError";

  constructor(
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
