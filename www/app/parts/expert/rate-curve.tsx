import type { Phase } from "../../../lib/index.js";
import { rateCurve } from "../../state/rate-curve.js";
import { EXPERT } from "../../words.js";

const [WIDTH, HEIGHT] = [240, 72];

/** How the learning rate goes over the phase: warm-up, then the schedule. */
export function RateCurve({ phase }: { phase: Phase }) {
  const shares = rateCurve(phase);
  const points = shares.map((share, index) => {
    const x = (WIDTH * index) / (shares.length - 1);
    const y = 3 + (HEIGHT - 6) * (1 - share);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  const line = `M${points.join("L")}`;
  return (
    <figure class="rate-curve">
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={EXPERT.rateCurve}
      >
        <path class="area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />
        <path class="rate-line" d={line} />
      </svg>
      <figcaption>{EXPERT.rateCurve}</figcaption>
    </figure>
  );
}
