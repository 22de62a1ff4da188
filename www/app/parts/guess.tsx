import type { Prediction } from "../../lib/index.js";
import { classes } from "../state/doodles.js";
import { guess, seen, settled } from "../state/guess.js";
import { failure, knownThings, taughtClasses, tuner } from "../state/learner.js";
import { GUESS, invitationToDraw, lead, origin } from "../words.js";
import { Bars } from "./bars.js";
import { Pixels } from "./pixels.js";
import { usePolite } from "./use-polite.js";

/** Of many things the first few; of one's own classes as many as there is room for. */
const ROWS = { pretrained: 3, prototype: 4, linear: 4, mlp: 4 };

/** What the network makes of the drawing, while it is being drawn. */
export function Guess() {
  const answer = guess.value;
  const spoken = usePolite(answer ? GUESS.spoken(answer) : "", 2000);
  return (
    <section class="guess panel" aria-labelledby="guess-title" data-settled={settled.value}>
      <h2 id="guess-title" class="visually-hidden">
        {GUESS.title}
      </h2>
      <Seen />
      <div class="guess-words">
        {answer ? <Answer answer={answer} /> : <p class="guess-hint">{hint()}</p>}
      </div>
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
    </section>
  );
}

function Answer({ answer }: { answer: Prediction }) {
  const own = answer.head === "pretrained" ? [] : classes.value;
  const colourOf = (label: string) => own.find(({ name }) => name === label)?.colour;
  return (
    <>
      <p class="guess-headline" data-label={answer.label}>
        {lead(answer)} <strong>{answer.label}</strong>
      </p>
      <Bars
        kind={answer.head}
        rows={answer.ranking
          .slice(0, ROWS[answer.head])
          .map((guessed) => ({ ...guessed, colour: colourOf(guessed.label) }))}
      />
      <p class="guess-how">{origin(answer, knownThings.value)}</p>
    </>
  );
}

/** The network's own view, in its own pixels. */
function Seen() {
  const image = seen.value;
  return (
    <figure class="seen">
      <Pixels
        image={image}
        class={image ? "" : "blank"}
        role="img"
        aria-label={image ? GUESS.seen : GUESS.unseen}
      />
      <figcaption>{GUESS.caption}</figcaption>
    </figure>
  );
}

function hint(): string {
  if (failure.value) return GUESS.failed;
  if (!tuner.value) return GUESS.waiting;
  return invitationToDraw(taughtClasses.value, knownThings.value);
}
