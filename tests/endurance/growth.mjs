// How the cost grows with the number of drawings, in 30 classes, on the CPU with one worker: adding, training and predicting, and
// the memory. Writes docs/growth.csv and docs/growth.svg.
// node tests/endurance/growth.mjs [--most 1000] [--lite0 1]
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { plot } from "./plot.mjs";
import { options, stage } from "./stage.mjs";

const CLASSES = 30;
const SHARES = [0.1, 0.25, 0.5, 0.75, 1];
const PLOT = {
  along: "drawings",
  unit: "drawings",
  panels: {
    adding: "adding them, s",
    head: "training the head, s",
    epoch: "an epoch of fine-tuning everything, s",
    predicting: "recognising one, ms",
    wasm: "WebAssembly memory, MB",
  },
  label: "Cost by the number of drawings",
};

const { most, lite0 } = options({ most: 1000, lite0: 0 });
const create = lite0 ? { backbone: "efficientnet-lite0", size: 128 } : { backbone: "doodle" };
const { plain, close } = await stage();
const samples = [];
try {
  for (const share of SHARES) {
    const drawings = Math.round(share * most);
    // Memory only grows: each number of drawings begins with none.
    const page = await plain({ cores: 1 });
    const times = await page.evaluate(
      async ({ drawings, classes, create }) => {
        const { DoodleTune, drawing, stars, timed } = globalThis.endurance;
        const tuner = await DoodleTune.create({ device: "cpu", ...create });
        const everything = { phases: [{ train: "everything", epochs: 1, batchSize: 16, rate: 1e-4 }] };
        const adding = await timed(() => tuner.addExamples(stars(drawings, classes)));
        const head = await timed(() => tuner.train({ strategy: "feature-extraction" }).result);
        const epoch = await timed(() => tuner.train({ plan: everything }).result);
        const asked = [];
        for (let n = 0; n < 30; n++) asked.push(await timed(() => tuner.predict(drawing(3 + n, n))));
        return { adding, head, epoch, predicting: 1000 * asked.toSorted((a, b) => a - b)[15] };
      },
      { drawings, classes: CLASSES, create },
    );
    const memory = await page.workers()[0].evaluate(() => globalThis.meter.memory.buffer.byteLength);
    const rounded = Object.entries(times).map(([what, time]) => [what, Math.round(100 * time) / 100]);
    samples.push({ drawings, ...Object.fromEntries(rounded), wasm: Math.round(memory / 1e5) / 10 });
    console.log(JSON.stringify(samples.at(-1)));
    await page.context().close();
  }
} finally {
  await close();
}

const name = lite0 ? "growth-lite0" : "growth";
const file = (ending) => fileURLToPath(new URL(`../../docs/${name}.${ending}`, import.meta.url));
const columns = Object.keys(samples[0]);
const rows = samples.map((sample) => columns.map((column) => sample[column]).join(","));
await writeFile(file("csv"), [columns.join(","), ...rows, ""].join("\n"));
await writeFile(file("svg"), plot(samples, PLOT));
