import { effect, signal } from "@preact/signals";
import type { Prediction } from "../../lib/index.js";
import { answers, knowledge, knownThings, report, tuner } from "./learner.js";
import { isCode } from "./notices.js";
import { ink, penDown } from "./sheet.js";

/** How long the hand may move before the next look; one that rests is answered at once. */
const PAUSE_MS = 60;

/** What the network makes of the sheet; null while there is nothing to say. */
export const guess = signal<Prediction | null>(null);
/** Whether the guess is about the sheet as it is now. */
export const settled = signal(true);
/** Exactly what the network sees of the sheet. */
export const seen = signal<ImageData | null>(null);

let scheduled = false;
let looking = false;
let again = false;

effect(() => {
  void ink.value;
  void penDown.value;
  void knowledge.value;
  if (!tuner.value) {
    guess.value = seen.value = null;
    return;
  }
  settled.value = false;
  schedule();
});

/** At most one look is under way and at most one is waiting; the waiting one sees the latest ink. */
function schedule(): void {
  if (looking) again = true;
  if (looking || scheduled) return;
  scheduled = true;
  setTimeout(look, penDown.peek() ? PAUSE_MS : 0);
}

async function look(): Promise<void> {
  scheduled = false;
  looking = true;
  again = false;
  const strokes = ink.peek();
  try {
    const [image, answer] = strokes.length > 0 ? await ask(strokes) : [null, null];
    // A sheet that was emptied meanwhile has no answer.
    const stale = ink.peek().length === 0;
    seen.value = stale ? null : image;
    guess.value = stale ? null : answer;
  } catch (error) {
    guess.value = null;
    // A dot is the beginning of a drawing, not a mistake.
    if (!isCode(error, "empty-drawing")) report(error);
  }
  looking = false;
  if (again) schedule();
  else settled.value = true;
}

/** What has been taught answers as soon as it can; until then, what the network knows by itself. */
async function ask(strokes: typeof ink.value): Promise<[ImageData | null, Prediction | null]> {
  const asked = tuner.peek();
  if (!asked) return [null, null];
  const answer = () => {
    if (answers.peek()) return asked.predict(strokes, { unfinished: penDown.peek() });
    return knownThings.peek() > 0 ? asked.guess(strokes) : null;
  };
  return Promise.all([asked.preview(strokes), answer()]);
}
