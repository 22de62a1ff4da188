import { computed, signal } from "@preact/signals";
import { active, addDoodle, type Stroke } from "./doodles.js";
import { DRAW } from "../words.js";
import { say } from "./notices.js";

type Drawing = readonly Stroke[];

/** What is on the sheet now, the stroke being drawn included. */
export const ink = signal<Drawing>([]);
const history = signal<readonly Drawing[]>([]);
/** What was undone, the last first; forgotten as soon as something new is drawn. */
const undone = signal<readonly Drawing[]>([]);
export const canUndo = computed(() => history.value.length > 0);
export const canRedo = computed(() => undone.value.length > 0);
/** The stroke that is being drawn. */
const open = signal<Stroke | null>(null);
/** Whether the pen is down, and the drawing may go on. */
export const penDown = computed(() => open.value !== null);
export const hasInk = computed(() => ink.value.length > 0);

/** A stroke that is being drawn; it ends when the sheet is changed by anything else. */
export interface OpenStroke {
  add(x: number, y: number): void;
  /** The pen is lifted. */
  end(): void;
  drop(): void;
}

export function beginStroke(): OpenStroke {
  const before = ink.value;
  const stroke: Stroke = [[], []];
  let latest = before;
  // Another stroke may have begun since.
  const lift = () => {
    if (open.value === stroke) open.value = null;
  };
  remember();
  open.value = stroke;
  return {
    add(x, y) {
      if (ink.value !== latest) return;
      stroke[0].push(x);
      stroke[1].push(y);
      ink.value = latest = [...before, stroke];
    },
    end: lift,
    drop() {
      lift();
      if (ink.value !== latest) return;
      undo();
      undone.value = [];
    },
  };
}

export function undo(): void {
  const last = history.value.at(-1);
  if (!last) return;
  undone.value = [ink.value, ...undone.value];
  history.value = history.value.slice(0, -1);
  ink.value = last;
}

/** Takes back an undo. */
export function redo(): void {
  const [next, ...rest] = undone.value;
  if (!next) return;
  history.value = [...history.value, ink.value];
  undone.value = rest;
  ink.value = next;
}

/** Empties the sheet; undo brings the drawing back. */
export function clear(): void {
  if (!hasInk.value) return;
  remember();
  ink.value = [];
}

function remember(): void {
  history.value = [...history.value, ink.value];
  undone.value = [];
}

/** Gives the drawing to the active class and takes a fresh sheet. */
export function keep(): void {
  if (!active.value) return say(DRAW.noClass);
  if (!hasInk.value) return say(DRAW.nothing);
  addDoodle(
    active.value.id,
    ink.value.map(([xs, ys]): Stroke => [[...xs], [...ys]]),
  );
  ink.value = [];
  history.value = undone.value = [];
}
