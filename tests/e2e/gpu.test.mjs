// What is asked of a GPU: no more than every one has, and rarely.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./lib/stage.mjs";

const { library, visit } = stage();

/** The most for one drawing: what it takes today, and a little more. */
const PREDICTION = { dispatches: 18, submissions: 3, written: 5000, readbacks: 1, read: 20_000 };
/** The same with EfficientNet-Lite0, which has five times as many convolutions, and three channels. */
const LARGE_PREDICTION = { dispatches: 56, submissions: 4, written: 15_000, readbacks: 1, read: 25_000 };
/** The most for one step of all weights. Losses are read back once for eight of them. */
const STEP = { dispatches: 125, submissions: 8, written: 500, readbacks: 1 / 8, read: 2000 };

test("a GPU with the least limits that WebGPU allows is enough, and is not asked for much", async (t) => {
  const page = await library(t);
  await page.evaluate(() => (globalThis.clock = true));
  await page.evaluate(poor);
  const { answers, kind, prediction, large, step, reasons } = await page.evaluate(async () => {
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

    // Two epochs of as many drawings differ by their steps only, of which one has sixteen more.
    const epoch = (batchSize) =>
      counted(
        () =>
          tuner.train({ plan: { phases: [{ train: "everything", epochs: 1, batchSize }], validation: 0 } })
            .result,
      );
    await teach(tuner, 8);
    const [[few], [many]] = [await epoch(3), await epoch(1)];
    const step = Object.fromEntries(Object.keys(few).map((what) => [what, (many[what] - few[what]) / 16]));

    // What burn's own operations do, what frozen stages make, and files.
    const reasons = [];
    for (const strategy of ["full-batch-norm", "last-block"])
      reasons.push((await tuner.train({ strategy, epochs: 1 }).result).reason);
    await tuner.load(await tuner.save());
    reasons.push((await tuner.predict(drawing("line", 7))).label, (await tuner.evaluate()).answers.length);

    const { tuner: other } = await create({
      backbone: "efficientnet-lite0",
      device: "webgpu",
      worker: false,
      size: 32,
    });
    await teach(other, 1);
    const [large] = await counted(() => other.predict(drawing("ring", 6)));
    return { answers, kind: tuner.device.kind, prediction, large, step, reasons };
  });
  t.diagnostic(`a prediction: ${JSON.stringify(prediction)}`);
  t.diagnostic(`a prediction with EfficientNet-Lite0: ${JSON.stringify(large)}`);
  t.diagnostic(`a step: ${JSON.stringify(step)}`);
  assert.equal(kind, "webgpu");
  assert.deepEqual(answers, ["ring", "line"]);
  assert.deepEqual(reasons, ["finished", "finished", "line", 24]);
  for (const [name, asked, limits] of [
    ["a prediction", prediction, PREDICTION],
    ["a prediction with EfficientNet-Lite0", large, LARGE_PREDICTION],
    ["a step", step, STEP],
  ])
    for (const [what, most] of Object.entries(limits))
      assert.ok(asked[what] <= most, `${what} of ${name}: ${asked[what]} of at most ${most}`);
});

test("what a training has to be compiled for is compiled ahead, and predictions go on meanwhile", async (t) => {
  const page = await library(t);
  const { ahead, again, answered, later, left } = await page.evaluate(async () => {
    const calls = { createComputePipeline: 0, submit: 0 };
    for (const [kind, name] of [
      [GPUDevice, "createComputePipeline"],
      [GPUQueue, "submit"],
    ]) {
      const method = kind.prototype[name];
      kind.prototype[name] = function (...given) {
        calls[name]++;
        return method.apply(this, given);
      };
    }
    const counted = async (work, what = "createComputePipeline") => {
      const before = calls[what];
      await work();
      return calls[what] - before;
    };
    const { create, drawing, teach } = globalThis.library;
    const { tuner } = await create({ device: "webgpu", worker: false, size: 32 });
    // 34 to learn from, which are not cut into batches evenly.
    await teach(tuner, 20);
    const short = { epochs: 2 };
    const fitted = await tuner.plan("last-block");
    const wishes = [
      { strategy: "lp-ft", ...short },
      { plan: { ...fitted, validation: 0.2, refit: true }, ...short },
    ];
    let answered = 0;
    const ahead = await counted(async () => {
      const all = (async () => {
        for (const wish of wishes) await tuner.prepare(wish);
        return "ready";
      })();
      while ((await Promise.race([all, tuner.predict(drawing("ring", 20))])) !== "ready") answered++;
    });
    const again = await counted(() => tuner.prepare(wishes.at(-1)), "submit");
    const later = [];
    for (const wish of wishes) later.push(await counted(() => tuner.train(wish).result));

    // A training ends what prepares another, which is then not done yet.
    const other = { strategy: "full-batch-norm" };
    const preparing = tuner.prepare(other);
    await tuner.train({ strategy: "feature-extraction" }).result;
    await preparing;
    const left = await counted(() => tuner.prepare(other), "submit");
    return { ahead, again, answered, later, left };
  });
  t.diagnostic(`${ahead} pipelines compiled ahead, ${answered} predictions meanwhile`);
  assert.ok(ahead > 20, `${ahead} pipelines`);
  assert.equal(again, 0);
  assert.deepEqual(later, [0, 0]);
  assert.ok(answered > 1, `${answered} predictions`);
  assert.ok(left > 0, "a training ends it");
});

test("a GPU that fails at what nobody waits for still answers", async (t) => {
  const page = await library(t);
  const { refused, kind, label, restarts } = await page.evaluate(async () => {
    const { requestDevice } = GPUAdapter.prototype;
    let gpu;
    GPUAdapter.prototype.requestDevice = async function (...given) {
      return (gpu = await requestDevice.apply(this, given));
    };
    const { create, drawing, refusal, teach } = globalThis.library;
    const { tuner, statuses } = await create({ device: "webgpu", worker: false, size: 32 });
    await teach(tuner, 8);
    const prepare = () => refusal(tuner.prepare({ strategy: "lp-ft" }));
    const [first, broken] = [prepare(), gpu];
    const error = new GPUOutOfMemoryError("Not enough memory left.");
    broken.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
    const refused = [(await first).code, await prepare()];
    const { label } = await tuner.predict(drawing("ring", 9));
    const restarts = statuses.filter(({ state }) => state === "restart").length;
    return { refused, kind: tuner.device.kind, label, restarts };
  });
  assert.deepEqual([refused, kind, label, restarts], [["gpu-error", "no refusal"], "webgpu", "ring", 1]);
});

test("the page has the next training compiled while nobody waits for it", async (t) => {
  const visitor = await visit(t, "?device=cpu", { ready: false });
  const { page } = visitor;
  // The worker's GPU is to be taken for a real one, and to tell of it.
  await page.route("**/assets/worker-*.js", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `(${hardware})();\n${await response.text()}` });
  });
  await visitor.open(page.url().replace("device=cpu", "device=webgpu&size=32"));
  await page.evaluate(() => {
    const gpu = (globalThis.gpu = { compiled: 0, reading: 0, last: performance.now() });
    new BroadcastChannel("gpu").onmessage = ({ data: [what, count] }) => {
      gpu[what] += count;
      gpu.last = performance.now();
    };
  });
  const compiled = () => page.evaluate(() => globalThis.gpu.compiled);
  await page.getByRole("button", { name: "Try with Shapes" }).click();
  await visitor.taught();
  const before = await compiled();
  await page.getByRole("button", { name: /^Expert/ }).click();
  await page.getByLabel("Strategy").selectOption("lp-ft");
  await page.waitForFunction((before) => globalThis.gpu.compiled > before + 20, before, { timeout: 60_000 });
  const idle = () => globalThis.gpu.reading === 0 && performance.now() - globalThis.gpu.last > 2_000;
  await page.waitForFunction(idle, undefined, { timeout: 120_000 });
  const ahead = await compiled();
  await page.getByLabel("Epochs").last().fill("2");
  await page.getByRole("button", { name: "Train like this" }).click();
  await page
    .getByText(/^Learnt from/)
    .first()
    .waitFor({ timeout: 60_000 });
  assert.equal((await compiled()) - ahead, 0);
  assert.deepEqual(visitor.problems, []);
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

/** Makes a GPU that is emulated look like one that is not, and tells of what it compiles and is read. */
function hardware() {
  Object.defineProperty(GPUAdapterInfo.prototype, "isFallbackAdapter", { get: () => false });
  const channel = new BroadcastChannel("gpu");
  const { createComputePipeline } = GPUDevice.prototype;
  GPUDevice.prototype.createComputePipeline = function (...given) {
    channel.postMessage(["compiled", 1]);
    return createComputePipeline.apply(this, given);
  };
  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = function (...given) {
    channel.postMessage(["reading", 1]);
    return mapAsync.apply(this, given).finally(() => channel.postMessage(["reading", -1]));
  };
}

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
