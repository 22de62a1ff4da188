import { SHEET, type Stroke } from "../state/doodles.js";
import { classes } from "../state/doodles.js";
import { samples, tryWith } from "../state/starters.js";
import { startTour, toured } from "../state/tour.js";
import type { SetName } from "../starters/sets.js";
import { SETS } from "../starters/sets.js";
import { STARTERS, TOUR, WELCOME } from "../words.js";
import { strokePath } from "./ink.js";

/** What to do, while nothing has been done; and how to see it work without doing anything. */
export function Welcome() {
  const [first, second] = classes.value;
  return (
    <div class="welcome">
      <ol class="how-to">
        <li>{WELCOME.draw(first?.name)}</li>
        <li>{WELCOME.again(second?.name)}</li>
        <li>{WELCOME.train}</li>
      </ol>
      {!toured.value && (
        <button type="button" class="tool" onClick={startTour}>
          {TOUR.start}
        </button>
      )}
      <section class="starters" aria-labelledby="starters-title">
        <h3 id="starters-title">{STARTERS.invitation}</h3>
        <ul>
          {(Object.keys(SETS) as SetName[]).map((set) => (
            <li key={set}>
              <Starter set={set} />
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}

function Starter({ set }: { set: SetName }) {
  return (
    <button type="button" class="starter" onClick={() => tryWith(set)}>
      <span class="starter-samples" aria-hidden="true">
        {samples(set).map((strokes, index) => (
          <Sample key={index} strokes={strokes} colour={index} />
        ))}
      </span>
      <span>{STARTERS.tryWith(STARTERS[set].title)}</span>
    </button>
  );
}

function Sample({ strokes, colour }: { strokes: Stroke[]; colour: number }) {
  return (
    <svg class={`colour-${colour}`} viewBox={`80 80 ${SHEET - 160} ${SHEET - 160}`}>
      <path d={strokes.map(strokePath).join("")} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
