// How much memory learning from many drawings in 30 classes takes at the most, on the CPU with one worker; an error if that is
// more than is promised.
// node tests/endurance/memory.mjs [--drawings 1000]
import { options, stage } from "./stage.mjs";

const CLASSES = 30;
/** The most, in MB. */
const PROMISED = { doodle: 128, "efficientnet-lite0": 512 };
const LARGE = { backbone: "efficientnet-lite0", size: 224 };
/** What is created, and how it is trained: a strategy, for so many epochs, or the first of its phases that trains so many stages. */
const CASES = [
  [{ backbone: "doodle" }, { strategy: "auto" }],
  [{ backbone: "doodle" }, { strategy: "full", epochs: 4 }],
  [LARGE, { strategy: "feature-extraction" }],
  [LARGE, { strategy: "auto", epochs: 2 }],
  [LARGE, { strategy: "gradual-unfreezing", last: 1, epochs: 1 }],
  [LARGE, { strategy: "full", epochs: 2 }],
];

const { drawings } = options({ drawings: 1000 });
const { plain, close } = await stage();
try {
  for (const [network, training] of CASES) {
    // Memory only grows: each begins with none.
    const page = await plain({ cores: 1 });
    const [adding, learning] = await page.evaluate(
      async ({ drawings, classes, network, training: { strategy, last, epochs } }) => {
        const { DoodleTune, stars, timed } = globalThis.endurance;
        const tuner = await DoodleTune.create({ device: "cpu", ...network });
        const adding = await timed(() => tuner.addExamples(stars(drawings, classes)));
        const plan = await tuner.plan(strategy);
        if (last) plan.phases = plan.phases.filter(({ train }) => train.last === last);
        return [adding, await timed(() => tuner.train({ plan, epochs }).result)];
      },
      { drawings, classes: CLASSES, network, training },
    );
    const memory = (await page.workers()[0].evaluate(() => globalThis.meter.memory.buffer.byteLength)) / 1e6;
    const seconds = `${adding.toFixed(1)} s to look at them, ${learning.toFixed(1)} s to train`;
    console.log(`${JSON.stringify({ ...network, ...training })}: ${memory.toFixed(0)} MB, ${seconds}`);
    if (memory > PROMISED[network.backbone]) process.exitCode = 1;
    await page.context().close();
  }
} finally {
  await close();
}
