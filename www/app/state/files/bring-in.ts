import { Unzip, UnzipInflate } from "fflate";
import { DRAW, IMPORTS, KEEPING } from "../../words.js";
import { className } from "../class-name.js";
import { active, addByName } from "../doodles.js";
import { takeDrawings, takePictures, watchProject } from "../imports.js";
import { complain, say } from "../notices.js";
import { Shrinker } from "../pictures.js";
import { view } from "../view.js";
import { bringProject } from "./projects.js";

/** What a zip may hold: more is a mistake, or meant to fill the memory. */
const MOST_FILES = 2000;
const MOST_BYTES = 200_000_000;
const PICTURE = /\.(png|jpe?g|gif|webp|bmp|avif|svg)$/i;
const PROJECT = /\.(doodletune|safetensors|onnx)$/i;
const DRAWINGS = /\.(ndjson|jsonl)$/i;
/** Between folders in a zip; some tools on Windows write backslashes. */
const SEPARATOR = /[\\/]/;
/** What systems leave beside the pictures. */
const HIDDEN = /(^|[\\/])(\.|__MACOSX)/;

/** What the pickers of the classes offer. */
export const ACCEPTED = "image/*,.ndjson,.jsonl";

/** Takes in files of any kind that the page knows; pictures that no folder names a class for are for `classId`, or the active one. */
export async function bringIn(files: Iterable<File> | null | undefined, classId?: string): Promise<void> {
  // A picker's list empties with the picker.
  const all = [...(files ?? [])];
  const pictures: File[] = [];
  for (const file of all) {
    await attempt(file, async () => {
      if (PROJECT.test(file.name)) return;
      if (DRAWINGS.test(file.name)) await takeDrawings(file);
      else if (await isZip(file)) await bringPictures(file);
      else pictures.push(file);
    });
  }
  if (pictures.length > 0) await takePictures(pictures, classId ?? active.value?.id).catch(complain);
  // The last, so that all the others come into the project that is open now.
  for (const file of all.filter(({ name }) => PROJECT.test(name)))
    await attempt(file, () => bringProject(file));
}

/** What is pasted comes in, unless it is words for a field. */
export function listenForPastes(): void {
  addEventListener("paste", ({ target, clipboardData }) => {
    if (view.value !== "teach" || !clipboardData) return;
    if (target instanceof HTMLElement && target.matches("input, select")) return;
    const text = clipboardData.getData("text/plain");
    if (clipboardData.files.length > 0) void bringIn(clipboardData.files);
    else if (text.trimStart().startsWith("{")) void bringIn([new File([text], IMPORTS.clipboard)]);
  });
}

/** Whatever is dropped beside the classes must not take the place of the page. */
export function listenForDrops(): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    if (event.defaultPrevented) return; // a class has taken it
    event.preventDefault();
    if (view.value === "teach") void bringIn(event.dataTransfer?.files);
  });
}

/** One that cannot be read, as when it was changed meanwhile, does not keep the others out. */
async function attempt(file: File, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    complain(error instanceof DOMException ? IMPORTS.unreadable(file.name) : error);
  }
}

async function isZip(file: File): Promise<boolean> {
  if (/\.zip$/i.test(file.name)) return true;
  const [p, k, three, four] = new Uint8Array(await file.slice(0, 4).arrayBuffer());
  return p === 0x50 && k === 0x4b && three === 3 && four === 4;
}

/** Pictures for the classes that their folders name. */
async function bringPictures(file: File): Promise<void> {
  const sameProject = watchProject();
  if (file.size > MOST_BYTES) return complain(KEEPING.bigZip(file.name));
  const entries = await unpack(file).catch((error: Error) => error);
  if (entries instanceof TooLarge) return complain(KEEPING.bigZip(file.name));
  if (entries instanceof DOMException) throw entries;
  if (entries instanceof Error) return complain(KEEPING.badZip(file.name));

  const rest = className(file.name.replace(/\.zip$/i, "")) || DRAW.newClass;
  const groups = new Map<string, Blob[]>();
  let pictures = 0;
  const shrinker = new Shrinker();
  try {
    for (const [path, bytes] of entries) {
      const word = className(path.split(SEPARATOR).at(-2) ?? "") || rest;
      const picture = await shrinker.shrink(new Blob(bytes)).catch(() => undefined);
      if (!picture) continue;
      groups.set(word, [...(groups.get(word) ?? []), picture]);
      pictures++;
    }
  } finally {
    shrinker.close();
  }
  if (pictures === 0) return complain(KEEPING.noPictures(file.name));
  if (!sameProject()) return complain(IMPORTS.otherProject(file.name));
  const run = addByName(groups);
  say(KEEPING.broughtPictures(pictures, groups.size, entries.size - pictures), { label: KEEPING.undo, run });
}

class TooLarge extends Error {}

/** The pictures in a zip by their paths. Piece by piece, so that the page stays awake. */
async function unpack(file: File): Promise<Map<string, Uint8Array<ArrayBuffer>[]>> {
  if (!(await hasEnd(file))) throw new Error("The end is missing.");
  const pictures = new Map<string, Uint8Array<ArrayBuffer>[]>();
  let size = 0;
  let failure: Error | undefined;
  const unzip = new Unzip((entry) => {
    if (!PICTURE.test(entry.name) || HIDDEN.test(entry.name)) return;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    pictures.set(entry.name, pieces);
    entry.ondata = (error, piece) => {
      failure ??= error ?? undefined;
      size += piece?.length ?? 0;
      if (size > MOST_BYTES || pictures.size > MOST_FILES) failure ??= new TooLarge();
      else if (piece) pieces.push(piece as Uint8Array<ArrayBuffer>);
    };
    entry.start();
  });
  unzip.register(UnzipInflate);
  for await (const piece of pieces(file)) {
    unzip.push(piece);
    if (failure) throw failure;
  }
  unzip.push(new Uint8Array(), true);
  if (failure) throw failure;
  return pictures;
}

/** Whether the directory is there, with which a whole zip ends: a comment of up to 65,535 bytes may follow its mark. */
async function hasEnd(file: Blob): Promise<boolean> {
  const tail = new Uint8Array(await file.slice(-65_557).arrayBuffer());
  return tail.some(
    (byte, i) => byte === 0x50 && tail[i + 1] === 0x4b && tail[i + 2] === 5 && tail[i + 3] === 6,
  );
}

async function* pieces(file: Blob): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
