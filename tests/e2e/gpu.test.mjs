// What is asked of a GPU: no more than every one has, and rarely.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./lib/stage.mjs";

const { library } = stage();

/** The most for one drawing: what it takes today, and a little more. */
const PREDICTION = { dispatches: 18, submissions: 3, written: 5000, readbacks: 1, read: 20_000 };
/** The same with EfficientNet-Lite0, which has five times as many convolutions, and three channels. */
const LARGE_PREDICTION = { dispatches: 56, submissions: 4, written: 15_000, readbacks: 1, read: 25_000 };
/** The most for one step of all weights. Losses are read back once for several of them. */
const STEP = { dispatches: 125, submissions: 8, written: 500, readbacks: 0, read: 0 };

test("a GPU with the least limits that WebGPU allows is enough, and is not asked for much", async (t) => {
  const page = await library(t);
  await page.evaluate(() => (globalThis.clock = true));
  await page.evaluate(poor);
  const { answers, kind, prediction, large, step } = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const { tuner } = await create({ device: "webgpu", worker: false, size: 32 });
    await teach(tuner, 4);
    await tuner.predict(drawing("ring", 5));
    const counted = async (work) => {
      const before = { ...globalThis.asked };
      const result = await work();
      const entries = Object.entries(globalThis.asked);
      return [Object.fromEntries(entries.map(([what, count]) => [what, count - before[what]])), result];
    };
    const [prediction, { label }] = await counted(() => tuner.predict(drawing("ring", 6)));
    const answers = [label, (await tuner.predict(drawing("line", 6))).label];

    // Two epochs of as many drawings differ by their steps only.
    const epoch = (batchSize) =>
      counted(
        () =>
          tuner.train({ plan: { phases: [{ train: "everything", epochs: 1, batchSize }], validation: 0 } })
            .result,
      );
    const [[few], [many]] = [await epoch(4), await epoch(2)];
    const step = Object.fromEntries(Object.keys(few).map((what) => [what, (many[what] - few[what]) / 2]));

    const { tuner: other } = await create({
      backbone: "efficientnet-lite0",
      device: "webgpu",
      worker: false,
      size: 32,
    });
    await teach(other, 1);
    const [large] = await counted(() => other.predict(drawing("ring", 6)));
    return { answers, kind: tuner.device.kind, prediction, large, step };
  });
  t.diagnostic(`a prediction: ${JSON.stringify(prediction)}`);
  t.diagnostic(`a prediction with EfficientNet-Lite0: ${JSON.stringify(large)}`);
  t.diagnostic(`a step: ${JSON.stringify(step)}`);
  assert.equal(kind, "webgpu");
  assert.deepEqual(answers, ["ring", "line"]);
  for (const [name, asked, limits] of [
    ["a prediction", prediction, PREDICTION],
    ["a prediction with EfficientNet-Lite0", large, LARGE_PREDICTION],
    ["a step", step, STEP],
  ])
    for (const [what, most] of Object.entries(limits))
      assert.ok(asked[what] <= most, `${what} of ${name}: ${asked[what]} of at most ${most}`);
});

test("a GPU that has no clock is left for the CPU, in words", async (t) => {
  const page = await library(t);
  await page.evaluate(poor);
  const devices = await page.evaluate(async () => {
    const { create } = globalThis.library;
    const tuners = [await create({ worker: false }), await create({ device: "webgpu", worker: false })];
    return tuners.map(({ tuner }) => tuner.device);
  });
  assert.deepEqual(
    devices.map(({ kind }) => kind),
    ["cpu", "cpu"],
  );
  assert.match(devices[0].candidates[0].problem, /no clock/);
  assert.match(devices[1].reason, /no clock/);
});

test("a GPU that runs out of memory goes on with smaller batches, and says so", async (t) => {
  const page = await library(t);
  const { notices, steps, reason } = await page.evaluate(async () => {
    const { requestDevice } = GPUAdapter.prototype;
    let gpu;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      return (gpu = await requestDevice.apply(this, given));
    };
    const { create, teach } = globalThis.library;
    const { tuner } = await create({ device: "webgpu", worker: false, size: 32 });
    await teach(tuner, 8);
    const phase = { train: "everything", epochs: 3, batchSize: 8 };
    const run = tuner.train({ plan: { phases: [phase], validation: 0 } });
    const [notices, steps] = [[], []];
    for await (const { epoch, notice, steps: all } of run) {
      if (notice) notices.push(notice);
      steps.push(all);
      // As the browser does it, some time after what was too much.
      const error = new GPUOutOfMemoryError("Not enough memory left.");
      if (epoch === 1 && notices.length === 0)
        gpu.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
    }
    return { notices, steps, reason: (await run.result).reason };
  });
  assert.deepEqual([notices.length, reason], [1, "finished"]);
  assert.match(notices[0], /out of memory.*batches of 4/);
  assert.deepEqual(steps, [6, 12, 12]);
});

/** Lets the page's GPU have the least that the specification allows, and counts in `asked` what it is asked for. */
function poor() {
  const least = {
    maxStorageBuffersPerShaderStage: 8,
    maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256,
    maxComputeWorkgroupSizeX: 256,
    maxComputeWorkgroupSizeY: 256,
    maxComputeWorkgroupSizeZ: 64,
    maxStorageBufferBindingSize: 134217728,
    maxBufferSize: 268435456,
    maxBindGroups: 4,
  };
  const { requestDevice } = GPUAdapter.prototype;
  const limits = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, "limits").get;
  Object.defineProperty(GPUAdapter.prototype, "limits", {
    get() {
      return new Proxy(limits.call(this), { get: (real, name) => least[name] ?? real[name] });
    },
  });
  // Without a clock, the GPU is left alone.
  const features = globalThis.clock ? ["timestamp-query"] : [];
  Object.defineProperty(GPUAdapter.prototype, "features", { get: () => new Set(features) });
  GPUAdapter.prototype.requestDevice = function () {
    return requestDevice.call(this, { requiredFeatures: features });
  };

  const asked = (globalThis.asked = { dispatches: 0, submissions: 0, written: 0, readbacks: 0, read: 0 });
  const watch = (kind, name, look) => {
    const method = kind.prototype[name];
    kind.prototype[name] = function (...given) {
      look.call(this, ...given);
      return method.apply(this, given);
    };
  };
  watch(GPUComputePassEncoder, "dispatchWorkgroups", () => asked.dispatches++);
  watch(GPUComputePassEncoder, "dispatchWorkgroupsIndirect", () => asked.dispatches++);
  watch(GPUQueue, "submit", () => asked.submissions++);
  watch(GPUQueue, "writeBuffer", (buffer, offset, data, start, size) => {
    asked.written += size ?? data.byteLength;
  });
  watch(GPUBuffer, "mapAsync", function (mode, offset, size) {
    if (mode !== GPUMapMode.READ) return;
    asked.readbacks++;
    asked.read += size ?? this.size;
  });
}
