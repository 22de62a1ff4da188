import { DoodleTuneError } from "./errors.js";
import { checkTrainOptions, toTrainOptions } from "./options.js";
import type { Supervisor } from "./supervisor.js";
import type { TrainEvent, TrainOptions, TrainReport } from "./types.js";

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

  /** Ends the run within a step and keeps the best so far; `result` then says `stopped`. */
  stop(): void {
    this.#supervisor.stopTraining();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TrainEvent, void> {
    for (let next = 0; ;) {
      while (next < this.#events.length) yield this.#events[next++]!;
      if (this.#ended) break;
      await this.#news;
    }
    await this.result;
  }

  async #run({ signal, ...options }: TrainOptions): Promise<TrainReport> {
    checkTrainOptions({ signal, ...options });
    if (signal?.aborted) throw aborted(signal);
    const stop = () => this.stop();
    signal?.addEventListener("abort", stop);
    try {
      const report = await this.#supervisor.train(toTrainOptions(options), (event) => {
        this.#events.push(event);
        this.#announce();
      });
      if (signal?.aborted) throw aborted(signal);
      return report;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
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
