import { DoodleTuneError } from "./errors.js";
import type { OpenPort, Port } from "./port.js";
import type { Answer, Command, EngineEvent } from "./protocol.js";
import type { Status, TrainEvent } from "./types.js";

/** Hears of a training under way. */
export interface TrainListener {
  epoch(event: TrainEvent): void;
  /** What another engine can go on from. */
  checkpoint(file: Uint8Array<ArrayBuffer>): void;
}

/** An engine computes for seconds without a pause now and then; it is given up for dead after this. */
const PING_EVERY_MS = 10_000;
const PINGS_UNANSWERED = 6;

interface Pending {
  resolve(value: unknown): void;
  reject(error: DoodleTuneError): void;
  listener: TrainListener | undefined;
}

/** The conversation with one engine, from its start to its death. */
export class Link {
  /** Called when the engine dies by itself. */
  onDeath: ((error: DoodleTuneError) => void) | undefined;

  readonly #port: Port;
  readonly #onStatus: (status: Status) => void;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #watch: ReturnType<typeof setInterval> | undefined;
  #silentPings = 0;
  #end: DoodleTuneError | undefined;

  constructor(open: OpenPort, onStatus: (status: Status) => void) {
    this.#onStatus = onStatus;
    this.#port = open(
      (event) => this.#receive(event),
      (why) => this.#die(why),
    );
  }

  /** Asks and waits; rejects with `worker-died` when the engine dies before it answers. */
  call<C extends Command>(command: C, listener?: TrainListener): Promise<Answer<C>> {
    if (this.#end) return Promise.reject(this.#end);
    const id = this.#nextId++;
    return new Promise<Answer<C>>((resolve, reject) => {
      try {
        this.#port.post({ id, command });
      } catch (cause) {
        // The structured clone refuses functions and the like.
        reject(
          new DoodleTuneError("bad-option", `${command.type} was given a value that cannot be sent.`, {
            cause,
          }),
        );
        return;
      }
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject, listener });
      this.#watch ??= setInterval(() => this.#checkPulse(), PING_EVERY_MS);
    });
  }

  /** Ends the engine; whatever is pending is rejected with `reason`. */
  close(reason: DoodleTuneError): void {
    if (this.#end) return;
    this.#end = reason;
    clearInterval(this.#watch);
    this.#port.close();
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
  }

  #receive(event: EngineEvent): void {
    if (this.#end) return;
    this.#silentPings = 0;
    switch (event.type) {
      case "status":
        return this.#onStatus(event.status);
      case "epoch":
        return this.#pending.get(event.id)?.listener?.epoch(event.event);
      case "checkpoint":
        return this.#pending.get(event.id)?.listener?.checkpoint(event.file);
      case "crash":
        return this.#die(event.message);
      case "answer":
        return this.#settle(event.id)?.resolve(event.value);
      case "refusal":
        return this.#settle(event.id)?.reject(new DoodleTuneError(event.code, event.message));
    }
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) {
      clearInterval(this.#watch);
      this.#watch = undefined;
    }
    return pending;
  }

  /** Counts pings rather than time: a laptop that slept has not lost its worker. */
  #checkPulse(): void {
    if (++this.#silentPings > PINGS_UNANSWERED) return this.#die("it does not answer");
    this.#port.post({ id: 0, command: { type: "ping" } });
  }

  #die(why: string | DoodleTuneError): void {
    const error =
      typeof why === "string"
        ? new DoodleTuneError("worker-died", `The worker stopped unexpectedly (${why}).`)
        : why;
    this.close(error);
    this.onDeath?.(error);
  }
}
