import { checkExamples, checkIds, toBytes, toImageData, toWire, toWires } from "./input.js";
import { toLabel } from "./label.js";
import { WEIGHTS } from "./files.js";
import {
  assetFolder,
  checkBrowser,
  checkCreateOptions,
  checkExportOptions,
  checkFeaturesOptions,
  checkPredictOptions,
  checkPrepareOptions,
  checkStrategy,
  checkViews,
  plain,
  toEngineOptions,
  toTrainOptions,
} from "./options.js";
import { openHere, openWorker } from "./open.js";
import type { Answer, Command, WireInput } from "./protocol.js";
import { TrainRun } from "./run.js";
import { Supervisor } from "./supervisor.js";
import type {
  BackboneName,
  BackboneReport,
  ClassSummary,
  CreateOptions,
  DeviceReport,
  Evaluation,
  Explanation,
  Features,
  Input,
  Loaded,
  ModelFormat,
  Plan,
  Prediction,
  PredictOptions,
  PrepareOptions,
  Strategy,
  TrainOptions,
  Variation,
} from "./types.js";

/**
 * Learns to tell doodles apart, on this machine and nowhere else.
 *
 * Every method that returns a promise may reject with `disposed` after `dispose()`, with `worker-died` when the worker died
 * twice at the same task, and with `internal` for a defect; what else it refuses is said with each. What was under way when a
 * worker or a GPU failed is asked again of the next one; a training only if the examples are still the same.
 */
export class DoodleTune {
  readonly #supervisor: Supervisor;

  private constructor(supervisor: Supervisor) {
    this.#supervisor = supervisor;
  }

  /** @internal Frameworks that wrap plain objects in proxies leave alone what says that it is something else. */
  get [Symbol.toStringTag](): string {
    return "DoodleTune";
  }

  /**
   * Loads the pretrained network and chooses the device; resolves when everything is ready. There may be several, each with
   * a worker and examples of its own. If WebGPU was asked for and cannot be used, the CPU computes: `device` says so, and why.
   *
   * @throws `bad-option`; `no-browser` and `no-worker` where it cannot run; `wasm-missing`, `weights-missing`,
   * `asset-mismatch` and `bad-weights` for its files; `worker-died`.
   */
  static async create(options: CreateOptions = {}): Promise<DoodleTune> {
    checkBrowser();
    checkCreateOptions(options);
    const open = (options.worker ?? true) ? openWorker(assetFolder(options)) : openHere;
    const supervisor = new Supervisor(open, toEngineOptions(options), options.onStatus ?? (() => {}));
    await supervisor.ready();
    return new DoodleTune(supervisor);
  }

  /** The pretrained networks whose weights come with this package; `doodle` always. */
  static get backbones(): BackboneName[] {
    return Object.keys(WEIGHTS) as BackboneName[];
  }

  /** What computes, and why; can change when a GPU fails. */
  get device(): DeviceReport {
    return this.#supervisor.device;
  }

  /** The pretrained network in use. */
  get backbone(): BackboneReport {
    return this.#supervisor.backbone;
  }

  /**
   * Teaches one example; its class comes into being with it. Resolves to the example's id.
   *
   * @throws `bad-label` for a name that is empty or longer than 100 characters, `empty-drawing`, `bad-input`.
   */
  async addExample(label: string, input: Input): Promise<number> {
    const [id] = await this.addExamples([{ label, input }]);
    return id!;
  }

  /**
   * Teaches several examples, all or none. Resolves to their ids, in the same order.
   *
   * @throws `bad-label`, `empty-drawing`, `bad-input`.
   */
  async addExamples(list: readonly { label: string; input: Input }[]): Promise<number[]> {
    checkExamples(list);
    const labels = list.map(({ label }) => toLabel(label));
    const inputs = await toWires(list.map(({ input }) => input));
    const examples = inputs.map((input, index) => ({ label: labels[index]!, input }));
    const engineIds = await this.#supervisor.call(() => ({ type: "add", examples }));
    return this.#supervisor.ledger.add(examples, engineIds);
  }

  /**
   * Forgets one example.
   *
   * @throws `unknown-example`, `busy` while a file is loaded.
   */
  removeExample(id: number): Promise<void> {
    return this.removeExamples([id]);
  }

  /**
   * Forgets several examples.
   *
   * @throws `unknown-example`, and then forgets none; `bad-input` for what is no list; `busy` while a file is loaded.
   */
  async removeExamples(ids: readonly number[]): Promise<void> {
    checkIds(ids);
    const { ledger } = this.#supervisor;
    const own = [...ids];
    await this.#supervisor.call(() => ({ type: "remove", ids: own.map((id) => ledger.engineId(id)) }));
    ledger.remove(own);
  }

  /**
   * Puts an example into another class.
   *
   * @throws `unknown-example`, `bad-label`, `busy` while a file is loaded.
   */
  async moveExample(id: number, label: string): Promise<void> {
    const { ledger } = this.#supervisor;
    const own = toLabel(label);
    await this.#supervisor.call(() => ({ type: "move", id: ledger.engineId(id), label: own }));
    ledger.move(id, own);
  }

  /**
   * Gives a class another name.
   *
   * @throws `unknown-class`, `bad-label`, also if another class has that name.
   */
  async renameClass(from: string, to: string): Promise<void> {
    const [before, after] = [toLabel(from), toLabel(to)];
    await this.#supervisor.call(() => ({ type: "renameClass", from: before, to: after }));
    this.#supervisor.ledger.renameClass(before, after);
  }

  /**
   * Forgets a class with all its examples.
   *
   * @throws `unknown-class`.
   */
  async removeClass(label: string): Promise<void> {
    const own = toLabel(label);
    await this.#supervisor.call(() => ({ type: "removeClass", label: own }));
    this.#supervisor.ledger.removeClass(own);
  }

  /** The classes that have examples. */
  classes(): ClassSummary[] {
    return this.#supervisor.ledger.classes();
  }

  /**
   * Recognises a drawing; two classes with an example each are enough, trained or not. With `unfinished`, drawings of which
   * only the beginning is there are recognised better, and whole ones a little worse, by a head of its own that follows from a
   * finished training on strokes; without one, while a training runs, or if making that head would take more than three
   * seconds, the answer is as without.
   *
   * @throws `too-few-classes`, `empty-drawing`, `bad-input`.
   */
  async predict(input: Input, options: PredictOptions = {}): Promise<Prediction> {
    checkPredictOptions(options);
    const { unfinished = false } = options;
    return this.#ask(input, (input) => ({ type: "predict", input, unfinished }));
  }

  /**
   * Says what a drawing looks like with the ready-made head of the weights: one of `backbone.labels`. Needs no example
   * and learns from none.
   *
   * @throws `no-pretrained-head`, `empty-drawing`, `bad-input`.
   */
  async guess(input: Input): Promise<Prediction> {
    return this.#ask(input, (input) => ({ type: "guess", input }));
  }

  /**
   * Exactly what the network sees of an input.
   *
   * @throws `empty-drawing`, `bad-input`.
   */
  async preview(input: Input): Promise<ImageData> {
    return toImageData(await this.#ask(input, (input) => ({ type: "preview", input })));
  }

  /**
   * What the network would see of an input in a training that varies it: `count` views, 1 to 64, the same for the same
   * `seed`. Mixtures with other examples are not among them.
   *
   * @throws `bad-option`, `empty-drawing`, `bad-input`.
   */
  async vary(input: Input, variation: Variation, count: number, seed = 0): Promise<ImageData[]> {
    checkViews({ count, seed });
    const own = plain({ variation });
    const views = await this.#ask(input, (input) => ({ type: "vary", input, ...own, count, seed }));
    return views.map(toImageData);
  }

  /**
   * Where in a drawing the answer of `predict` is found, by wiping parts of it away.
   *
   * @throws `too-few-classes`, `empty-drawing`, `bad-input`.
   */
  async explain(input: Input): Promise<Explanation> {
    return this.#ask(input, (input) => ({ type: "explain", input }));
  }

  /**
   * What the network makes of the examples: as it answers now, or, with `pretrained`, as it did before anything was
   * fine-tuned.
   */
  async features(options: { pretrained?: boolean } = {}): Promise<Features> {
    checkFeaturesOptions(options);
    const { pretrained = false } = options;
    const features = await this.#supervisor.call(() => ({ type: "features", pretrained }));
    const own = this.#supervisor.ledger.ownIds();
    return { ...features, ids: features.ids.map((id) => own.get(id) ?? -1) };
  }

  /**
   * Lets a GPU compile what `train` would need of it for these options and the examples of this moment, so that it need not
   * when somebody waits. To be called when there is nothing else to do: predictions go on meanwhile, the first of them once
   * that is compiled, and a training that is begun ends it. Nothing on a CPU, which needs none of it, for a plan that trains
   * the head alone, and while a training runs or is paused. A GPU that fails at it is started again and not asked for it any
   * more.
   *
   * @throws `bad-option`; where a GPU computes also `too-few-classes`, `too-few-examples`, and what the GPU failed with.
   */
  async prepare(options: PrepareOptions = {}): Promise<void> {
    checkPrepareOptions(options);
    await this.#supervisor.prepare(toTrainOptions(options));
  }

  /** Trains on the examples of this moment. Predictions go on meanwhile. What is refused, `result` tells. */
  train(options: TrainOptions = {}): TrainRun {
    return new TrainRun(this.#supervisor, options);
  }

  /**
   * The plan of a strategy, made to measure for the examples of this moment: to be shown, or edited and trained with.
   *
   * @throws `bad-option`.
   */
  async plan(strategy: Strategy = "auto"): Promise<Plan> {
    checkStrategy(strategy);
    return this.#supervisor.call(() => ({ type: "plan", strategy }));
  }

  /**
   * How well a head alone would do on new drawings, by asking about each example what was learnt from others. Of what a
   * plan trained, `evaluation` in the report of the run tells.
   *
   * @throws `too-few-classes`, `too-few-examples`.
   */
  async evaluate(): Promise<Evaluation> {
    const evaluation = await this.#supervisor.call(() => ({ type: "evaluate" }));
    return this.#supervisor.ledger.own(evaluation);
  }

  /**
   * Everything as a project file: the examples, what was trained, and what that came to. Strokes are kept as they are,
   * pictures as the network sees them.
   *
   * @throws `file-too-large` above 256 MiB.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return this.#supervisor.call(() => ({ type: "save" }));
  }

  /**
   * What answers at this moment, alone: `safetensors` can be loaded again, `onnx` runs anywhere, with the preparation of
   * pictures inside. Before the first training that is what compares with the mean of each class.
   *
   * @throws `bad-option`, `too-few-classes`.
   */
  async export(options: { format: ModelFormat }): Promise<Uint8Array<ArrayBuffer>> {
    checkExportOptions(options);
    const { format } = options;
    return this.#supervisor.call(() => ({ type: "export", format }));
  }

  /**
   * Replaces everything with what is in a file that `save` or `export({ format: "safetensors" })` made. A model alone
   * answers until an example is added. A file that cannot be read is refused, and what there was stays.
   *
   * @throws `unknown-file`, `damaged-file`, `newer-file`, `file-too-large`, `other-backbone`, `busy`, `bad-input`.
   */
  async load(file: BufferSource | Blob): Promise<Loaded> {
    const { ledger } = this.#supervisor;
    const bytes = await toBytes(file);
    this.#supervisor.refuseWhileTraining();
    ledger.refuseWhileLoading();
    ledger.loading = true;
    try {
      return ledger.load(bytes, await this.#supervisor.call(() => ({ type: "load", file: bytes })));
    } finally {
      ledger.loading = false;
    }
  }

  /** Ends the worker and frees its memory; calls after this are refused with `disposed`. */
  dispose(): void {
    this.#supervisor.dispose();
  }

  /** Asks about an input, which is read at once. Its pixels move to the engine; one that takes over has them read anew. */
  async #ask<C extends Command>(input: Input, command: (input: WireInput) => C): Promise<Answer<C>> {
    let wire: WireInput | undefined = await toWire(input);
    return this.#supervisor.call(async () => {
      const own = wire ?? (await toWire(input));
      if ("data" in own) wire = undefined;
      return command(own);
    });
  }

  /** @internal Destroys the WebGPU device, to test recovery. */
  async loseDeviceForTest(): Promise<void> {
    await this.#supervisor.call(() => ({ type: "loseDevice" }));
  }
}
