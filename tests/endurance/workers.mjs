// How long it takes to look at many drawings: with the engine's own worker, and with others that come to help.
// node tests/endurance/workers.mjs [--drawings 100] [--cores 2] [--rounds 7] [--doodle 1]
import { options, stage } from "./stage.mjs";

/** After so long, helpers have gone, and come again in the next round. */
const IDLE_MS = 6_000;

const { drawings, cores, rounds, doodle } = options({ drawings: 100, cores: 2, rounds: 7, doodle: 0 });
const create = doodle ? { backbone: "doodle" } : { backbone: "efficientnet-lite0", size: 128 };
const { plain, close } = await stage();
const times = new Map();
try {
  const pages = new Map();
  for (const count of [1, cores]) {
    const page = await plain({ cores: count });
    await page.evaluate(
      async ([drawings, create]) => {
        const { DoodleTune, stars } = globalThis.endurance;
        const list = stars(drawings, 10);
        const tuner = await DoodleTune.create({ device: "cpu", ...create });
        /** Milliseconds to look at all of them. */
        globalThis.look = async () => {
          const start = performance.now();
          await tuner.addExamples(list);
          const time = performance.now() - start;
          for (const { label } of tuner.classes()) await tuner.removeClass(label);
          return time;
        };
        await globalThis.look();
      },
      [drawings, create],
    );
    pages.set(count, page);
    for (const how of count > 1 ? ["helpers come", "helpers are there"] : ["alone"]) times.set(how, []);
  }
  for (let round = 0; round < rounds; round++) {
    for (const how of times.keys()) {
      const page = pages.get(how === "alone" ? 1 : cores);
      if (how === "helpers come") await page.waitForTimeout(IDLE_MS);
      times.get(how).push(await page.evaluate(() => globalThis.look()));
    }
  }
} finally {
  await close();
}
for (const [how, list] of times) {
  const sorted = list.map(Math.round).toSorted((a, b) => a - b);
  console.log(`${how}: ${sorted[Math.floor(sorted.length / 2)]} ms (${sorted[0]} to ${sorted.at(-1)})`);
}
