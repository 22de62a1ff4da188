// Leaks: a thousand predictions and a thousand steps of a training on each device. What is held when half of them are done has to
// be all that is held in the end.
// node tests/endurance/leaks.mjs [--count 1000] [--cpu 1] [--gpu 1]
import { Heap } from "./heap.mjs";
import { options, stage } from "./stage.mjs";

/** What may grow in the second half, in MB a series: pools fill up, and the machinery of the browser has its own. */
const GROWTH = { wasm: 0, heap: 1, buffers: 1 };
const STEPS_AN_EPOCH = 4;

const { count, ...on } = options({ count: 1000, cpu: 1, gpu: 1 });
const { plain, close } = await stage();
let leaks = 0;
try {
  for (const device of [on.cpu && "cpu", on.gpu && "webgpu"].filter(Boolean)) {
    const page = await plain();
    const heap = await Heap.of(page);
    await page.evaluate(async (device) => {
      const { DoodleTune, drawing } = globalThis.endurance;
      const tuner = await DoodleTune.create({ device, size: 32 });
      const list = Array.from({ length: 8 }, (_, n) => ({
        label: `${n % 2}`,
        input: drawing(3 + (n % 2), n),
      }));
      await tuner.addExamples(list);
      globalThis.works = {
        async predictions(count) {
          for (let n = 0; n < count; n++) await tuner.predict(drawing(3 + (n % 3), n));
        },
        /** Of one training, which waits in between. */
        async steps(count) {
          globalThis.run ??= tuner.train({ plan: globalThis.plan });
          globalThis.run.resume();
          const target = (globalThis.done ?? 0) + count;
          const epochs = (globalThis.epochs ??= globalThis.run[Symbol.asyncIterator]());
          while ((globalThis.done ?? 0) < target) {
            const { value } = await epochs.next();
            globalThis.done = value.step;
          }
          globalThis.run.pause();
        },
      };
    }, device);
    await page.evaluate((plan) => (globalThis.plan = plan), {
      validation: 0,
      phases: [{ train: "everything", epochs: (2 * count) / STEPS_AN_EPOCH, batchSize: 2, rate: 1e-6 }],
    });
    for (const work of ["predictions", "steps"]) {
      const held = [];
      const since = Date.now();
      // What is needed once is there after a few.
      for (const share of [0.02, 0.48, 0.5]) {
        await page.evaluate(([work, count]) => globalThis.works[work](count), [work, count * share]);
        held.push(await measure(page, heap));
      }
      const seconds = Math.round((Date.now() - since) / 1000);
      console.log(
        `${device}, ${count} ${work} in ${seconds} s: ${held.map((now) => JSON.stringify(now)).join(" ")}`,
      );
      for (const [series, most] of Object.entries(GROWTH)) {
        const growth = held[2][series] - held[1][series];
        if (growth <= most) continue;
        leaks++;
        console.log(`${series} grew by ${growth.toFixed(2)} MB in the second half, ${most} allowed`);
      }
    }
    await page.context().close();
  }
} finally {
  await close();
}
if (leaks > 0) process.exit(1);

/** What the page and its worker hold after their garbage is gone, in MB, and the number of GPU buffers. */
async function measure(page, heap) {
  const used = await heap.used();
  const [worker] = page.workers();
  const { memory, bytes, buffers } = await worker.evaluate(() => ({
    ...globalThis.meter,
    memory: globalThis.meter.memory.buffer.byteLength,
  }));
  const mega = (bytes) => Math.round(bytes / 1e4) / 100;
  return { wasm: mega(memory), heap: mega(used), buffers: mega(bytes), count: buffers };
}
