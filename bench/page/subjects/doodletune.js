import init, { Bench } from "/pkg/doodletune_bench.js";

export async function open(device) {
  await init();
  const bench = await Bench.on(device);
  return {
    async prepare(workload, { weights }) {
      const run = await bench.prepare(workload.index, weights);
      return {
        run: () => run.run(),
        input: () => run.input(),
        free: () => run.free(),
      };
    },
  };
}
