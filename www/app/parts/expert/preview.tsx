import { useEffect, useState } from "preact/hooks";
import type { Variation } from "../../../lib/index.js";
import { classes, type Doodle } from "../../state/doodles.js";
import { report, tuner } from "../../state/learner.js";
import { isCode } from "../../state/notices.js";
import { refuse } from "../../state/plan.js";
import { EXPERT } from "../../words.js";
import { Pixels } from "../pixels.js";

const VIEWS = 8;
/** How long somebody may type before the next look. */
const PAUSE_MS = 150;

/** What becomes of the person's own doodles, in the network's own pixels. */
export function Preview({ phase, variation }: { phase: number; variation: Variation }) {
  const [seed, setSeed] = useState(0);
  const [views, setViews] = useState<ImageData[]>([]);
  const doodle = pick(seed);
  useEffect(() => {
    if (!doodle) return;
    let wanted = true;
    const timer = setTimeout(async () => {
      try {
        const made = await tuner.peek()?.vary(doodle.input, variation, VIEWS, seed);
        if (wanted && made) setViews(made);
      } catch (error) {
        if (!wanted) return;
        if (isCode(error, "bad-option")) refuse((error as Error).message, phase);
        else report(error);
      }
    }, PAUSE_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [doodle?.id, variation, seed, phase]);
  if (!doodle) return <p class="field-hint">{EXPERT.noPreview}</p>;
  return (
    <figure class="preview">
      <div class="preview-views" role="img" aria-label={EXPERT.preview}>
        {Array.from({ length: VIEWS }, (_, index) => (
          <Pixels key={index} image={views[index]} width={1} height={1} />
        ))}
      </div>
      <figcaption>
        {EXPERT.preview}
        <button type="button" class="text-button" onClick={() => setSeed(seed + 1)}>
          {EXPERT.others}
        </button>
      </figcaption>
    </figure>
  );
}

/** Each time the doodle of another class. */
function pick(turn: number): Doodle | undefined {
  const taught = classes.value.filter(({ doodles }) => doodles.length > 0);
  const doodles = taught[turn % taught.length]?.doodles;
  return doodles?.[Math.floor(turn / taught.length) % doodles.length];
}
