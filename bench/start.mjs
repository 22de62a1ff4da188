// The first answer on a fresh page: loading, compiling and computing, with nothing that an earlier visit has left.
import { compressed } from "../xtask/compressed.mjs";

const ROUNDS = 7;

/** A trial of `times` and of the `files` that were loaded for each of `rows`, in turn. */
export async function start(stage, workload, rows, rounds = ROUNDS) {
  const trials = rows.map((row) => ({ ...row, times: [], files: [] }));
  for (let round = 0; round < rounds; round++) {
    for (const trial of trials.filter(({ error }) => !error)) {
      try {
        const { milliseconds, files } = await stage.alone(trial, workload);
        trial.times.push(milliseconds);
        trial.files = files;
      } catch (error) {
        trial.error = error.message;
      }
    }
  }
  return trials;
}

/** Rows of what those files weigh, compressed by brotli. */
export async function payload(trials, workload) {
  const weighed = async ({ subject, device, files, error }) => {
    if (error) return { workload, subject, device, error };
    const sizes = await Promise.all(files.map((file) => compressed(file)));
    return { workload, subject, device, bytes: sizes.reduce((sum, { brotli }) => sum + brotli, 0) };
  };
  const rows = [];
  // One after the other: each takes all the memory that brotli wants.
  for (const trial of trials) rows.push(await weighed(trial));
  return rows;
}
