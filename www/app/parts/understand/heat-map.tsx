import { useEffect, useRef, useState } from "preact/hooks";
import type { Explanation } from "../../../lib/index.js";
import type { Doodle } from "../../state/doodles.js";
import { knowledge, report, tuner } from "../../state/learner.js";
import { UNDERSTAND } from "../../words.js";

const { inspect } = UNDERSTAND;

/** Below this change of the answer, in probability, nothing decides. */
const FAINT = 0.005;
/** Whatever speaks for the answer, and what against it. */
const [FOR, AGAINST] = ["255, 96, 32", "40, 130, 255"];
/** Enough ink shows through; what is weak can still be seen. */
const DENSEST = 0.7;

/** A doodle as the network sees it, and over it where the answer comes from. */
export function HeatMap({ input }: { input: Doodle["input"] }) {
  const view = useRef<HTMLCanvasElement>(null);
  const heat = useRef<HTMLCanvasElement>(null);
  const [explanation, setExplanation] = useState<Explanation | null>(null);
  const [shown, setShown] = useState(true);
  const [asked, version] = [tuner.value, knowledge.value];

  useEffect(() => {
    let wanted = true;
    setExplanation(null);
    const show = async () => {
      if (!asked) return;
      const seen = await asked.preview(input);
      if (wanted) paintView(view.current!, seen);
      const answer = await asked.explain(input);
      if (!wanted) return;
      paintHeat(heat.current!, answer);
      setExplanation(answer);
    };
    show().catch(report);
    return () => void (wanted = false);
  }, [asked, version, input]);

  const where = explanation && hottest(explanation);
  return (
    <div class="heat-map">
      <div class="heat-picture" role="img" aria-label={inspect.picture(where)}>
        <canvas ref={view} />
        <canvas ref={heat} class="heat" hidden={!shown || !explanation} />
      </div>
      <label>
        <input type="checkbox" checked={shown} onChange={() => setShown(!shown)} /> {inspect.show}
      </label>
      <p class="how-to-read">{!explanation ? inspect.wait : where ? inspect.read : inspect.nowhere}</p>
      <p class="heat-answer" aria-live="polite">
        {explanation && inspect.now(explanation.label, explanation.probability)}
      </p>
    </div>
  );
}

function paintView(canvas: HTMLCanvasElement, image: ImageData): void {
  canvas.width = image.width;
  canvas.height = image.height;
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/** One pixel a square; the style sheet makes it large and soft. */
function paintHeat(canvas: HTMLCanvasElement, { side, heat }: Explanation): void {
  canvas.width = canvas.height = side;
  const pen = canvas.getContext("2d")!;
  const most = Math.max(FAINT, ...heat.map(Math.abs));
  heat.forEach((value, square) => {
    pen.fillStyle = `rgba(${value > 0 ? FOR : AGAINST}, ${DENSEST * Math.sqrt(Math.abs(value) / most)})`;
    pen.fillRect(square % side, Math.floor(square / side), 1, 1);
  });
}

/** Which ninth of the picture speaks most for the answer; null if none does. */
function hottest({ side, heat }: Explanation): string | null {
  if (Math.max(...heat) < FAINT) return null;
  const sums = inspect.places.map(() => 0);
  const third = (at: number) => Math.floor((3 * at) / side);
  heat.forEach((value, square) => {
    sums[3 * third(Math.floor(square / side)) + third(square % side)]! += value;
  });
  return inspect.places[sums.indexOf(Math.max(...sums))]!;
}
