import { effect } from "@preact/signals";
import { calm } from "./calm.js";
import type { Stroke } from "./doodles.js";
import { tuner, untaught } from "./learner.js";
import { beginStroke, hasInk, ink } from "./sheet.js";

/** Points a frame: about as fast as a quick hand. */
const PACE = 3;

/** Draws on the sheet as a hand would, as soon as all doodles have been looked at; makes way for anybody who draws. */
export function demonstrate(strokes: readonly Stroke[]): void {
  const stop = effect(() => {
    if (!tuner.value || untaught.value > 0) return;
    queueMicrotask(() => {
      stop();
      if (!hasInk.peek()) void draw(strokes);
    });
  });
}

async function draw(strokes: readonly Stroke[]): Promise<void> {
  const still = calm();
  for (const [xs, ys] of strokes) {
    const stroke = beginStroke();
    for (let index = 0; index < xs.length; index++) {
      stroke.add(xs[index]!, ys[index]!);
      if (still || index % PACE > 0) continue;
      const drawn = ink.peek();
      await new Promise(requestAnimationFrame);
      if (ink.peek() !== drawn) return stroke.end(); // somebody else draws
    }
    stroke.end();
  }
}
