import { IMPORTS } from "../words.js";
import { active, addByName, addDoodle, classes, type Stroke } from "./doodles.js";
import { readDrawings } from "./ndjson.js";
import { complain, say } from "./notices.js";
import { Shrinker } from "./pictures.js";
import { view } from "./view.js";

/** How many drawings a file may bring: a class of thirty fills no more, and files of Quick, Draw! have 100,000 and more. */
const MOST = 1000;
/** Shown and saved a few at a time, so that the page stays awake. */
const SLICE = 40;

/** What the pickers offer. */
export const ACCEPTED = "image/*,.ndjson,.jsonl";

/** Takes in drawings, each for the class of its word, and pictures for one class. */
export async function takeIn(files: Iterable<File> | null | undefined, classId?: string): Promise<void> {
  const all = [...(files ?? [])];
  const drawings = all.filter(({ name }) => /\.(ndjson|jsonl)$/i.test(name));
  for (const file of drawings) await takeDrawings(file);
  const pictures = all.filter((file) => !drawings.includes(file));
  if (pictures.length === 0) return;
  if (!classId) return say(IMPORTS.noClass);
  await takePictures(pictures, classId);
}

/** Whatever is dropped beside the classes belongs to the active one, and must not take the place of the page. */
export function listenForDrops(): void {
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    if (event.defaultPrevented) return; // a class has taken it
    event.preventDefault();
    if (view.value === "teach") void takeIn(event.dataTransfer?.files, active.value?.id);
  });
}

async function takeDrawings(file: File): Promise<void> {
  const { sketches, broken, more } = await readDrawings(file, MOST);
  if (sketches.length === 0) return complain(IMPORTS.noDrawings(file.name));
  const takeBack: (() => void)[] = [];
  for (let start = 0; start < sketches.length; start += SLICE) {
    const groups = new Map<string, Stroke[][]>();
    for (const { word, strokes } of sketches.slice(start, start + SLICE))
      groups.set(word, [...(groups.get(word) ?? []), strokes]);
    takeBack.unshift(addByName(groups));
    await new Promise((resolve) => setTimeout(resolve));
  }
  const words = new Set(sketches.map(({ word }) => word)).size;
  const undo = () => takeBack.forEach((run) => run());
  say(IMPORTS.drawings(sketches.length, words, broken, more), { label: IMPORTS.undo, run: undo });
}

/** One after the other: a hundred photos at once would not fit into the memory. */
async function takePictures(files: readonly File[], classId: string): Promise<void> {
  const unreadable: string[] = [];
  const shrinker = new Shrinker();
  for (const file of files) {
    try {
      const picture = await shrinker.shrink(file);
      if (!classes.value.some(({ id }) => id === classId)) break; // deleted meanwhile
      addDoodle(classId, picture);
    } catch {
      unreadable.push(file.name);
    }
  }
  shrinker.close();
  if (unreadable.length > 0) complain(IMPORTS.noPictures(unreadable));
}
