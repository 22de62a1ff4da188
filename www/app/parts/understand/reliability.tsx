import type { Reliability as Judged } from "../../../lib/index.js";
import type { Insight } from "../../state/insight.js";
import { percent, UNDERSTAND } from "../../words.js";
import { axes, Grid, ticks } from "../axes.js";
import { useWidth } from "../use-width.js";

const { reliability } = UNDERSTAND;
const WHOLE = { from: 0, to: 1 };
const HEIGHT = 300;

/** How sure answers were against how often they were right, as they come and with the temperature. */
export function Reliability({ insight }: { insight: Insight }) {
  const { temperature, before, after } = insight.evaluation.calibration;
  const [figure, width] = useWidth<HTMLElement>(360);
  const scale = axes(Math.min(width, 460), HEIGHT, WHOLE, WHOLE);
  const line = { ...WHOLE, ticks: ticks(WHOLE, 5), format: percent };
  const series: [string, Judged][] = [
    ["before", before],
    ["after", after],
  ];
  const most = Math.max(...series.flatMap(([, { bins }]) => bins.map(({ examples }) => examples)));
  return (
    <section class="reliability panel" aria-labelledby="reliability-title">
      <h3 id="reliability-title">{reliability.title}</h3>
      <p class="how-to-read">{reliability.read}</p>
      <figure ref={figure}>
        <figcaption>{reliability.right}</figcaption>
        <svg
          width={scale.width}
          height={HEIGHT}
          viewBox={`0 0 ${scale.width} ${HEIGHT}`}
          role="img"
          aria-label={series.map(([key, judged]) => `${words(key)}: ${inWords(judged)}`).join("; ")}
        >
          <Grid axes={scale} across={{ ...line, title: reliability.sure }} up={line} />
          <path class="perfect" d={`M${scale.x(0)} ${scale.y(0)}L${scale.x(1)} ${scale.y(1)}`} />
          {series.map(([key, { bins }]) =>
            bins.map(({ examples, confidence, accuracy }) => (
              <circle
                key={`${key}${confidence}`}
                class={key}
                cx={scale.x(confidence)}
                cy={scale.y(accuracy)}
                r={5 + 8 * Math.sqrt(examples / most)}
              >
                <title>{reliability.describe(examples, confidence, accuracy)}</title>
              </circle>
            )),
          )}
        </svg>
      </figure>
      <table>
        <caption>{reliability.error}</caption>
        <tbody>
          {series.map(([key, { error }]) => (
            <tr key={key}>
              <th scope="row">
                <span class={`mark ${key}`} aria-hidden="true" />
                {words(key)}
              </th>
              <td>{percent(error)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="how-to-read">{reliability.correction(temperature, after.error < before.error)}</p>
    </section>
  );
}

function words(key: string): string {
  return key === "before" ? reliability.before : reliability.after;
}

function inWords({ bins }: Judged): string {
  return bins
    .map(({ examples, confidence, accuracy }) => reliability.describe(examples, confidence, accuracy))
    .join(", ");
}
