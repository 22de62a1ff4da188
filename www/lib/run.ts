import { DoodleTuneError } from "./errors.js";
import { fromWire } from "./input.js";
import { checkTrainOptions, toTrainOptions } from "./options.js";
import type { Supervisor } from "./supervisor.js";
import type { Ranked, Teacher, TrainEvent, TrainOptions, TrainReport } from "./types.js";

/**
 * A training run: iterate over it for one event an epoch, await `result` for the report.
 * Leaving the loop early does not end the run; `stop()` does.
 */
export class TrainRun implements AsyncIterable<TrainEvent> {
  /** The report, or why there is none. */
  readonly result: Promise<TrainReport>;

  readonly #supervisor: Supervisor;
  readonly #events: TrainEvent[] = [];
  #ended = false;
  #stopped = false;
  #paused = Promise.resolve();
  #goOn = () => {};
  #wake = () => {};
  #news = Promise.resolve();

  /** @internal */
  constructor(supervisor: Supervisor, options: TrainOptions) {
    this.#supervisor = supervisor;
    this.#announce();
    this.result = this.#run(options).finally(() => {
      this.#ended = true;
      this.#announce();
    });
    this.result.catch(() => {}); // who only iterates is told by the iterator
  }

  /** Ends the run within a step, or where it is paused, and keeps the best so far; `result` then says `stopped`. */
  stop(): void {
    this.#stopped = true;
    this.#supervisor.stopTraining();
    this.#goOn();
  }

  /** Pauses the run within a step. Events and `result` wait; predictions go on with the best so far. */
  pause(): void {
    if (this.#stopped) return;
    this.#paused = new Promise((resolve) => (this.#goOn = resolve));
    this.#supervisor.pauseTraining();
  }

  /** Goes on after a pause, to the same weights as without one. */
  resume(): void {
    this.#goOn();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainEvent, void> {
    for (let next = 0; ;) {
      while (next < this.#events.length) yield this.#events[next++]!;
      if (this.#ended) break;
      await this.#news;
    }
    await this.result;
  }

  async #run({ signal, teacher, ...options }: TrainOptions): Promise<TrainReport> {
    checkTrainOptions({ signal, teacher, ...options });
    if (signal?.aborted) throw aborted(signal);
    const stop = () => this.stop();
    signal?.addEventListener("abort", stop);
    try {
      const opinions = teacher && (await this.#ask(teacher));
      const onEpoch = (event: TrainEvent) => {
        this.#events.push(event);
        this.#announce();
      };
      const wire = toTrainOptions(options);
      let report = await this.#supervisor.train(
        () => ({ type: "train", options: opinions ? { ...wire, teacher: opinions } : wire }),
        onEpoch,
      );
      while (report.reason === "paused") {
        await this.#paused;
        if (this.#stopped) report = { ...report, reason: "stopped" };
        else report = await this.#supervisor.train(() => ({ type: "resume" }), onEpoch);
      }
      if (signal?.aborted) throw aborted(signal);
      return report;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** What a teacher makes of the examples. */
  async #ask(teacher: Teacher): Promise<Record<number, Ranked[]>> {
    const opinions: Record<number, Ranked[]> = {};
    for (const { engineId, input } of this.#supervisor.ledger.inputs()) {
      opinions[engineId] = (await teacher.predict(fromWire(input))).ranking;
    }
    return opinions;
  }

  /** Wakes every iterator that has read all there was. */
  #announce(): void {
    this.#wake();
    this.#news = new Promise((resolve) => (this.#wake = resolve));
  }
}

function aborted(signal: AbortSignal): DoodleTuneError {
  const message = "The training was aborted; the best so far is kept.";
  return new DoodleTuneError("aborted", message, { cause: signal.reason });
}
