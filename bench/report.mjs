// Rows as figures, and as lines on a terminal.

const NAMES = [24, 16, 8];
const FIGURES = [10, 10, 10, 5, 10];

const laid = (names, figures) =>
  [
    ...names.map((text, index) => text.padEnd(NAMES[index])),
    ...figures.map((text, index) => text.padStart(FIGURES[index])),
  ]
    .join(" ")
    .trimEnd();

export const header = () =>
  laid(["workload", "library", "device"], ["median", "min", "max", "runs", "first run"]) +
  "  beside the best other";

/** What was measured of a workload, as rows for --json. */
export function summarised(trials) {
  return trials.map(({ workload, subject, device, times, first, error }) => {
    if (times.length === 0) return { workload, subject, device, error };
    const sorted = times.toSorted((a, b) => a - b);
    const middle = (sorted.length - 1) / 2;
    const row = {
      workload,
      subject,
      device,
      median_ms: round((sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2),
      min_ms: round(sorted[0]),
      max_ms: round(sorted.at(-1)),
      runs: times.length,
    };
    if (first) row.first_ms = round(first);
    // It went wrong after so many runs.
    if (error) row.note = error;
    return row;
  });
}

const round = (milliseconds) => Number(milliseconds.toPrecision(4));

/** Doodletune's rows with how many times as fast they are as the fastest of the others on the same device. */
export function compared(rows) {
  return rows.map((row) => {
    if (row.subject !== "doodletune" || !row.median_ms) return row;
    const others = rows.filter(({ subject, device }) => subject !== row.subject && device === row.device);
    const best = Math.min(...others.map(({ median_ms }) => median_ms ?? Infinity));
    return Number.isFinite(best) ? { ...row, ratio: Number((best / row.median_ms).toPrecision(3)) } : row;
  });
}

const figure = (milliseconds) =>
  milliseconds >= 100 ? milliseconds.toFixed(0) : milliseconds.toPrecision(3);

const time = (milliseconds) => (milliseconds === undefined ? "" : `${figure(milliseconds)} ms`);

/** A row as a line. */
export function line({ workload, subject, device, error, note, ...row }) {
  const names = [workload, subject, device];
  if (error) return `${laid(names, [])} ${error}`;
  if (row.bytes) return laid(names, [`${(row.bytes / 1e3).toFixed(0)} kB`]);
  const figures = laid(names, [
    time(row.median_ms),
    time(row.min_ms),
    time(row.max_ms),
    String(row.runs),
    time(row.first_ms),
  ]);
  return [figures, row.ratio && `${row.ratio} x as fast`, note].filter(Boolean).join("  ");
}

/**
 * Rows as tables of Markdown for docs/performance.md: a line for each workload and device, a column for each library. First
 * runs, which have been compiled for, have a table of their own.
 */
export function markdown(rows) {
  const times = ({ median_ms, min_ms, max_ms }) =>
    `${time(median_ms)} (${figure(min_ms)} to ${figure(max_ms)})`;
  const beside = { title: "beside the best other", of: ({ ratio }) => ratio && `${ratio} x` };
  const all = table(rows, times, [beside]);
  const first = rows.filter(({ first_ms }) => first_ms);
  if (first.length === 0) return all;
  return `${all}\nFirst runs:\n\n${table(first, ({ first_ms }) => time(first_ms))}`;
}

/** Of `cell`s, and of `more` columns with what the first row of a line has to say there. */
function table(rows, cell, more = []) {
  const unique = (field) => [...new Set(rows.map((row) => row[field]))];
  const subjects = unique("subject");
  const content = (row) => {
    if (!row) return "–";
    if (row.error) return row.error;
    return row.bytes ? `${(row.bytes / 1e3).toFixed(0)} kB` : cell(row);
  };
  const lines = unique("device").flatMap((device) =>
    unique("workload").flatMap((workload) => {
      const here = rows.filter((row) => row.workload === workload && row.device === device);
      if (here.length === 0) return [];
      const cells = subjects.map((subject) => content(here.find((row) => row.subject === subject)));
      return [[workload, device, ...cells, ...more.map(({ of }) => here.map(of).find(Boolean) ?? "–")]];
    }),
  );
  const titles = ["workload", "device", ...subjects, ...more.map(({ title }) => title)];
  const row = (cells) => `| ${cells.join(" | ")} |`;
  return [row(titles), row(titles.map(() => "---")), ...lines.map(row), ""].join("\n");
}
