import { Unzip, UnzipInflate } from "fflate";
import { KEEPING } from "../../words.js";
import { active, addByName } from "../doodles.js";
import { takeIn } from "../imports.js";
import { complain, say } from "../notices.js";
import { Shrinker } from "../pictures.js";
import { bringProject } from "./projects.js";

/** What a zip may hold: more is a mistake, or meant to fill the memory. */
const MOST_FILES = 2000;
const MOST_BYTES = 200_000_000;
const PICTURE = /\.(png|jpe?g|gif|webp|bmp|avif|svg)$/i;

/** Takes in files of any kind that the page knows, one after the other. */
export async function bringIn(files: Iterable<File> | null | undefined): Promise<void> {
  const rest: File[] = [];
  for (const file of files ?? []) {
    const head = new Uint8Array(await file.slice(0, 4).arrayBuffer());
    if (/\.zip$/i.test(file.name) || isZip(head)) await bringPictures(file);
    else if (/\.(doodletune|safetensors|onnx)$/i.test(file.name)) await bringProject(file);
    else rest.push(file);
  }
  if (rest.length > 0) await takeIn(rest, active.value?.id);
}

function isZip([p, k, three, four]: Uint8Array): boolean {
  return p === 0x50 && k === 0x4b && three === 3 && four === 4;
}

/** Pictures for the classes that their folders name. */
async function bringPictures(file: File): Promise<void> {
  if (file.size > MOST_BYTES) return complain(KEEPING.bigZip(file.name));
  const entries = await unpack(file).catch((error: Error) => error);
  if (entries instanceof TooLarge) return complain(KEEPING.bigZip(file.name));
  if (entries instanceof Error) return complain(KEEPING.badZip(file.name));

  const groups = new Map<string, Blob[]>();
  const shrinker = new Shrinker();
  for (const [path, bytes] of entries) {
    const word = path.split("/").at(-2)?.trim().slice(0, 40) || file.name.replace(/\.zip$/i, "").slice(0, 40);
    const picture = await shrinker.shrink(new Blob(bytes)).catch(() => undefined);
    if (picture) groups.set(word, [...(groups.get(word) ?? []), picture]);
  }
  shrinker.close();
  const pictures = [...groups.values()].flat().length;
  if (pictures === 0) return complain(KEEPING.noPictures(file.name));
  const run = addByName(groups);
  say(KEEPING.broughtPictures(pictures, groups.size), { label: KEEPING.undo, run });
}

class TooLarge extends Error {}

/** The pictures in a zip by their paths. Piece by piece, so that the page stays awake. */
async function unpack(file: File): Promise<Map<string, Uint8Array<ArrayBuffer>[]>> {
  if (!(await hasEnd(file))) throw new Error("The end is missing.");
  const pictures = new Map<string, Uint8Array<ArrayBuffer>[]>();
  let size = 0;
  let failure: Error | undefined;
  const unzip = new Unzip((entry) => {
    if (!PICTURE.test(entry.name) || /(^|\/)(\.|__MACOSX)/.test(entry.name)) return;
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
