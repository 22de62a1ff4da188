import { className } from "./class-name.js";
import { SHEET, type Stroke } from "./doodles.js";

/** A drawing of somebody else's, made to fit the sheet. */
export interface Sketch {
  word: string;
  strokes: Stroke[];
}

export interface Harvest {
  sketches: Sketch[];
  /** Lines that could not be read. */
  broken: number;
  /** Whether there would have been more. */
  more: boolean;
}

/** A line that is longer is no drawing. */
const LONGEST_LINE = 4_000_000;
/** The engine takes no more points in a drawing. */
const MOST_POINTS = 100_000;
/** After so many lines, others have their turn. */
const LINES_AT_ONCE = 100;
/** A point that is further away is none. */
const FURTHEST = 1e9;
/** The share of the sheet that a drawing fills. */
const FILLED = 0.8;

/**
 * Reads drawings in the form of Quick, Draw!: one JSON object a line, with a `word` and a `drawing` of strokes. Piece by
 * piece, so that files of any size do neither fill the memory nor stop the page; no further than `most` drawings.
 */
export async function readDrawings(file: Blob, most: number): Promise<Harvest> {
  const harvest: Harvest = { sketches: [], broken: 0, more: false };
  let read = 0;
  for await (const line of lines(file)) {
    if (++read % LINES_AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    if (line.trim() === "") continue;
    const sketch = line.length > LONGEST_LINE ? undefined : readSketch(line);
    if (!sketch) harvest.broken++;
    else if (harvest.sketches.length < most) harvest.sketches.push(sketch);
    else {
      harvest.more = true;
      break;
    }
  }
  return harvest;
}

async function* lines(file: Blob): AsyncGenerator<string> {
  const reader = file.stream().pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop()!;
      // Of a line without an end, enough is kept to know that it is too long.
      if (rest.length > 2 * LONGEST_LINE) rest = rest.slice(0, LONGEST_LINE + 1);
      yield* parts;
    }
    yield rest;
  } finally {
    await reader.cancel();
  }
}

function readSketch(line: string): Sketch | undefined {
  let found: { word?: unknown; drawing?: unknown } | null;
  try {
    found = JSON.parse(line) as typeof found;
  } catch {
    return undefined;
  }
  const { word, drawing } = found ?? {};
  if (typeof word !== "string" || !Array.isArray(drawing)) return undefined;
  const name = className(word);
  const strokes = drawing.map(readStroke);
  if (!name || strokes.length === 0 || !strokes.every((stroke) => stroke !== undefined)) return undefined;
  const points = strokes.reduce((sum, [xs]) => sum + xs.length, 0);
  const fitted = points > MOST_POINTS ? undefined : fit(strokes);
  return fitted && { word: name, strokes: fitted };
}

function readStroke(stroke: unknown): Stroke | undefined {
  const [xs, ys] = Array.isArray(stroke) ? (stroke as unknown[]) : [];
  const same = isNumbers(xs) && isNumbers(ys) && xs.length === ys.length && xs.length > 0;
  return same ? [xs, ys] : undefined;
}

function isNumbers(list: unknown): list is number[] {
  return (
    Array.isArray(list) && list.every((value) => typeof value === "number" && Math.abs(value) <= FURTHEST)
  );
}

/** Moves and scales strokes of any unit onto the sheet; what is only a dot has no size to be scaled. */
function fit(strokes: Stroke[]): Stroke[] | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [xs, ys] of strokes) {
    for (const x of xs) [left, right] = [Math.min(left, x), Math.max(right, x)];
    for (const y of ys) [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
  }
  const size = Math.max(right - left, bottom - top);
  if (size < 1 / FURTHEST) return undefined;
  const scale = (FILLED * SHEET) / size;
  const place = (value: number, low: number, high: number) =>
    Math.round((SHEET / 2 + (value - (low + high) / 2) * scale) * 10) / 10;
  return strokes.map(([xs, ys]) => [
    xs.map((x) => place(x, left, right)),
    ys.map((y) => place(y, top, bottom)),
  ]);
}
