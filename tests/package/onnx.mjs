// Exported models in another program: onnxruntime-web says what the package says, of the same pixels.
import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { open, stage } from "./stage.mjs";
import { path } from "./tools.mjs";

const RUNTIME = ["ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm"];

/** How far probabilities may be apart, and of how many drawings each. */
const MOST = 1e-4;
const DRAWINGS = 100;

const HEADS = {
  prototype: null,
  linear: { phases: [{ train: "head", epochs: 1, optimizer: { name: "logistic" } }] },
  "fine-tuned": { phases: [{ train: { last: 1 }, epochs: 1, batchSize: 8 }] },
  hidden: {
    head: { start: "random", hidden: { size: 7, activation: "mish" } },
    phases: [{ train: "head", epochs: 20, rate: 0.01 }],
  },
};

test("onnxruntime-web says the same of exported models", { timeout: 300_000 }, async (t) => {
  const folder = join(stage.out, "onnx");
  await mkdir(folder);
  const runtime = dirname(path("onnxruntime-web"));
  for (const file of RUNTIME) await cp(join(runtime, file), join(folder, file));
  await cp(new URL("onnx.js", import.meta.url), join(folder, "onnx.js"));
  await cp(join(stage.project, "node_modules", "doodletune"), join(folder, "doodletune"), {
    recursive: true,
  });
  await writeFile(
    join(folder, "index.html"),
    '<!doctype html>\n<script type="module" src="onnx.js"></script>\n',
  );
  const { page, complaints } = await open(t, `${stage.server.url}/onnx/index.html`);
  await page.waitForFunction(() => "compare" in globalThis);
  // The same heads come behind the other network: two will do.
  const { prototype, "fine-tuned": tuned } = HEADS;
  for (const [options, heads] of [
    [{ backbone: "doodle", size: 64 }, HEADS],
    [
      { backbone: "efficientnet-lite0", size: 96 },
      { prototype, "fine-tuned": tuned },
    ],
  ]) {
    const found = await page.evaluate((given) => globalThis.compare(...given), [options, heads, DRAWINGS]);
    for (const [head, { apart, sure, classes }] of Object.entries(found)) {
      t.diagnostic(`${options.backbone}, ${head}: ${apart.toExponential(1)} apart on ${DRAWINGS} drawings`);
      assert.ok(apart < MOST, `${options.backbone}, ${head}`);
      assert.ok(sure > 1 / classes + 0.05, `${head} says something: ${sure}`);
    }
  }
  assert.deepEqual(complaints, []);
});
