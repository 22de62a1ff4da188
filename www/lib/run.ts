import { DoodleTuneError } from "./errors.js";
import { Gate } from "./gate.js";
import { fromWire } from "./input.js";
import type { Example } from "./ledger.js";
import { checkTrainOptions, toTrainOptions } from "./options.js";
import type { Steering, Supervisor } from "./supervisor.js";
import type { Ranked, Teacher, TrainEvent, TrainOptions, TrainReport } from "./types.js";

/**
 * A training run: iterate over it for one event an epoch, await `result` for the report.
 * Leaving the loop early does not end the run; `stop()` does.
 */
export class TrainRun implements AsyncIterable<TrainEvent> {
  /**
   * What the training came to.
   *
   * @throws `bad-option` for a plan that cannot be, `too-few-classes`, `too-few-examples`, `busy` while another run goes on,
   * `aborted` by its signal, `diverged`, and `device-lost`, `gpu-error` or `worker-died` when what computes fails and
   * nothing can take over: the examples are safe, and one can train again.
   */
  readonly result: Promise<TrainReport>;

  readonly #supervisor: Supervisor;
  readonly #events: TrainEvent[] = [];
  #begun = false;
  #ended = false;
  /** What was asked of the run last. */
  #wish: Steering | undefined;
  /** Shut while it is paused. */
  readonly #gate = new Gate();
  #halt!: () => void;
  /** Rejects when it is stopped. */
  readonly #halted = new Promise<never>((_, reject) => (this.#halt = () => reject(HALTED)));
  #wake = () => {};
  #news = Promise.resolve();

  /** @internal */
  constructor(supervisor: Supervisor, options: TrainOptions) {
    this.#supervisor = supervisor;
    this.#halted.catch(() => {}); // nobody may be waiting
    this.#announce();
    this.result = this.#run(options).finally(() => {
      this.#ended = true;
      this.#announce();
    });
    this.result.catch(() => {}); // who only iterates is told by the iterator
  }

  /** Ends the run within a step, paused or not, and keeps the best so far; `result` then says `stopped`. */
  stop(): void {
    this.#steer("stop");
  }

  /**
   * Lets the run wait, within a step, until `resume()` or `stop()`, and its events and `result` with it. Predictions go on,
   * with the best so far. A logistic regression, which takes moments, is solved first.
   */
  pause(): void {
    this.#steer("pause");
  }

  /** Goes on where the run was paused, to the same result as without the pause. */
  resume(): void {
    this.#steer("resume");
  }

  /**
   * One event an epoch, from the first on, however late one begins to iterate; any number of loops see all of them. Ends
   * with the run, and throws what `result` is rejected with.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<TrainEvent, void> {
    for (let next = 0; ;) {
      while (next < this.#events.length) yield this.#events[next++]!;
      if (this.#ended) break;
      await this.#news;
    }
    await this.result;
  }

  /** @internal Frameworks that wrap plain objects in proxies leave alone what says that it is something else. */
  get [Symbol.toStringTag](): string {
    return "TrainRun";
  }

  async #run(all: TrainOptions): Promise<TrainReport> {
    checkTrainOptions(all);
    const { signal, teacher, ...options } = all;
    if (signal?.aborted) throw aborted(signal);
    const stop = () => this.stop();
    signal?.addEventListener("abort", stop);
    try {
      const wire = toTrainOptions(options);
      const opinions: Opinions = new Map();
      const result = this.#supervisor.train(
        async () => {
          if (teacher) await this.#ask(teacher, opinions);
          return teacher ? { ...wire, teacher: this.#byEngineId(opinions) } : wire;
        },
        (event) => {
          this.#events.push(event);
          this.#announce();
        },
        () => this.#wish,
      );
      this.#begun = true;
      const report = await result.catch((error: unknown) => {
        if (error !== HALTED) throw error;
        return UNBEGUN;
      });
      if (signal?.aborted) throw aborted(signal);
      const evaluation = report.evaluation && this.#supervisor.ledger.own(report.evaluation);
      return { ...report, evaluation };
    } finally {
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Notes what a teacher makes of each example, those included that come meanwhile. */
  async #ask(teacher: Teacher, opinions: Opinions): Promise<void> {
    const missing = () => this.#supervisor.ledger.examples().filter((example) => !opinions.has(example));
    for (let some = missing(); some.length > 0; some = missing()) {
      for (const example of some) {
        await Promise.race([this.#halted, this.#gate.pass()]);
        const answer = teacher.predict(fromWire(example.input));
        opinions.set(example, (await Promise.race([this.#halted, answer])).ranking);
      }
    }
  }

  /** By the ids of the engine that is asked, which may not be the one of a moment ago. */
  #byEngineId(opinions: Opinions): Record<number, Ranked[]> {
    const examples = this.#supervisor.ledger.examples();
    return Object.fromEntries(examples.map((example) => [example.engineId, opinions.get(example)!]));
  }

  #steer(wish: Steering): void {
    // After its end it would steer another run, and nothing takes a stop back.
    if (this.#ended || this.#wish === "stop") return;
    this.#wish = wish;
    if (wish === "pause") this.#gate.shut();
    else if (wish === "resume") this.#gate.open();
    else this.#halt();
    if (this.#begun) this.#supervisor.steer(wish);
  }

  /** Wakes every iterator that has read all there was. */
  #announce(): void {
    this.#wake();
    this.#news = new Promise((resolve) => (this.#wake = resolve));
  }
}

type Opinions = Map<Readonly<Example>, Ranked[]>;

/** That a run was stopped while its teacher was asked, and what it came to. */
const HALTED = new Error("stopped");
const UNBEGUN: TrainReport = {
  reason: "stopped",
  epochs: 0,
  loss: null,
  accuracy: null,
  validationLoss: null,
  validationAccuracy: null,
  strength: null,
  trainingExamples: 0,
  validationExamples: 0,
  phases: [],
  evaluation: null,
  seconds: 0,
};

function aborted(signal: AbortSignal): DoodleTuneError {
  const message = "The training was aborted; the best so far is kept.";
  return new DoodleTuneError("aborted", message, { cause: signal.reason });
}
