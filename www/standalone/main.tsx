// A page in one file, with a trained model inside: what `state/files/webpage.ts` of the app wraps up.
import { computed, effect, signal } from "@preact/signals";
import { render } from "preact";
import { loadWasm } from "../lib/wasm.js";
import { DoodleTune, DoodleTuneError, type Prediction } from "../lib/index.js";
import { Bars } from "../app/parts/bars.js";
import { Sheet } from "../app/parts/sheet.js";
import { usePolite } from "../app/parts/use-polite.js";
import type { Stroke } from "../app/state/doodles.js";
import { canUndo, clear, hasInk, ink, undo } from "../app/state/sheet.js";
import "../app/styles/base.css";
import "../app/styles/draw.css";
import "./standalone.css";
import { invitationToDraw, lead, sentence, STANDALONE } from "../app/words.js";
import type { About } from "./about.js";
import { read, unpack } from "./parts.js";

const PAUSE_MS = 60;
const ROWS = 6;

const about = JSON.parse(read("about")) as About;
const tuner = signal<DoodleTune | null>(null);
const answer = signal<Prediction | null>(null);
const problem = signal<string | null>(null);

async function wake(): Promise<void> {
  const [wasm, weights, model] = await Promise.all([unpack("wasm"), unpack("weights"), unpack("model")]);
  await loadWasm(async () => wasm);
  // Files have no workers; looking takes milliseconds.
  const made = await DoodleTune.create({
    worker: false,
    device: "cpu",
    size: about.size,
    weights: weights.buffer,
  });
  await made.load(model);
  tuner.value = made;
}

let looking = false;

/** Looks at the sheet until it has seen it as it is. */
async function look(): Promise<void> {
  if (looking || !tuner.value) return;
  looking = true;
  try {
    for (let seen: unknown; seen !== ink.value;) {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      seen = ink.value;
      answer.value = ink.value.length > 0 ? await guess(tuner.value, ink.value) : null;
      problem.value = null;
    }
  } finally {
    looking = false;
  }
}

/** A dot is the beginning of a drawing: what was guessed before still holds. */
async function guess(tuner: DoodleTune, strokes: readonly Stroke[]): Promise<Prediction | null> {
  try {
    return await tuner.predict(strokes);
  } catch (error) {
    if (error instanceof DoodleTuneError && error.code === "empty-drawing") return answer.value;
    throw error;
  }
}

function fail(error: Error): void {
  answer.value = null;
  problem.value = sentence(error.message);
}

effect(() => {
  void ink.value;
  if (tuner.value) look().catch(fail);
});

const hint = computed(() => problem.value ?? (tuner.value ? invitationToDraw(2, 0) : STANDALONE.waking));

function Page() {
  const now = answer.value;
  const spoken = usePolite(now ? `${lead(now)} ${now.label}` : "", 2000);
  return (
    <main class="standalone" data-ready={tuner.value !== null}>
      <h1>{about.title}</h1>
      <Sheet />
      <div class="draw-tools">
        <button type="button" class="tool" disabled={!canUndo.value} onClick={undo}>
          {STANDALONE.undo}
        </button>
        <button type="button" class="tool" disabled={!hasInk.value} onClick={clear}>
          {STANDALONE.clear}
        </button>
      </div>
      <section class="panel standalone-guess">
        {now ? (
          <>
            <p class="guess-headline" data-label={now.label}>
              {lead(now)} <strong>{now.label}</strong>
            </p>
            <Bars
              rows={now.ranking
                .slice(0, ROWS)
                .map((guessed) => ({ ...guessed, colour: about.colours[guessed.label] ?? 4 }))}
            />
          </>
        ) : (
          <p class="guess-hint">{hint.value}</p>
        )}
      </section>
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
      <p class="standalone-note">{STANDALONE.note}</p>
    </main>
  );
}

render(<Page />, document.getElementById("app")!);
wake().catch(fail);
