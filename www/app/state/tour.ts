import { effect, signal } from "@preact/signals";
import { view } from "./view.js";

/** What is pointed at, one after the other. */
export const STOPS = ["sheet", "classes", "train", "guess", "rooms"] as const;
export type Stop = (typeof STOPS)[number];

const KEY = "doodletune-tour";

/** Where the tour is; null while there is none. */
export const stop = signal<Stop | null>(null);
/** Whether somebody has taken the tour, or said no to it. */
export const toured = signal(wasToured());

export function startTour(): void {
  stop.value = STOPS[0];
}

/** On to the next stop, or to the end. */
export function goOn(): void {
  const next = STOPS[STOPS.indexOf(stop.value!) + 1];
  if (next) stop.value = next;
  else endTour();
}

export function endTour(): void {
  stop.value = null;
  toured.value = true;
  try {
    localStorage.setItem(KEY, "done");
  } catch {
    // Where nothing is kept, the tour is offered again.
  }
}

// What it points at is in that room.
effect(() => {
  if (view.value !== "teach" && stop.peek()) endTour();
});

function wasToured(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    return false;
  }
}
