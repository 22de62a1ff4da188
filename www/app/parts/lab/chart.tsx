import type { Strategy } from "../../../lib/index.js";
import { ended, type Contender, type Reading } from "../../state/lab.js";
import { figuresOf, type Figures } from "../../state/learning-curve.js";
import { LAB } from "../../words.js";
import { axes, Grid, ticks } from "../axes.js";
import { useWidth } from "../use-width.js";

export type Across = "rounds" | "seconds";

interface ChartProps {
  title: string;
  contenders: readonly Contender[];
  across: Across;
  /** The one to be seen alone. */
  spotlight: Strategy | null;
  height: number;
  read: (reading: Reading) => number;
  format: (value: number) => string;
  /** The highest value of the axis; by default the highest that there is. */
  top?: number;
  /** Whether start, slope and asymptote are marked. */
  marks?: boolean;
}

/** A strategy looks the same in every race, and kin alike: of those that share a colour, one is dashed. */
const LOOKS: Record<Strategy, string> = {
  auto: "colour-4",
  "feature-extraction": "colour-1",
  full: "colour-0",
  "full-batch-norm": "colour-0 dashed",
  "freeze-then-finetune": "colour-5",
  "gradual-unfreezing": "colour-3",
  "layer-wise": "colour-7",
  "warm-up": "colour-6",
  "lp-ft": "colour-2",
  "last-block": "colour-1 dashed",
  "from-scratch": "control dashed",
  distil: "colour-2 dashed",
};

export function lookOf(strategy: Strategy): string {
  return LOOKS[strategy];
}

/** The readings of all who take part, as lines that grow. */
export function LabChart(props: ChartProps) {
  const { title, contenders, across, spotlight, height, read, format, marks = false } = props;
  const [figure, width] = useWidth<HTMLElement>(600);
  const place = (one: Contender, index: number) =>
    across === "rounds" ? index + 1 : one.readings[index]!.seconds;
  const length = (one: Contender) => {
    const last = one.readings.length - 1;
    const now = last < 0 ? 0 : place(one, last);
    // Those who learn now need room for what is still to come.
    return across === "rounds" && one.state === "learning" ? Math.max(now, one.epochs) : now;
  };
  const values = contenders.flatMap(({ readings }) => readings.map(read)).filter(Number.isFinite);
  const range = {
    across: {
      from: across === "rounds" ? 1 : 0,
      to: Math.max(across === "rounds" ? 2 : 0.1, ...contenders.map(length)),
    },
    up: { from: 0, to: props.top ?? Math.max(0.1, ...values) },
  };
  const scale = axes(width, height, range.across, range.up);
  const whole = (value: number) => across === "seconds" || Number.isInteger(value);
  const unit = across === "rounds" ? LAB.rounds : LAB.seconds;
  return (
    <figure class="lab-chart" ref={figure}>
      <figcaption>{title}</figcaption>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={title}>
        <Grid
          axes={scale}
          across={{
            ...range.across,
            title: unit,
            ticks: ticks(range.across, width / 90).filter(whole),
            format: String,
          }}
          up={{ ...range.up, ticks: ticks(range.up, height / 60), format }}
        />
        {contenders.map((one, lane) => {
          const aside = (lane - (contenders.length - 1) / 2) * Math.min(LANE, ROAD / contenders.length);
          const points = one.readings.map((reading, index): Point => [
            scale.x(place(one, index)),
            scale.y(Math.min(read(reading), range.up.to)) + aside,
          ]);
          const figures = marks && ended(one) ? figuresOf(one.readings.map(read)) : null;
          const dim = spotlight !== null && spotlight !== one.strategy;
          return (
            <g key={one.strategy} class={`curve ${lookOf(one.strategy)}${dim ? " dim" : ""}`}>
              <Line points={points} over={ended(one)} until={scale.x(range.across.to)} />
              {figures && (
                <Marks
                  points={points}
                  figures={figures}
                  height={scale.y(figures.asymptote) + aside}
                  until={scale.x(range.across.to)}
                  named={spotlight === one.strategy}
                />
              )}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

type Point = [number, number];

/** With few drawings many reach the same height: each runs in a lane of its own, so many pixels aside, within a road. */
const [LANE, ROAD] = [2.5, 12];

/** The curve; who has ended stays where it is while others go on. */
function Line({ points, over, until }: { points: readonly Point[]; over: boolean; until: number }) {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return null;
  return (
    <>
      {over && last[0] < until && <path class="after" d={`M${last[0]} ${last[1]}H${until}`} />}
      <path class="line" d={`M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`} />
      {!over && <circle class="runner" cx={last[0]} cy={last[1]} r={5} />}
    </>
  );
}

interface MarksProps {
  points: readonly Point[];
  figures: Figures;
  /** Of the asymptote. */
  height: number;
  until: number;
  named: boolean;
}

/** Where it starts, how steeply it climbs, and the height that it reaches. */
function Marks({ points, figures: { steepUntil }, height, until, named }: MarksProps) {
  const [start, steep, end] = [points[0]!, points[steepUntil]!, points.at(-1)!];
  // Above a curve there is room, but not at the top of the plot.
  const above = (at: number) => (at < 34 ? at + 20 : at - 10);
  return (
    <g class="marks">
      <circle class="start" cx={start[0]} cy={start[1]} r={5} />
      {steepUntil > 0 && <path class="slope" d={`M${start[0]} ${start[1]}L${steep[0]} ${steep[1]}`} />}
      <path
        class="asymptote"
        d={`M${Math.max(end[0] - 9, start[0])} ${height}H${Math.min(end[0] + 9, until)}`}
      />
      {named && (
        <>
          <text x={start[0] + 9} y={start[1] + 16}>
            {LAB.startMark}
          </text>
          {steepUntil > 0 && (
            <text x={(start[0] + steep[0]) / 2 + 8} y={(start[1] + steep[1]) / 2 + 18}>
              {LAB.slopeMark}
            </text>
          )}
          <text x={Math.min(end[0] + 9, until)} y={above(height)} text-anchor="end">
            {LAB.asymptoteMark}
          </text>
        </>
      )}
    </g>
  );
}
