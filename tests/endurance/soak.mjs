// Soak: two tuners, one a device, are taught, asked, trained, saved and loaded at random for a long time. Nothing may fail, each
// has to know what it should, and the memory has to stay as it is.
// node tests/endurance/soak.mjs [--minutes 45] [--seed 1] [--gpu 1]
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { plot } from "./plot.mjs";
import { options, stage } from "./stage.mjs";

/** So often things are measured. */
const SAMPLE_MS = 10_000;
/** What may grow after that, in MB a series: pools fill up and are emptied. */
const GROWTH = { wasm: 4, heap: 8, buffers: 16, resident: 120 };

const PLOT = {
  along: "minute",
  unit: "min",
  panels: {
    wasm: "WebAssembly memory, MB",
    heap: "JavaScript heap of the page, MB",
    buffers: "GPU buffers, MB",
    resident: "all processes of the browser, MB",
  },
  label: "Memory over time",
};

const { minutes, seed, gpu } = options({ minutes: 45, seed: 1, gpu: 1 });
const { browser, plain, close } = await stage();
const page = await plain();
const devices = gpu ? ["cpu", "webgpu"] : ["cpu"];

await page.evaluate(
  async ({ devices, seed }) => {
    const { Pupil, random } = globalThis.endurance;
    const pupils = [];
    for (const device of devices) pupils.push(await Pupil.create({ device }, seed + pupils.length));
    const next = random(seed);
    const works = {
      add: 6,
      remove: 5,
      move: 2,
      rename: 2,
      removeClass: 1,
      predict: 8,
      train: 2,
      saveAndLoad: 2,
      evaluate: 1,
    };
    const bag = Object.entries(works).flatMap(([work, times]) => Array(times).fill(work));
    const done = {};
    /** Works for so long, mostly on what is quick. */
    globalThis.work = async (milliseconds) => {
      const end = performance.now() + milliseconds;
      while (performance.now() < end) {
        const pupil = pupils[pupils.length > 1 && next() < 0.15 ? 1 : 0];
        const work = bag[Math.floor(next() * bag.length)];
        await pupil[work]();
        done[work] = (done[work] ?? 0) + 1;
        if (next() < 0.1) await pupil.check();
      }
      for (const pupil of pupils) await pupil.check();
      const restarts = pupils.flatMap(({ statuses }) => statuses.filter(({ state }) => state === "restart"));
      if (restarts.length > 0) throw new Error(`It was restarted: ${restarts[0].message}`);
      return { done, examples: pupils.map(({ examples }) => examples.size) };
    };
  },
  { devices, seed },
);

const cdp = await page.context().newCDPSession(page);
const system = await browser.newBrowserCDPSession();
const mega = (bytes) => Math.round(bytes / 1e4) / 100;

/** What everything holds, in MB. */
async function measure() {
  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  const meters = await Promise.all(
    page
      .workers()
      .map((worker) =>
        worker.evaluate(() => ({ ...globalThis.meter, memory: globalThis.meter.memory.buffer.byteLength })),
      ),
  );
  const sum = (of) => meters.reduce((sum, meter) => sum + of(meter), 0);
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  const resident = await Promise.all(processInfo.map(({ id }) => residentOf(id)));
  return {
    wasm: mega(sum(({ memory }) => memory)),
    heap: mega(usedSize),
    buffers: mega(sum(({ bytes }) => bytes)),
    count: sum(({ buffers }) => buffers),
    resident: mega(resident.reduce((sum, bytes) => sum + bytes, 0)),
  };
}

/** The memory of a process, where the system tells it. */
async function residentOf(id) {
  const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
}

const samples = [];
const begun = Date.now();
const folder = fileURLToPath(new URL("../../docs/", import.meta.url));
let done = {};
while (Date.now() - begun < minutes * 60_000) {
  let examples;
  ({ done, examples } = await page.evaluate((time) => globalThis.work(time), SAMPLE_MS));
  const sample = { minute: Math.round((Date.now() - begun) / 600) / 100, ...(await measure()) };
  samples.push({ ...sample, examples: examples.reduce((a, b) => a + b, 0), works: total(done) });
  console.log(JSON.stringify(samples.at(-1)));
}
await close();

const columns = Object.keys(samples[0]);
const rows = samples.map((sample) => columns.map((column) => sample[column]).join(","));
await writeFile(`${folder}soak.csv`, [columns.join(","), ...rows, ""].join("\n"));
await writeFile(`${folder}soak.svg`, plot(samples, PLOT));
console.log(`${total(done)} works in ${minutes} minutes: ${JSON.stringify(done)}`);

// The mean of the last fifth over that of the second: a leak grows, a pool does not.
let grown = false;
for (const [series, most] of Object.entries(GROWTH)) {
  const fifth = (number) => samples.slice((number * samples.length) / 5, ((number + 1) * samples.length) / 5);
  const mean = (list) => list.reduce((sum, sample) => sum + sample[series], 0) / list.length;
  const growth = mean(fifth(4)) - mean(fifth(1));
  console.log(`${series}: ${growth.toFixed(2)} MB more at the end, ${most} allowed`);
  grown ||= growth > most;
}
if (grown) process.exit(1);

function total(counts) {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
