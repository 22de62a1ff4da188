// Rows as figures and as lines on a terminal.

const COLUMNS = [
  ["workload", 24],
  ["library", 16],
  ["device", 8],
  ["median", 10],
  ["min", 10],
  ["max", 10],
  ["runs", 5],
];

export const header = () =>
  COLUMNS.map(([name, width], index) => (index < 3 ? name.padEnd(width) : name.padStart(width))).join(" ") +
  "  ratio";

/** What was measured of a workload, as rows for --json. */
export function summarised(trials) {
  return trials.map(({ workload, subject, device, times, first, error }) => {
    if (error) return { workload, subject, device, error };
    const sorted = times.toSorted((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
    const round = (milliseconds) => Number(milliseconds.toPrecision(4));
    return {
      workload,
      subject,
      device,
      median_ms: round(median),
      min_ms: round(sorted[0]),
      max_ms: round(sorted.at(-1)),
      runs: times.length,
      first_ms: round(first),
    };
  });
}

const figure = (milliseconds) =>
  `${milliseconds >= 100 ? milliseconds.toFixed(0) : milliseconds.toPrecision(3)} ms`;

/** A row as a line. `best` is the median of the fastest other library on the same device. */
export function line(row, best) {
  const names = [row.workload.padEnd(24), row.subject.padEnd(16), row.device.padEnd(8)];
  if (row.error) return [...names, row.error].join(" ");
  const times = [row.median_ms, row.min_ms, row.max_ms].map((time) => figure(time).padStart(10));
  const ratio = best ? `${(best / row.median_ms).toFixed(1)} x` : "";
  return [...names, ...times, String(row.runs).padStart(5), ` ${ratio}`].join(" ").trimEnd();
}
