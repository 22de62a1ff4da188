import { IMPORTS } from "../words.js";
import { addByName, addDoodle, classes, type Stroke } from "./doodles.js";
import { readDrawings } from "./ndjson.js";
import { complain, say } from "./notices.js";
import { Shrinker } from "./pictures.js";
import { current } from "./storage.js";

/** How many drawings a file may bring: a class of thirty fills no more, and files of Quick, Draw! have 100,000 and more. */
const MOST = 1000;
/** Shown and saved a few at a time, so that the page stays awake. */
const SLICE = 40;

/** Takes in drawings, each for the class of its word. */
export async function takeDrawings(file: File): Promise<void> {
  const sameProject = watchProject();
  const { sketches, broken, more } = await readDrawings(file, MOST);
  if (sketches.length === 0) return complain(IMPORTS.noDrawings(file.name));
  const takeBack: (() => void)[] = [];
  for (let start = 0; start < sketches.length; start += SLICE) {
    if (!sameProject()) return complain(IMPORTS.otherProject(file.name));
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

/** Takes in pictures for one class, one after the other: a hundred photos at once would not fit into the memory. */
export async function takePictures(files: readonly File[], classId?: string): Promise<void> {
  if (!classId) return say(IMPORTS.noClass);
  const sameProject = watchProject();
  const unreadable: string[] = [];
  const shrinker = new Shrinker();
  try {
    for (const file of files) {
      const picture = await shrinker.shrink(file).catch(() => undefined);
      if (!sameProject()) return complain(IMPORTS.otherProject(file.name));
      if (!classes.value.some(({ id }) => id === classId)) break; // deleted meanwhile
      if (picture) addDoodle(classId, picture);
      else unreadable.push(file.name);
    }
  } finally {
    shrinker.close();
  }
  if (unreadable.length > 0) complain(IMPORTS.noPictures(unreadable));
}

/** Tells whether the project is still open that was when this was called: what takes long must not end up in another. */
export function watchProject(): () => boolean {
  const begun = current.peek();
  return () => current.peek() === begun;
}
