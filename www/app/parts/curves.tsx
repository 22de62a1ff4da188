import type { TrainEvent } from "../../lib/index.js";
import { percent, phaseInWords, TRAIN } from "../words.js";

const WIDTH = 300;
const HEIGHT = 84;

type Reading = (event: TrainEvent) => number | null;

/** Loss and accuracy, epoch by epoch. Room is kept before there is anything to show. */
export function Curves({ events, running }: { events: readonly TrainEvent[]; running: boolean }) {
  // While it runs, the axis is as long as the phase, so that the line grows instead of shrinking together.
  const last = events.at(-1);
  const epochs = Math.max(1, events.length + (running && last ? last.epochs - last.epoch : 0));
  const highest = Math.max(
    0.1,
    ...events.flatMap((e) => [e.loss, e.validationLoss ?? 0]).filter(Number.isFinite),
  );
  return (
    <div class="curves">
      <Chart
        title={TRAIN.right}
        events={events}
        epochs={epochs}
        top={1}
        format={percent}
        learnt={(e) => e.accuracy}
        tested={(e) => (e.refit ? null : e.validationAccuracy)}
      />
      <Chart
        title={TRAIN.loss}
        events={events}
        epochs={epochs}
        top={highest}
        format={(value) => value.toFixed(2)}
        learnt={(e) => e.loss}
        tested={(e) => (e.refit ? null : e.validationLoss)}
      />
      <PhaseStrip events={events} epochs={epochs} />
      <p class="legend" aria-hidden="true">
        <span class="learnt">{TRAIN.learning}</span>
        <span class="tested">{TRAIN.testing}</span>
      </p>
    </div>
  );
}

interface ChartProps {
  title: string;
  events: readonly TrainEvent[];
  /** How many the axis is long. */
  epochs: number;
  top: number;
  format: (value: number) => string;
  learnt: Reading;
  tested: Reading;
}

function Chart({ title, events, epochs, top, format, learnt, tested }: ChartProps) {
  const last = events.at(-1);
  // Nothing is held back any more in the last rounds.
  const lastTested = events.findLast((event) => tested(event) !== null);
  const now = lastTested ? tested(lastTested) : last ? learnt(last) : null;
  const value = now === null ? "–" : format(now);
  return (
    <figure class="chart">
      <figcaption>
        {title} <b>{value}</b>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${value}`}
      >
        <path class="grid" d={`M0 .5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}`} />
        <path class="phase-border" d={borders(events, epochs)} />
        <path class="learnt" d={line(events, learnt, epochs, top)} />
        <path class="tested" d={line(events, tested, epochs, top)} />
      </svg>
    </figure>
  );
}

/** Which phase the curves are in, under where they are in it. */
function PhaseStrip({ events, epochs }: { events: readonly TrainEvent[]; epochs: number }) {
  const starts = phaseStarts(events);
  if (starts.length < 2) return null;
  return (
    <ol class="phase-strip">
      {starts.map((start, index) => {
        const name = phaseInWords(events[start]!);
        const end = starts[index + 1] ?? epochs;
        return (
          <li key={start} style={{ flexGrow: end - start }} title={name}>
            {name}
          </li>
        );
      })}
    </ol>
  );
}

/** With which events a phase begins. */
function phaseStarts(events: readonly TrainEvent[]): number[] {
  return events.flatMap(({ phase, refit }, index) => {
    const before = events[index - 1];
    return before?.phase === phase && before.refit === refit ? [] : index;
  });
}

function borders(events: readonly TrainEvent[], epochs: number): string {
  return phaseStarts(events)
    .slice(1)
    .map((start) => `M${((WIDTH * (start + 0.5)) / epochs).toFixed(1)} 0V${HEIGHT}`)
    .join("");
}

function line(events: readonly TrainEvent[], read: Reading, epochs: number, top: number): string {
  const points = events.flatMap((event, index) => {
    const value = read(event);
    if (value === null || !Number.isFinite(value)) return [];
    const x = (WIDTH * (index + 1)) / epochs;
    const y = 2 + (HEIGHT - 4) * (1 - value / top);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return points.length > 0 ? `M${points.join("L")}` : "";
}
