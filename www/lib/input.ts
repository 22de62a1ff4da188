import { describe } from "./describe.js";
import { DoodleTuneError } from "./errors.js";
import type { View, WireInput } from "./protocol.js";
import type { Input, Point, Stroke } from "./types.js";

/** Pictures are scaled down to this before they are kept: the network looks at a quarter of it or less. */
const MAX_SIDE = 512;

/** The largest file that is read. */
const MOST_BYTES = 256 * 2 ** 20;

const ACCEPTED = "strokes, ImageData, a canvas, an ImageBitmap or a Blob with an image";

/** Any input in the form that crosses to the engine. */
export async function toWire(input: Input): Promise<WireInput> {
  return input instanceof Blob ? decode(input) : readNow(input);
}

/** The same of many. Files do not change, and are decoded one after the other: all at once may be more than there is memory. */
export async function toWires(inputs: readonly Input[]): Promise<WireInput[]> {
  const read = inputs.map((input) => (input instanceof Blob ? input : readNow(input)));
  const wires: WireInput[] = [];
  for (const input of read) wires.push(input instanceof Blob ? await decode(input) : input);
  return wires;
}

/** What may be another drawing a moment later. */
function readNow(input: Exclude<Input, Blob>): WireInput {
  if (Array.isArray(input)) return { strokes: (input as readonly Stroke[]).map(toPair) };
  if (input instanceof ImageData) return fromImageData(input);
  if (isDrawable(input)) return read(input, input.width, input.height);
  throw new DoodleTuneError("bad-input", `The input is ${describe(input)}; allowed are ${ACCEPTED}.`);
}

/** A copy of the bytes of a file, which stays as it is whatever becomes of the original. */
export async function toBytes(file: BufferSource | Blob): Promise<Uint8Array<ArrayBuffer>> {
  const size = file instanceof Blob ? file.size : (file as BufferSource | null)?.byteLength;
  if (size === undefined) {
    const message = `The file is ${describe(file)}; allowed are a Uint8Array, an ArrayBuffer or a Blob.`;
    throw new DoodleTuneError("bad-input", message);
  }
  if (size > MOST_BYTES) {
    const megabytes = Math.ceil(size / 2 ** 20);
    const message = `The file has ${megabytes} MiB, more than any project or model (${MOST_BYTES / 2 ** 20} MiB).`;
    throw new DoodleTuneError("file-too-large", message);
  }
  try {
    return file instanceof Blob ? new Uint8Array(await file.arrayBuffer()) : copyOf(file);
  } catch (cause) {
    const message = `The file cannot be read: ${(cause as Error).message} Choose it again.`;
    throw new DoodleTuneError("bad-input", message, { cause });
  }
}

/** A copy of bytes, which stays as it is whatever becomes of the original. */
export function copyOf(bytes: BufferSource): Uint8Array<ArrayBuffer> {
  if (!ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.slice());
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength).slice();
}

/** Refuses what is no list of examples. */
export function checkExamples(list: unknown): void {
  if (Array.isArray(list) && list.every((item) => typeof item === "object" && item !== null)) return;
  const message = `The examples are ${describe(list)}; they must be a list of { label, input }.`;
  throw new DoodleTuneError("bad-input", message);
}

/** Refuses what is no list of ids. */
export function checkIds(ids: unknown): void {
  if (Array.isArray(ids)) return;
  const message = `The ids are ${describe(ids)}; they must be a list, such as addExamples gives.`;
  throw new DoodleTuneError("bad-input", message);
}

/** A drawing or picture as it crossed to the engine, as an input again. */
export function fromWire(wire: WireInput): Input {
  if ("strokes" in wire) return wire.strokes as unknown as Stroke[];
  return new ImageData(new Uint8ClampedArray(wire.data), wire.width, wire.height);
}

function toPair(stroke: Stroke, index: number): number[][] {
  if (Array.isArray(stroke) && stroke.every(isPoint)) return [stroke.map((p) => p.x), stroke.map((p) => p.y)];
  const [xs, ys, times, ...more] = Array.isArray(stroke) ? (stroke as unknown[]) : [];
  const timed = times === undefined || (isList(times) && isList(xs) && times.length === xs.length);
  // Else they are points as [x, y], of which the first two would pass for all.
  if (isList(xs) && isList(ys) && timed && more.length === 0) return [Array.from(xs), Array.from(ys)];
  const message = `Stroke ${index + 1} is ${describe(stroke)}; a stroke is [[x, …], [y, …]] or a list of {x, y}.`;
  throw new DoodleTuneError("bad-input", message);
}

async function decode(blob: Blob): Promise<WireInput> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(blob);
  } catch (cause) {
    const message = `This file${blob.type && ` (${blob.type})`} is not an image that the browser can read.`;
    throw new DoodleTuneError("bad-input", message, { cause });
  }
  try {
    return read(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

function fromImageData(image: ImageData): WireInput {
  const { width, height, data } = image;
  if (data.length === 0) {
    throw new DoodleTuneError(
      "bad-input",
      "The picture cannot be read: its pixels have been handed to somebody else.",
    );
  }
  if (Math.max(width, height) <= MAX_SIDE) return { width, height, data: new Uint8ClampedArray(data) };
  const whole = new OffscreenCanvas(width, height);
  context(whole).putImageData(image, 0, 0);
  return read(whole, width, height);
}

/** What the network sees, as the browser draws it. */
export function toImageData({ size, pixels }: View): ImageData {
  return new ImageData(pixels, size, size);
}

function read(source: CanvasImageSource, width: number, height: number): WireInput {
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height, 1));
  const w = Math.max(1, Math.round(width * scale));
  const h = Math.max(1, Math.round(height * scale));
  try {
    const canvas = context(new OffscreenCanvas(w, h));
    canvas.imageSmoothingQuality = "high";
    canvas.drawImage(source, 0, 0, w, h);
    return { width: w, height: h, data: canvas.getImageData(0, 0, w, h).data };
  } catch (cause) {
    // An empty canvas, a closed bitmap, or a canvas that another site's image has touched.
    const message = `The picture cannot be read: ${(cause as Error).message}`;
    throw new DoodleTuneError("bad-input", message, { cause });
  }
}

function context(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  return canvas.getContext("2d", { willReadFrequently: true })!;
}

function isDrawable(input: unknown): input is HTMLCanvasElement | OffscreenCanvas | ImageBitmap {
  const kinds = ["HTMLCanvasElement", "OffscreenCanvas", "ImageBitmap"] as const;
  return kinds.some((kind) => kind in globalThis && input instanceof globalThis[kind]);
}

function isPoint(value: unknown): value is Point {
  return typeof value === "object" && value !== null && "x" in value && "y" in value;
}

function isList(value: unknown): value is ArrayLike<number> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}
