// Everything that is timed, on one page: main.mjs says what runs next.

/** Subjects that are open, by name and device. */
const opened = new Map();
/** Runs of the workload in progress, in the same way. */
const prepared = new Map();
/** What goes into the workload in progress and what has to come out, by doodletune on the CPU. */
let reference;

const bytes = async (url) => {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} is not there`);
  return new Uint8Array(await response.arrayBuffer());
};

globalThis.bench = {
  async workloads() {
    const { default: init, workloads } = await import("/pkg/doodletune_bench.js");
    await init();
    return workloads().map((workload, index) => ({ ...workload, index }));
  },

  /** Loads a library. */
  async open(key, subject, device) {
    const { open } = await import(`./subjects/${subject}.js`);
    opened.set(key, await open(device));
  },

  /**
   * Prepares a workload on doodletune's CPU, for what the others get and have to come to: the milliseconds of that, which are
   * its first run.
   */
  async begin(workload) {
    await bench.end();
    const weights = await bytes(`/models/${workload.weights}`);
    const { open } = await import("./subjects/doodletune.js");
    const cpu = await open("cpu");
    const start = performance.now();
    const run = await cpu.prepare(workload, { weights });
    const output = await run.run();
    const milliseconds = performance.now() - start;
    reference = { weights, input: run.input(), output };
    run.free();
    return milliseconds;
  },

  /** Prepares a workload: milliseconds, or `undefined` where the library cannot do it. */
  async prepare(key, workload) {
    const start = performance.now();
    const run = await opened.get(key).prepare(workload, reference);
    if (!run) return undefined;
    prepared.set(key, { run });
    return performance.now() - start;
  },

  /** Runs once: milliseconds. */
  async run(key) {
    const place = prepared.get(key);
    const start = performance.now();
    const output = await place.run.run();
    const milliseconds = performance.now() - start;
    place.first ??= output;
    place.latest = output;
    return milliseconds;
  },

  /** Whether the latest loss is below the first one. */
  learns(key) {
    const { first, latest } = prepared.get(key);
    return latest[0] < first[0];
  },

  /** How far the first output is from the reference, as a share of its largest value. */
  difference(key) {
    const output = prepared.get(key).first;
    const expected = reference.output;
    if (output.length !== expected.length) return Infinity;
    const largest = expected.reduce((largest, v) => Math.max(largest, Math.abs(v)), 0);
    const away = expected.reduce((away, v, i) => Math.max(away, Math.abs(v - output[i])), 0);
    // A NaN is as far away as can be, which `Math.max` passes on.
    return Number.isFinite(away) ? away / largest : Infinity;
  },

  /** The first answer of a library on this page, with all that it loads: milliseconds. */
  async first(subject, device, workload) {
    const weights = await bytes(`/models/${workload.weights}`);
    const shape = [workload.batch, 3, workload.size, workload.size];
    const input = { values: new Float32Array(shape.reduce((a, b) => a * b)), shape };
    const start = performance.now();
    await bench.open(subject, subject, device);
    await (await opened.get(subject).prepare(workload, { weights, input })).run();
    return performance.now() - start;
  },

  /** Gives back what the workload took. */
  async end() {
    for (const { run } of prepared.values()) run.free?.();
    prepared.clear();
    reference = undefined;
  },
};
