import { fetchWeights, request, type Asset } from "./download.js";
import { DoodleTuneError } from "./errors.js";
import { Gate } from "./gate.js";
import { Helpers } from "./helpers.js";
import type { OpenPort } from "./port.js";
import type { Command, EngineEvent, EngineOptions, Request, Spare, WireTrainOptions } from "./protocol.js";
import { buffersOf } from "./transfer.js";
import type { TrainEvent, TrainReport } from "./types.js";
import { loadWasm, Tuner } from "./wasm.js";

/** Tells of an event; what is to be transferred is not used here any more. */
type Emit = (event: EngineEvent, transfer?: ArrayBufferLike[]) => void;

/** Owns one tuner and answers requests; runs in a worker, or on the calling thread. */
export class Engine {
  #tuner: Tuner | undefined;
  readonly #emit: Emit;
  readonly #open: OpenPort | undefined;
  #helpers: Helpers | undefined;
  /** Shut while a training is paused. */
  readonly #gate = new Gate();

  /** `open` starts workers to help, where that is possible. */
  constructor(emit: Emit, open?: OpenPort) {
    this.#emit = emit;
    this.#open = open;
  }

  async handle({ id, command }: Request): Promise<void> {
    try {
      const value = await this.#answer(id, command);
      this.#emit({ type: "answer", id, value }, buffersOf(value));
    } catch (error) {
      // After a trap nothing in the wasm memory can be trusted.
      if (error instanceof WebAssembly.RuntimeError) {
        this.#emit({ type: "crash", message: error.message });
        return;
      }
      const { code, message } = DoodleTuneError.from(error);
      this.#emit({ type: "refusal", id, code, message });
    }
  }

  close(): void {
    // A training holds on to what it trains until it has ended.
    this.#tuner?.stop();
    this.#gate.open();
    this.#tuner?.discard();
    this.#tuner?.free();
    this.#tuner = undefined;
  }

  #answer(id: number, command: Command): unknown {
    switch (command.type) {
      case "ping":
        return;
      case "create":
        return this.#create(command.options);
      case "help":
        return this.#owned.help(command.input);
      case "add":
        return this.#owned.addExamples(command.examples);
      case "remove":
        return this.#owned.removeExamples(command.ids);
      case "move":
        return this.#owned.moveExample(command.id, command.label);
      case "renameClass":
        return this.#owned.renameClass(command.from, command.to);
      case "removeClass":
        return this.#owned.removeClass(command.label);
      case "predict":
        return command.unfinished
          ? this.#owned.predictUnfinished(command.input)
          : this.#owned.predict(command.input);
      case "guess":
        return this.#owned.guess(command.input);
      case "preview":
        return this.#owned.preview(command.input);
      case "vary":
        return this.#owned.vary(command.input, command.variation, command.count, command.seed);
      case "explain":
        return this.#owned.explain(command.input);
      case "features":
        return this.#owned.features(command.pretrained);
      case "prepare":
        return this.#owned.prepare(command.options);
      case "train":
        return this.#train(id, command.options, command.from);
      case "pause":
        this.#gate.shut();
        return this.#owned.pause();
      case "resume":
        return this.#gate.open();
      case "stop":
        this.#owned.stop();
        return this.#gate.open();
      case "plan":
        return this.#owned.plan(command.strategy);
      case "evaluate":
        return this.#owned.evaluate();
      case "save":
        return this.#owned.save();
      case "export":
        return this.#owned.exportModel(command.format);
      case "load":
        return this.#owned.load(command.file);
      case "loseDevice":
        return this.#owned.loseDeviceForTest();
    }
  }

  async #create({ tuner, wasm, weights }: EngineOptions) {
    const [bytes, module] = await Promise.all([
      weights instanceof ArrayBuffer ? new Uint8Array(weights) : this.#download(weights),
      loadWasm(async () => (wasm instanceof WebAssembly.Module ? wasm : request("wasm", wasm))),
    ]);
    this.#prepare("Preparing the network");
    if (this.#open) {
      const theirs: EngineOptions["tuner"] = { ...tuner, device: "cpu" };
      this.#helpers = new Helpers(this.#open, { tuner: theirs, wasm: module, weights: bytes.buffer });
    }
    this.#tuner = await Tuner.create(tuner, bytes, (message) => this.#prepare(message), this.#helpers);
    const spare: Spare = {};
    if (!(wasm instanceof WebAssembly.Module)) spare.wasm = module;
    if (!(weights instanceof ArrayBuffer)) spare.weights = bytes.buffer;
    return { device: this.#tuner.device(), backbone: this.#tuner.backbone(), spare };
  }

  /** Trains to the end, which a pause is not. */
  async #train(id: number, options: WireTrainOptions, from?: Uint8Array): Promise<TrainReport> {
    const onEpoch = (event: TrainEvent) => this.#emit({ type: "epoch", id, event });
    const onCheckpoint = (file: Uint8Array<ArrayBuffer>) =>
      this.#emit({ type: "checkpoint", id, file }, [file.buffer]);
    this.#gate.open();
    let report = await this.#owned.train(options, from, onEpoch, onCheckpoint);
    while (report.reason === "paused") {
      await this.#gate.pass();
      report = await this.#owned.resume(onEpoch);
    }
    return report;
  }

  #download(weights: Asset): Promise<Uint8Array<ArrayBuffer>> {
    let announced = 0;
    return fetchWeights(weights, (loaded, total) => {
      // A status for every chunk would drown the page in messages.
      if (loaded !== total && loaded - announced < 100_000) return;
      announced = loaded;
      const message = "Fetching the pretrained network";
      this.#emit({ type: "status", status: { state: "download", message, loaded, total } });
    });
  }

  #prepare(message: string): void {
    this.#emit({ type: "status", status: { state: "prepare", message } });
  }

  get #owned(): Tuner {
    if (!this.#tuner) throw new DoodleTuneError("disposed", "The tuner has been disposed of.");
    return this.#tuner;
  }
}
