// How long it takes to look at many drawings, with one worker and with several.
// node tests/endurance/workers.mjs [--drawings 100] [--cores 2] [--size 128] [--rounds 7] [--doodle 1]
import { stage, options } from "./stage.mjs";

const { drawings, cores, size, rounds, doodle } = options({
  drawings: 100,
  cores: 2,
  size: 128,
  rounds: 7,
  doodle: 0,
});
const { plain, close } = await stage();
const backbone = doodle ? "doodle" : "efficientnet-lite0";
const pages = new Map();
for (const count of [1, cores]) {
  const page = await plain({ cores: count });
  await page.evaluate(
    async (options) => {
      const { DoodleTune, drawing } = globalThis.endurance;
      const { drawings, ...rest } = options;
      const list = Array.from({ length: drawings }, (_, n) => ({
        label: `${n % 10}`,
        input: drawing(3 + (n % 10), n),
      }));
      const tuner = await DoodleTune.create({ device: "cpu", ...rest });
      await tuner.addExamples(list.slice(0, 8));
      /** Milliseconds, and what came of it. */
      globalThis.look = async () => {
        const start = performance.now();
        await tuner.addExamples(list);
        const time = performance.now() - start;
        const { values } = await tuner.features();
        for (const { label } of tuner.classes()) await tuner.removeClass(label);
        const digest = await crypto.subtle.digest(
          "SHA-256",
          values.slice(-drawings * ((values.length / 8) | 0)),
        );
        return [time, btoa(String.fromCharCode(...new Uint8Array(digest)))];
      };
    },
    { drawings, backbone, size: doodle ? undefined : size },
  );
  pages.set(count, page);
}
const times = new Map([...pages.keys()].map((count) => [count, []]));
for (let round = 0; round < rounds; round++) {
  for (const [count, page] of pages) {
    const [time, digest] = await page.evaluate(() => globalThis.look());
    times.get(count).push(time);
    console.log(count, Math.round(time), digest.slice(0, 8));
    // Helpers go when there is nothing to do.
    await page.waitForTimeout(round % 2 ? 6000 : 500);
  }
}
for (const [count, list] of times) {
  const sorted = list.toSorted((a, b) => a - b);
  console.log(count, sorted.map(Math.round).join(" "));
}
await close();
