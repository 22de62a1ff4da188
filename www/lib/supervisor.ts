import { DoodleTuneError } from "./errors.js";
import { Ledger } from "./ledger.js";
import { Link } from "./link.js";
import type { OpenPort } from "./port.js";
import type { Answer, Command, EngineOptions, WireTrainOptions } from "./protocol.js";
import type { BackboneReport, DeviceReport, Status, TrainEvent, TrainReport } from "./types.js";

const MAX_RESTARTS = 2;
const RESTART_WINDOW_MS = 60_000;

/** What can be asked of a training under way. */
export type Steering = "pause" | "resume" | "stop";

/**
 * Keeps an engine alive: one that dies is replaced, taught every example again, and asked again what it
 * had not answered. A GPU that is missing or keeps failing is left for the CPU.
 */
export class Supervisor {
  readonly ledger = new Ledger();
  device!: DeviceReport;
  backbone!: BackboneReport;

  readonly #open: OpenPort;
  #options: EngineOptions;
  readonly #onStatus: (status: Status) => void;
  #link: Link | undefined;
  #ready: Promise<Link>;
  /** When workers have died, of late. */
  #deaths: number[] = [];
  #gpuFailures = 0;
  /** Why the CPU has taken over, once it has. */
  #leftGpu: string | undefined;
  /** When everything that could be tried had failed. */
  #gaveUpAt: number | undefined;
  #training = false;
  /** Whether an engine has failed at what nobody waits for, which is not asked of another. */
  #unprepared = false;
  /** What everything is refused with, once it has been disposed of. */
  #disposed: DoodleTuneError | undefined;

  constructor(open: OpenPort, options: EngineOptions, onStatus: (status: Status) => void) {
    this.#open = open;
    this.#options = options;
    this.#onStatus = (status) => {
      try {
        onStatus(status);
      } catch (error) {
        reportError(error); // what the listener throws is the listener's affair
      }
    };
    this.#ready = this.#start();
  }

  /** Resolves when the first engine is ready; rejects when there cannot be one. */
  async ready(): Promise<void> {
    await this.#ready;
  }

  /**
   * Asks the engine, and its successor if it dies; but what has killed two workers is not given to a
   * third. `command` is a function because the ids of examples differ from engine to engine, and because what was sent may
   * be gone.
   */
  async call<C extends Command>(command: () => C | Promise<C>): Promise<Answer<C>> {
    for (let attempt = 1; ; attempt++) {
      const link = await this.#engine();
      try {
        return await link.call(await command());
      } catch (error) {
        const deadly = attempt === 2 && DoodleTuneError.from(error).code === "worker-died";
        if (!this.#recover(link, error) || deadly) throw error;
      }
    }
  }

  /** Asks the engine to prepare a training, once: nobody waits for it, and a GPU that fails at it is still good for answers. */
  async prepare(options: WireTrainOptions): Promise<void> {
    const link = await this.#engine();
    if (this.#unprepared) return;
    try {
      await link.call({ type: "prepare", options });
    } catch (error) {
      this.#unprepared = this.#recover(link, error);
      throw error;
    }
  }

  /**
   * Trains. An engine that dies meanwhile has a successor, which goes on from the last checkpoint: on the same examples and
   * with the same plan to the same result, so that no epoch is told of twice. Not if the examples have changed since, nor
   * after two workers have died of it. `wish` says what was asked of the training last.
   *
   * @throws `busy`, at once.
   */
  train(
    options: () => Promise<WireTrainOptions>,
    onEpoch: (event: TrainEvent) => void,
    wish: () => Steering | undefined,
  ): Promise<TrainReport> {
    this.refuseWhileTraining();
    this.#training = true;
    return this.#train(options, onEpoch, wish).finally(() => (this.#training = false));
  }

  /** @throws `busy` */
  refuseWhileTraining(): void {
    if (!this.#training) return;
    const message = "A training is already running, or paused; stop it first, or wait for it to end.";
    throw new DoodleTuneError("busy", message);
  }

  async #train(
    options: () => Promise<WireTrainOptions>,
    onEpoch: (event: TrainEvent) => void,
    wish: () => Steering | undefined,
  ): Promise<TrainReport> {
    const { revision } = this.ledger;
    let told = 0;
    /** What the next engine goes on from, and how many epochs had been seen by then. */
    let checkpoint: { file: Uint8Array<ArrayBuffer>; seen: number } | undefined;
    for (let deaths = 0; ;) {
      let refused = false;
      const link = await this.#engine();
      let seen = checkpoint?.seen ?? 0;
      // As far as the one before had come, it goes on unasked.
      const obey = () => {
        const type = seen === told && wish();
        if (type && type !== "resume") link.call({ type }).catch(() => {}); // the death is told by the training
      };
      try {
        // What it begins with, a successor would begin with, in the same order.
        if (!this.ledger.isKept) await this.#remember(link);
        // What a teacher refuses with is not this engine's.
        const asked = await options().catch((error: unknown) => {
          refused = true;
          throw error;
        });
        const training = link.call(
          { type: "train", options: asked, from: checkpoint?.file },
          {
            epoch: (event) => {
              if (++seen > told) {
                told = seen;
                onEpoch(event);
              } else obey();
            },
            checkpoint: (file) => (checkpoint = { file, seen }),
          },
        );
        obey();
        const report = await training;
        const remembered = this.#remember(link);
        // Whoever has pressed Stop does not wait for it.
        if (report.reason === "stopped") remembered.catch((error) => this.#recover(link, error));
        else await remembered;
        return report;
      } catch (error) {
        const { code, message } = DoodleTuneError.from(error);
        if (refused || !this.#recover(link, error)) {
          // Whatever was learnt before the refusal answers from now on.
          await this.#remember(link).catch((error) => this.#recover(link, error));
          throw error;
        }
        if (code === "worker-died") deaths++;
        if (deaths < 2 && this.ledger.revision === revision) continue;
        const what = isGpuFailure(code) ? "The GPU failed during the training." : message;
        throw new DoodleTuneError(code, `${what} The drawings are safe; train again.`, { cause: error });
      }
    }
  }

  /** Takes note of all that the engine knows, so that its successor knows it too. */
  async #remember(link: Link): Promise<void> {
    try {
      for (;;) {
        const { revision } = this.ledger;
        const file = await link.call({ type: "save" });
        // What was changed meanwhile may be in it or not.
        if (revision === this.ledger.revision) return this.ledger.keep(file);
      }
    } catch (error) {
      if (DoodleTuneError.from(error).code !== "file-too-large") throw error;
    }
  }

  /** Steers the training under way; follows the same road as `train`, so that it cannot overtake it. */
  steer(type: Steering): void {
    this.#ready.then((link) => link.call({ type })).catch(() => {}); // a dead engine trains no more
  }

  dispose(): void {
    this.#disposed = new DoodleTuneError("disposed", "The tuner has been disposed of.");
    this.#link?.close(this.#disposed);
  }

  /** The engine that there is. Where the last attempts are long enough ago, there is a new one. */
  #engine(): Promise<Link> {
    if (this.#disposed) return Promise.reject(this.#disposed);
    if (this.#gaveUpAt !== undefined && performance.now() - this.#gaveUpAt > RESTART_WINDOW_MS) {
      this.#gaveUpAt = undefined;
      this.#ready = this.#start();
      this.#ready.catch(() => {}); // whoever asks is told
    }
    return this.#ready;
  }

  /** Whether `error` means that the engine has to be replaced; begins to replace it. */
  #recover(link: Link, error: unknown): boolean {
    const { code, message } = DoodleTuneError.from(error);
    const gpu = isGpuFailure(code);
    if (!gpu && code !== "worker-died") return false;
    // Another call has noticed before, or nobody wants one any more.
    if (link !== this.#link || this.#disposed) return true;
    link.close(DoodleTuneError.from(error));
    this.#ready = this.#noteFailure(gpu, message) ? this.#start() : Promise.reject(this.#giveUp(message));
    this.#ready.catch(() => {}); // whoever calls next is told
    return true;
  }

  async #start(): Promise<Link> {
    for (;;) {
      if (this.#disposed) throw this.#disposed;
      try {
        const link = (this.#link = new Link(this.#open, this.#onStatus));
        // What was measured once is not measured again.
        const device = this.#leftGpu ? "cpu" : this.device?.kind;
        const tuner = device ? { ...this.#options.tuner, device } : this.#options.tuner;
        const { spare, ...reports } = await link.call({
          type: "create",
          options: { ...this.#options, tuner },
        });
        this.#options = { ...this.#options, ...spare };
        await this.ledger.replay({
          load: (file) => link.call({ type: "load", file }),
          add: (examples) => link.call({ type: "add", examples }),
          remove: (ids) => link.call({ type: "remove", ids }),
          move: (id, label) => link.call({ type: "move", id, label }),
          renameClass: (from, to) => link.call({ type: "renameClass", from, to }),
        });
        if (this.#leftGpu) this.device = { ...reports.device, reason: this.#leftGpu };
        else this.device ??= reports.device;
        this.backbone = reports.backbone;
        this.#onStatus({ state: "ready", message: "Ready" });
        link.onDeath = (error) => this.#recover(link, error);
        return link;
      } catch (error) {
        const { code, message } = DoodleTuneError.from(error);
        // Where not even a link could be made, that of before is closed already.
        this.#link?.close(DoodleTuneError.from(error));
        const gpu = isGpuFailure(code);
        if (code === "no-webgpu" && this.#mayUseGpu) this.#leaveGpu(`${message}.`);
        // A script that has been there once will come again.
        else if (!gpu && code !== "worker-died" && !(code === "no-worker" && this.device)) throw error;
        else if (!this.#noteFailure(gpu, message)) throw this.#giveUp(message);
      }
    }
  }

  /** Takes note of a failure and says what happens now; false when nothing is left to try. */
  #noteFailure(gpu: boolean, message: string): boolean {
    if (gpu && this.#mayUseGpu) {
      if (++this.#gpuFailures > 1) this.#leaveGpu("The GPU failed twice, so the CPU has taken over.");
      else this.#restarts("The GPU failed and has been started again.");
      return true;
    }
    const now = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => now - at < RESTART_WINDOW_MS), now];
    if (this.#deaths.length <= MAX_RESTARTS) this.#restarts(`${message} It has been restarted.`);
    else if (this.#mayUseGpu) this.#leaveGpu("The worker stopped too often, so only the CPU is used now.");
    else return false;
    return true;
  }

  get #mayUseGpu(): boolean {
    return !this.#leftGpu && (this.device?.kind ?? this.#options.tuner.device) !== "cpu";
  }

  #leaveGpu(why: string): void {
    this.#leftGpu = why;
    this.#restarts(why);
  }

  #restarts(why: string): void {
    this.#onStatus({ state: "restart", message: `${why} The drawings are safe.` });
  }

  #giveUp(why: string): DoodleTuneError {
    this.#gaveUpAt = performance.now();
    const message = `${why} It failed too often to be restarted at once. The drawings are safe; try again in a minute.`;
    this.#onStatus({ state: "failed", message });
    return new DoodleTuneError("worker-died", message);
  }
}

function isGpuFailure(code: string): boolean {
  return code === "gpu-error" || code === "device-lost";
}
