/** From values to pixels, and what to write at the axes. */
export interface Axes {
  width: number;
  height: number;
  x: (value: number) => number;
  y: (value: number) => number;
}

export interface Range {
  from: number;
  to: number;
}

const MARGIN = { start: 46, end: 24, top: 12, bottom: 40 };

export function axes(width: number, height: number, across: Range, up: Range): Axes {
  const share = (value: number, { from, to }: Range) => (value - from) / (to - from || 1);
  return {
    width,
    height,
    x: (value) => MARGIN.start + share(value, across) * (width - MARGIN.start - MARGIN.end),
    y: (value) => height - MARGIN.bottom - share(value, up) * (height - MARGIN.top - MARGIN.bottom),
  };
}

/** Round numbers from `from` to `to`, about as many as asked for. */
export function ticks({ from, to }: Range, count: number): number[] {
  const rough = (to - from) / Math.max(1, count);
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

interface GridProps {
  axes: Axes;
  across: Range & { title: string; ticks: number[]; format: (value: number) => string };
  up: Range & { ticks: number[]; format: (value: number) => string };
}

/** Grid lines, numbers and titles. */
export function Grid({ axes: { x, y, width, height }, across, up }: GridProps) {
  return (
    <g class="axes">
      {up.ticks.map((value) => (
        <g key={`y${value}`}>
          <path class="grid" d={`M${x(across.from)} ${y(value)}H${x(across.to)}`} />
          <text x={MARGIN.start - 8} y={y(value) + 4} text-anchor="end">
            {up.format(value)}
          </text>
        </g>
      ))}
      {across.ticks.map((value) => (
        <text key={`x${value}`} x={x(value)} y={height - MARGIN.bottom + 18} text-anchor="middle">
          {across.format(value)}
        </text>
      ))}
      <path class="axis" d={`M${x(across.from)} ${y(up.to)}V${y(up.from)}H${x(across.to)}`} />
      <text class="axis-title" x={width - MARGIN.end} y={height - 4} text-anchor="end">
        {across.title}
      </text>
    </g>
  );
}
