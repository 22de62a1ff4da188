// Measuring a workload: everybody in turn, so that whatever disturbs the machine disturbs all alike.

/** Milliseconds that are spent on runs of one subject, unless the fewest take longer. */
const BUDGET = 6_000;
const MOST_RUNS = 30;
const FEWEST_RUNS = 3;
/** One run of so many milliseconds is enough. */
const LONG = 15_000;

/** A row of `times` in milliseconds for each of `rows`, or of the `error` that kept it from having any. */
export async function measure(stage, workload, rows) {
  const failed = new Map();
  for (;;) {
    try {
      return await attempt(stage, workload, rows, failed);
    } catch (error) {
      if (!error.lost || !error.row) throw error;
      // The page is gone: once more, without the one that took it.
      failed.set(error.row, error.message);
    }
  }
}

async function attempt(stage, workload, rows, failed) {
  const measured = [];
  const first = await stage.call("begin", workload);
  for (const row of rows) {
    const trial = { ...row, key: `${row.subject} ${row.device}`, times: [], error: failed.get(row) };
    if (!trial.error && (await guarded(trial, row, () => begin(stage, workload, trial, first))) === false)
      continue;
    measured.push(trial);
  }
  const hungry = ({ times, error }) => {
    const spent = times.reduce((sum, time) => sum + time, 0);
    const enough = times.length >= FEWEST_RUNS ? spent >= BUDGET : spent >= LONG;
    return !error && !enough && times.length < MOST_RUNS;
  };
  while (measured.some(hungry)) {
    for (const trial of measured.filter(hungry)) {
      const row = rows.find(({ subject, device }) => trial.subject === subject && trial.device === device);
      await guarded(trial, row, async () => trial.times.push(await stage.call("run", trial.key)));
    }
  }
  await stage.call("end");
  return measured;
}

/**
 * The first run, with all that has to be compiled for it; `false` where the library cannot do this. That of doodletune on the CPU,
 * the reference, took `reference` milliseconds.
 */
async function begin(stage, workload, trial, reference) {
  await stage.open(trial);
  const preparing = await stage.call("prepare", trial.key, workload);
  if (preparing === undefined) return false;
  const running = await stage.call("run", trial.key);
  // What the others have to do for these, doodletune also does for them.
  if (!["head", "fit", "features"].includes(workload.task))
    trial.first = trial.key === "doodletune cpu" ? reference : preparing + running;
  const difference = await stage.call("difference", trial.key);
  if (difference > workload.tolerance)
    throw new Error(`its result is ${(100 * difference).toPrecision(2)} % off`);
  // All small random heads begin alike: what a step does shows in the next one.
  if (["step", "last-stages"].includes(workload.task)) {
    await stage.call("run", trial.key);
    if (!(await stage.call("learns", trial.key))) throw new Error("its loss does not fall");
  }
  return true;
}

/** An error belongs into the row, unless the page went with it. */
async function guarded(trial, row, work) {
  try {
    return await work();
  } catch (error) {
    if (error.lost) throw Object.assign(error, { row });
    trial.error = error.message;
  }
}
