import type { Phase, Schedule } from "../../lib/index.js";

/** Where a rate is drawn: often enough that a step looks like one. */
const POINTS = 120;

/** The rate over a phase as shares of its highest, evenly spaced, as the engine's schedules have it. */
export function rateCurve({ warmUp = 0, schedule = { name: "constant" }, epochs }: Phase): number[] {
  return Array.from({ length: POINTS + 1 }, (_, point) => {
    const done = point / POINTS;
    if (done < warmUp) return (done / warmUp) * factor(schedule, 0, epochs);
    const left = 1 - warmUp;
    return factor(schedule, left > 0 ? (done - warmUp) / left : 0, epochs * left);
  });
}

/** What the rate is multiplied with when the share `done` of so many epochs is over. A plateau's falls cannot be foreseen. */
function factor(schedule: Schedule, done: number, epochs: number): number {
  switch (schedule.name) {
    case "constant":
    case "plateau":
      return 1;
    case "linear":
      return 1 - done;
    case "cosine":
      return halfCosine(1, schedule.end ?? 0, done);
    case "one-cycle": {
      const { rise = 0.3, start = 0.04, end = 1e-4 } = schedule;
      if (done < rise) return halfCosine(start, 1, done / rise);
      return halfCosine(1, end, (done - rise) / (1 - rise));
    }
    case "step": {
      const { every = 10, factor = 0.5 } = schedule;
      return factor ** Math.floor((done * epochs) / every);
    }
  }
}

function halfCosine(start: number, end: number, done: number): number {
  return end + (start - end) * 0.5 * (1 + Math.cos(Math.PI * done));
}
