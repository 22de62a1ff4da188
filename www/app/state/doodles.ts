import { computed, signal } from "@preact/signals";
import { KEEPING } from "../words.js";

/** One stroke on the sheet, all x then all y; the sheet is SHEET units wide and high on every screen. */
export type Stroke = [number[], number[]];
export const SHEET = 1000;

export interface Doodle {
  id: string;
  input: Stroke[] | Blob;
}

export interface DoodleClass {
  id: string;
  name: string;
  /** Which of the palette's colours. */
  colour: number;
  doodles: Doodle[];
}

/** How many colours the palette has. */
export const COLOURS = 8;

/** What one may begin with. */
const FIRST = ["Cat", "House"];

/** Everything that the person has made, in the order in which it is shown. Never changed in place. */
export const classes = signal<readonly DoodleClass[]>(firstClasses());
const chosen = signal<string | null>(null);
/** The class that the next doodle goes to. */
export const active = computed(() => classes.value.find(({ id }) => id === chosen.value) ?? classes.value[0]);
export const doodleCount = computed(() =>
  classes.value.reduce((sum, { doodles }) => sum + doodles.length, 0),
);

/** The classes of a first visit, without a doodle. */
export function firstClasses(): DoodleClass[] {
  return FIRST.map(newClass);
}

export function choose(classId: string): void {
  chosen.value = classId;
}

/** Adds a class under a free name and makes it the active one. */
export function addClass(): DoodleClass {
  let number = classes.value.length + 1;
  while (nameTaken(`Class ${number}`)) number++;
  const added = newClass(`Class ${number}`, freeColour(classes.value));
  classes.value = [...classes.value, added];
  choose(added.id);
  return added;
}

export function nameTaken(name: string, exceptId?: string): boolean {
  return classes.value.some((one) => one.id !== exceptId && sameName(one.name, name));
}

export function renameClass(id: string, name: string): void {
  change(id, (one) => ({ ...one, name }));
}

/** Removes a class; what it returns puts it back. */
export function removeClass(id: string): () => void {
  const index = classes.value.findIndex((one) => one.id === id);
  const removed = classes.value[index]!;
  classes.value = classes.value.toSpliced(index, 1);
  return () => {
    // Its name may have been given away meanwhile.
    const name = nameTaken(removed.name) ? KEEPING.again(removed.name) : removed.name;
    classes.value = classes.value.toSpliced(index, 0, { ...removed, name });
  };
}

export function colourClass(id: string, colour: number): void {
  change(id, (one) => ({ ...one, colour }));
}

export function addDoodle(classId: string, input: Doodle["input"]): void {
  const doodle = { id: freshId(), input };
  change(classId, (one) => ({ ...one, doodles: [...one.doodles, doodle] }));
}

/**
 * Gives many doodles to classes by name, which come into being where they are missing; those of the first visit make room
 * if nobody has drawn into them. What it returns takes back what is still there.
 */
export function addByName(groups: ReadonlyMap<string, readonly Doodle["input"][]>): () => void {
  const before = classes.value;
  const kept = before.filter(({ name, doodles }) => doodles.length > 0 || !FIRST.includes(name));
  const added = new Set<string>();
  const now = [...kept];
  for (const [name, inputs] of groups) {
    const doodles = inputs.map((input) => ({ id: freshId(), input }));
    doodles.forEach(({ id }) => added.add(id));
    const index = now.findIndex((one) => sameName(one.name, name));
    if (index < 0) now.push({ ...newClass(name, freeColour(now)), doodles });
    else now[index] = { ...now[index]!, doodles: [...now[index]!.doodles, ...doodles] };
  }
  classes.value = now;
  return () => {
    const news = new Set(now.filter(({ id }) => !before.some((one) => one.id === id)).map(({ id }) => id));
    const rest = classes.value
      .map((one) => ({ ...one, doodles: one.doodles.filter(({ id }) => !added.has(id)) }))
      .filter(({ id, doodles }) => doodles.length > 0 || !news.has(id));
    const gone = before.filter(
      (one) => !kept.includes(one) && !rest.some(({ name }) => sameName(name, one.name)),
    );
    classes.value = [...gone, ...rest];
  };
}

/** Removes a doodle; what it returns puts it back. */
export function removeDoodle(classId: string, doodleId: string): () => void {
  let index = 0;
  let removed: Doodle | undefined;
  change(classId, (one) => {
    index = one.doodles.findIndex(({ id }) => id === doodleId);
    removed = one.doodles[index];
    return { ...one, doodles: one.doodles.filter(({ id }) => id !== doodleId) };
  });
  return () => {
    if (removed) change(classId, (one) => ({ ...one, doodles: one.doodles.toSpliced(index, 0, removed!) }));
  };
}

/** Puts a doodle into another class, at its end; what it returns puts it back. */
export function moveDoodle(doodleId: string, toClassId: string): () => void {
  const from = classes.value.find(({ doodles }) => doodles.some(({ id }) => id === doodleId));
  const moved = from?.doodles.find(({ id }) => id === doodleId);
  if (!from || !moved || from.id === toClassId) return () => {};
  const takeBack = removeDoodle(from.id, doodleId);
  const add = (one: DoodleClass) => ({ ...one, doodles: [...one.doodles, moved] });
  change(toClassId, add);
  return () => {
    // Not twice, if it has been deleted or moved on since.
    const there = classes.value.find(({ id }) => id === toClassId);
    if (!there?.doodles.includes(moved)) return;
    removeDoodle(toClassId, doodleId);
    takeBack();
  };
}

function change(id: string, edit: (one: DoodleClass) => DoodleClass): void {
  classes.value = classes.value.map((one) => (one.id === id ? edit(one) : one));
}

function sameName(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => name.normalize("NFC").toLowerCase());
  return a === b;
}

/** The colour that is used least. */
function freeColour(classes: readonly DoodleClass[]): number {
  const colours = Array.from({ length: COLOURS }, (_, colour) => colour);
  const uses = (colour: number) => classes.filter((one) => one.colour === colour).length;
  return colours.reduce((best, next) => (uses(next) < uses(best) ? next : best));
}

export function newClass(name: string, colour: number): DoodleClass {
  return { id: freshId(), name, colour, doodles: [] };
}

/** Not crypto.randomUUID, which is missing where the page comes from a plain http address in the classroom. */
export function freshId(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
}
