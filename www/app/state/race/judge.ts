import { signal } from "@preact/signals";
import type { Prediction } from "../../../lib/index.js";
import type { Stroke } from "../doodles.js";
import { isCode } from "../notices.js";
import { inkAt, touchedAt, type InkRecord } from "./ink.js";

/** The moments at which the network looks are the same for everybody, however fast it answers. */
export const LOOK_EVERY_MS = 250;

/** What the network made of the sheet as it was at a moment; no label while there was nothing to see. */
export interface Look {
  at: number;
  /** When the ink that it saw was drawn. */
  inkAt: number;
  label: string | null;
  probability: number;
}

/** Whom the players have to convince: whatever answers, and how sure it has to be. */
export interface Guesser {
  ask(strokes: readonly Stroke[]): Promise<Prediction>;
  bar: number;
}

/**
 * Judges a turn from the record of its ink: looks at one moment after the other, and leaves none out. A slow device
 * only finds out later what a fast one would have found.
 */
export class Judge {
  readonly looks = signal<readonly Look[]>([]);
  readonly #guesser: Guesser;
  readonly #record: InkRecord;
  readonly #word: string;

  constructor(guesser: Guesser, record: InkRecord, word: string) {
    this.#guesser = guesser;
    this.#record = record;
    this.#word = word;
  }

  /** Looks at what has been drawn up to `time`. */
  async lookUntil(time: number): Promise<void> {
    for (let at = this.#next; at <= time && this.recognised === null; at = this.#next) {
      this.looks.value = [...this.looks.value, await this.#look(at)];
    }
  }

  /** The time of the ink that convinced the network: it has to be sure at two looks in a row, and the first counts. */
  get recognised(): number | null {
    const sure = ({ label, probability }: Look) => label === this.#word && probability >= this.#guesser.bar;
    const looks = this.looks.value;
    const first = looks.findIndex((look, index) => sure(look) && looks[index + 1] && sure(looks[index + 1]!));
    return first < 0 ? null : looks[first]!.inkAt;
  }

  get #next(): number {
    return (this.looks.value.length + 1) * LOOK_EVERY_MS;
  }

  async #look(at: number): Promise<Look> {
    const touched = touchedAt(this.#record, at);
    const last = this.looks.value.at(-1);
    if (last && last.inkAt === touched) return { ...last, at };
    const nothing = { at, inkAt: touched, label: null, probability: 0 };
    const strokes = inkAt(this.#record, at);
    if (strokes.length === 0) return nothing;
    try {
      const { label, probability } = await this.#guesser.ask(strokes);
      return { ...nothing, label, probability };
    } catch (error) {
      // A dot is the beginning of a drawing.
      if (isCode(error, "empty-drawing")) return nothing;
      throw error;
    }
  }
}

/** A stretch of time in which the network did not change its mind. */
export interface Opinion {
  label: string | null;
  from: number;
  to: number;
}

/** The network's changing mind from the first look on, up to `until`. */
export function opinions(looks: readonly Look[], until: number): Opinion[] {
  const list: Opinion[] = [];
  let from = 0;
  for (const { at, label } of looks) {
    const last = list.at(-1);
    const to = Math.min(at, until);
    if (last && last.label === label) last.to = to;
    else if (to > from) list.push({ label, from, to });
    from = to;
  }
  return list;
}
