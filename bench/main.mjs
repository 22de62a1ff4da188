// Measures doodletune and the libraries it is compared with, in one page of one headless Chromium.
//   cargo xtask bench [--only TEXT]… [--json FILE] [--markdown FILE]
import { writeFile } from "node:fs/promises";
import { choose, options } from "./options.mjs";
import { compared, header, line, markdown, summarised } from "./report.mjs";
import { measure } from "./rounds.mjs";
import { Stage } from "./stage.mjs";
import { payload, start } from "./start.mjs";

/** `cpu` is WebAssembly on one thread. */
const SUBJECTS = ["doodletune", "onnxruntime-web", "tfjs", "jax-js"];
const DEVICES = ["cpu", "webgpu"];

/** What is measured on pages of their own, by this workload. */
const [START, PAYLOAD, FIRST] = ["first answer 1x128", "payload, brotli", "forward 1x128"];

const { only, json, markdown: table } = options(process.argv.slice(2));
const stage = await Stage.start();
try {
  const workloads = await stage.call("workloads");
  const names = [...workloads.map(({ name }) => name), START, PAYLOAD];
  const everything = names.flatMap((workload) =>
    SUBJECTS.flatMap((subject) => DEVICES.map((device) => ({ workload, subject, device }))),
  );
  const chosen = choose(everything, only);
  const of = (name) => chosen.filter(({ workload }) => workload === name);

  console.log(`Chromium ${stage.version}`);
  console.log(header());
  const done = [];
  const report = async (rows) => {
    done.push(...rows);
    for (const row of rows) console.log(line(row));
    // Now, and not after hours.
    if (json) await writeFile(json, `${JSON.stringify(done, undefined, 2)}\n`);
    if (table) await writeFile(table, markdown(done));
  };
  for (const workload of workloads) {
    const rows = of(workload.name);
    if (rows.length > 0) await report(compared(summarised(await measure(stage, workload, rows))));
  }
  const first = workloads.find(({ name }) => name === FIRST);
  const [starts, payloads] = [of(START), of(PAYLOAD)];
  if (starts.length > 0) {
    await report(compared(summarised(await start(stage, first, starts))));
  }
  if (payloads.length > 0) {
    await report(await payload(await start(stage, first, payloads, 1), PAYLOAD));
  }
} finally {
  await stage.close();
}
