import { DoodleTuneError } from "./errors.js";
import { Link } from "./link.js";
import type { OpenPort } from "./port.js";
import type { EngineOptions } from "./protocol.js";

/** Work of so many seconds, done or still to be done, pays for the start of helpers. */
const WORTH_SECONDS = 1.5;
/** After such a pause, it is other work. */
const PAUSE_MS = 1_000;
/** Beside the engine's own, as many workers as are still worth their memory. */
const MOST = 3;
/** Batches that a helper is given ahead, so that it has some while the engine computes. */
const AHEAD = 4;
/** After so long without work, helpers go. */
const IDLE_MS = 5_000;

interface Helper {
  link: Link;
  ready: boolean;
  /** Batches that it has not given back yet. */
  batches: number;
}

/**
 * Other workers with the same network, that compute features where an engine has many to compute. They come when that
 * pays and go when there is nothing left to do; if they cannot come, or fail, the engine does it all by itself.
 */
export class Helpers {
  readonly #open: OpenPort;
  readonly #options: EngineOptions;
  #helpers: Helper[] = [];
  #failed = false;
  /** When the work in progress has begun, and when there was some last. */
  #begun = 0;
  #last = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;

  /** `options` are what a helper is created with. */
  constructor(open: OpenPort, options: EngineOptions) {
    this.#open = open;
    this.#options = options;
  }

  /** Somebody who is free, while there is work for so many seconds. */
  free(seconds: number): ((batch: Float32Array<ArrayBuffer>) => Promise<Float32Array>) | undefined {
    const now = performance.now();
    if (now - this.#last > PAUSE_MS) this.#begun = now;
    this.#last = now;
    const worth = seconds + (now - this.#begun) / 1000 > WORTH_SECONDS;
    if (worth && this.#helpers.length === 0 && !this.#failed) this.#send();
    if (this.#helpers.length === 0) return;
    this.#restLater();
    const ready = this.#helpers.filter(({ ready, batches }) => ready && batches < AHEAD);
    const [first] = ready.sort((one, other) => one.batches - other.batches);
    return first && ((batch) => this.#ask(first, batch));
  }

  close(): void {
    clearTimeout(this.#rest);
    const reason = new DoodleTuneError("disposed", "There is nothing left to help with.");
    for (const { link } of this.#helpers.splice(0)) link.close(reason);
  }

  /** Sends for helpers: as many as there are cores for. */
  #send(): void {
    const cores = Math.min(navigator.hardwareConcurrency - 1, MOST);
    for (let count = 0; count < cores; count++) {
      try {
        const helper = { link: new Link(this.#open, () => {}), ready: false, batches: 0 };
        helper.link.onDeath = () => this.#fail();
        this.#helpers.push(helper);
        const created = helper.link.call({ type: "create", options: this.#options });
        created.then(
          () => (helper.ready = true),
          () => this.#helpers.includes(helper) && this.#fail(), // or it was sent home before
        );
      } catch {
        return this.#fail(); // this browser has no workers in workers
      }
    }
  }

  /** Lets them go once there has been nothing to do for a while. */
  #restLater(): void {
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      const busy = this.#helpers.some(({ ready, batches }) => !ready || batches > 0);
      if (busy) this.#restLater();
      else this.close();
    }, IDLE_MS);
  }

  async #ask(helper: Helper, input: Float32Array<ArrayBuffer>): Promise<Float32Array> {
    helper.batches++;
    try {
      return await helper.link.call({ type: "help", input });
    } finally {
      helper.batches--;
    }
  }

  /** What went wrong once would go wrong again. */
  #fail(): void {
    this.#failed = true;
    this.close();
  }
}
