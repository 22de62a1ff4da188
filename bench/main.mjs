// Measures doodletune and the libraries it is compared with, in one page of one headless Chromium.
//   cargo xtask bench [--only TEXT]… [--json FILE]
import { writeFile } from "node:fs/promises";
import { choose, options } from "./options.mjs";
import { header, line, summarised } from "./report.mjs";
import { measure } from "./rounds.mjs";
import { Stage } from "./stage.mjs";

/** `cpu` is WebAssembly on one thread. */
const SUBJECTS = ["doodletune", "onnxruntime-web", "tfjs", "jax-js"];
const DEVICES = ["cpu", "webgpu"];

const { only, json } = options(process.argv.slice(2));
const stage = await Stage.start();
try {
  const workloads = await stage.call("workloads");
  const all = workloads.flatMap(({ name }) =>
    SUBJECTS.flatMap((subject) => DEVICES.map((device) => ({ workload: name, subject, device }))),
  );
  const chosen = choose(all, only);
  console.log(`Chromium ${stage.version}`);
  console.log(header());
  const done = [];
  for (const workload of workloads) {
    const rows = chosen.filter((row) => row.workload === workload.name);
    if (rows.length === 0) continue;
    const summaries = summarised(await measure(stage, workload, rows));
    summaries.forEach((row) => console.log(line(row)));
    done.push(...summaries);
  }
  if (json) await writeFile(json, `${JSON.stringify(done, undefined, 2)}\n`);
} finally {
  await stage.close();
}
