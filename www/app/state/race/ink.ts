import { signal } from "@preact/signals";
import type { Stroke } from "../doodles.js";
import type { OpenStroke } from "../sheet.js";

/** A stroke, when each of its points was drawn, and when it was taken back. Milliseconds from the start of the turn. */
export interface TimedStroke {
  line: Stroke;
  times: number[];
  gone: number;
}

/** A drawing and how it came about: what is on the sheet at any moment follows from it. */
export type InkRecord = readonly TimedStroke[];

/** The sheet as it was at a moment. */
export function inkAt(record: InkRecord, time: number): Stroke[] {
  return record.flatMap(({ line: [xs, ys], times, gone }): Stroke[] => {
    if (gone <= time) return [];
    const later = times.findIndex((at) => at > time);
    const points = later < 0 ? times.length : later;
    return points > 0 ? [[xs.slice(0, points), ys.slice(0, points)]] : [];
  });
}

/** When the sheet was last touched, up to a moment; 0 if never. */
export function touchedAt(record: InkRecord, time: number): number {
  let latest = 0;
  for (const { times, gone } of record) {
    for (const at of [...times, gone]) if (at <= time && at > latest) latest = at;
  }
  return latest;
}

/** A sheet that remembers when things were drawn. */
export class RaceInk {
  readonly ink = signal<readonly Stroke[]>([]);
  readonly record: TimedStroke[] = [];
  readonly #clock: () => number;
  readonly #limit: number;
  #dried = false;

  /** Nothing is added after `limit`, or once the ink has dried. */
  constructor(clock: () => number, limit: number) {
    this.#clock = clock;
    this.#limit = limit;
  }

  beginStroke = (): OpenStroke => {
    const stroke: TimedStroke = { line: [[], []], times: [], gone: Infinity };
    if (!this.#dry) this.record.push(stroke);
    return {
      add: (x, y) => {
        if (this.#dry || stroke.gone < Infinity) return;
        stroke.line[0].push(x);
        stroke.line[1].push(y);
        stroke.times.push(this.#clock());
        this.#show();
      },
      end() {},
      drop: () => this.#takeBack([stroke]),
    };
  };

  undo(): void {
    this.#takeBack(this.#present.slice(-1));
  }

  clear(): void {
    this.#takeBack(this.#present);
  }

  dry(): void {
    this.#dried = true;
  }

  get #dry(): boolean {
    return this.#dried || this.#clock() > this.#limit;
  }

  get #present(): TimedStroke[] {
    return this.record.filter(({ gone }) => gone === Infinity);
  }

  #takeBack(strokes: TimedStroke[]): void {
    if (this.#dry) return;
    for (const stroke of strokes) stroke.gone = this.#clock();
    this.#show();
  }

  #show(): void {
    this.ink.value = this.#present.map(({ line }) => line);
  }
}
