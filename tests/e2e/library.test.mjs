// The npm package on a plain page, under the strict policy: what it takes, what it refuses, how it stops and recovers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { hurry } from "./lib/clock.mjs";
import { stage } from "./lib/stage.mjs";

const { library } = stage();

test("strokes, points, pixels, canvases, bitmaps and files are all understood", async (t) => {
  const page = await library(t);
  const labels = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64 });
    await teach(tuner, 3);
    const canvas = new OffscreenCanvas(3000, 3000);
    const pen = canvas.getContext("2d");
    pen.lineWidth = 80;
    pen.arc(1500, 1500, 1200, 0, 7);
    pen.stroke();
    const inputs = [
      drawing("ring", 5),
      drawing("line", 5),
      canvas,
      pen.getImageData(0, 0, 3000, 3000),
      await createImageBitmap(canvas),
      await canvas.convertToBlob(),
    ];
    const answers = [];
    for (const input of inputs) answers.push((await tuner.predict(input)).label);
    const preview = await tuner.preview(canvas);
    return { answers, preview: preview.width, classes: tuner.classes() };
  });
  assert.deepEqual(labels.answers, ["ring", "line", "ring", "ring", "ring", "ring"]);
  assert.equal(labels.preview, 64);
  assert.deepEqual(labels.classes, [
    { label: "line", examples: 3 },
    { label: "ring", examples: 3 },
  ]);
});

test("the default network guesses untaught; one without a ready-made head says so", async (t) => {
  const page = await library(t);
  const { backbones, backbone, guess, trained, lite0, refused } = await page.evaluate(async () => {
    const { DoodleTune, create, drawing, refusal, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu" });
    const guess = await tuner.guess(drawing("ring", 5));
    await teach(tuner, 3);
    await tuner.train().result;
    const trained = (await tuner.guess(drawing("ring", 5))).label;
    const { tuner: other } = await create({ device: "cpu", size: 32, backbone: "efficientnet-lite0" });
    return {
      backbones: DoodleTune.backbones,
      backbone: tuner.backbone,
      guess,
      trained,
      lite0: other.backbone,
      refused: await refusal(other.guess(drawing("ring", 5))),
    };
  });
  assert.deepEqual(backbones, ["doodle", "efficientnet-lite0"]);
  assert.deepEqual([backbone.name, backbone.size], ["doodle", 64]);
  assert.ok(backbone.labels.includes(guess.label));
  assert.equal(guess.head, "pretrained");
  assert.equal(guess.ranking.length, backbone.labels.length);
  assert.equal(trained, guess.label);
  assert.deepEqual([lite0.name, lite0.labels], ["efficientnet-lite0", []]);
  assert.equal(refused.code, "no-pretrained-head");
  assert.match(refused.message, /teach two classes/);
});

test("examples can be moved, renamed and removed", async (t) => {
  const page = await library(t);
  const classes = await page.evaluate(async () => {
    const { create, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64 });
    const ids = await teach(tuner, 3);
    await tuner.removeExample(ids[0]);
    await tuner.moveExample(ids[5], "hoop");
    await tuner.renameClass("ring", "circle");
    const before = tuner.classes();
    await tuner.removeClass("circle");
    return [before, tuner.classes()];
  });
  const line = { label: "line", examples: 2 };
  const hoop = { label: "hoop", examples: 1 };
  assert.deepEqual(classes, [
    [line, { label: "circle", examples: 2 }, hoop],
    [line, hoop],
  ]);
});

test("space around a label and undefined options make no difference", async (t) => {
  const page = await library(t);
  const { classes, left, label } = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64 });
    await teach(tuner, 2);
    await tuner.addExample(" ring\n", drawing("ring", 3));
    await tuner.renameClass("ring ", "\thoop");
    await tuner.train({ epochs: 2, seed: undefined }).result;
    const classes = tuner.classes();
    await tuner.addExample("gone", drawing("ring", 4));
    await tuner.removeClass(" gone ");
    const { label } = await tuner.predict(drawing("ring", 5));
    return { classes, left: tuner.classes(), label };
  });
  assert.deepEqual(classes, [
    { label: "line", examples: 2 },
    { label: "hoop", examples: 3 },
  ]);
  assert.deepEqual(left, classes);
  assert.equal(label, "hoop");
});

test("what makes no sense is refused by name", async (t) => {
  const page = await library(t);
  const refusals = await page.evaluate(async () => {
    const { DoodleTune, create, drawing, endless, refusal, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64 });
    const tooFew = await refusal(tuner.predict(drawing("line", 1)));
    await teach(tuner, 2);
    const whileTraining = async (attempt, prepare = () => {}) => {
      const run = tuner.train({ plan: endless });
      prepare(run);
      const outcome = await attempt();
      run.stop();
      await run.result;
      return outcome;
    };
    return {
      tooFew,
      unknownOption: await refusal(create({ colour: "red" })),
      backbone: await refusal(create({ backbone: "resnet" })),
      device: await refusal(create({ device: "abacus" })),
      size: await refusal(create({ device: "cpu", size: 7 })),
      epochs: await refusal(tuner.train({ epochs: "ten" }).result),
      rate: await refusal(tuner.train({ rate: 0.1 }).result),
      seed: await refusal(tuner.train({ seed: -1 }).result),
      strategy: await refusal(tuner.train({ strategy: "newton" }).result),
      planned: await refusal(tuner.plan("newton")),
      plan: await refusal(tuner.train({ plan: [] }).result),
      both: await refusal(tuner.train({ strategy: "full", plan: endless }).result),
      phase: await refusal(tuner.train({ plan: { phases: [{ train: "head", epochs: 1, pace: 1 }] } }).result),
      range: await refusal(
        tuner.train({ plan: { phases: [{ train: "head", epochs: 1, rate: -1 }] } }).result,
      ),
      stage: await refusal(
        tuner.train({ plan: { phases: [{ train: { stages: ["neck"] }, epochs: 1 }] } }).result,
      ),
      teacher: await refusal(tuner.train({ teacher: "Plato" }).result),
      untaught: await refusal(tuner.train({ strategy: "distil" }).result),
      stranger: await refusal(
        tuner.train({
          strategy: "distil",
          teacher: { predict: async () => ({ ranking: [{ label: "dog", probability: 1 }] }) },
        }).result,
      ),
      typed: await refusal(
        tuner.train({ plan: { phases: [endless.phases[0], { train: "head", epochs: 1, rate: "0.01" }] } })
          .result,
      ),
      noNumber: await refusal(
        tuner.train({ plan: { phases: [{ train: "head", epochs: 1, clip: NaN }] } }).result,
      ),
      misspelt: await refusal(tuner.predict(drawing("line", 1), { unfinised: true })),
      pretrained: await refusal(tuner.features({ pretrained: "no" })),
      bytes: await refusal(create({ weights: [8, 3, 0] })),
      nothing: await refusal(DoodleTune.create(null)),
      points: await refusal(
        tuner.addExample("line", [
          [
            [1, 2],
            [3, 4],
            [5, 6],
            [7, 8],
          ],
        ]),
      ),
      list: await refusal(tuner.addExamples("line")),
      ids: await refusal(tuner.removeExamples(null)),
      detached: await refusal(
        (() => {
          const bytes = new Uint8Array(8);
          structuredClone(bytes, { transfer: [bytes.buffer] });
          return tuner.load(bytes);
        })(),
      ),
      empty: await refusal(tuner.addExample("line", [])),
      text: await refusal(tuner.predict("a cat")),
      file: await refusal(tuner.predict(new Blob(["no image"], { type: "image/png" }))),
      label: await refusal(tuner.addExample(7, drawing("line", 1))),
      example: await refusal(tuner.removeExample(99)),
      class: await refusal(tuner.renameClass("dog", "cat")),
      busy: await whileTraining(() => refusal(tuner.train().result)),
      paused: await whileTraining(
        () => refusal(tuner.train().result),
        (run) => run.pause(),
      ),
      aborted: await refusal(tuner.train({ signal: AbortSignal.abort() }).result),
      disposed: await refusal((tuner.dispose(), tuner.predict(drawing("line", 1)))),
    };
  });
  const expected = {
    tooFew: ["too-few-classes", /./],
    unknownOption: ["bad-option", /"colour".*backbone, device, size/],
    backbone: ["bad-option", /backbone is resnet.*"doodle" or "efficientnet-lite0"/],
    device: ["bad-option", /device is abacus.*"auto", "cpu" or "webgpu"/],
    size: ["bad-option", /size/],
    epochs: ["bad-option", /epochs is ten.*whole number/],
    rate: ["bad-option", /"rate".*strategy, plan, epochs, seed, teacher, signal/],
    seed: ["bad-option", /seed is -1.*whole number/],
    strategy: ["bad-option", /strategy is newton.*one of auto, feature-extraction, .*lp-ft.*distil/],
    planned: ["bad-option", /strategy is newton.*one of auto/],
    plan: ["bad-option", /plan is .*must be an object/],
    both: ["bad-option", /strategy and plan exclude each other/],
    phase: ["bad-option", /pace.*expected one of/],
    range: ["bad-option", /rate is -1/],
    stage: ["bad-option", /neck.*stem, stage1/],
    teacher: ["bad-option", /teacher is Plato.*predicts/],
    untaught: ["bad-option", /needs a teacher/],
    stranger: ["bad-option", /must know the same classes/],
    typed: ["bad-option", /plan\.phases\[1\]\.rate: .*"0\.01"/],
    noNumber: ["bad-option", /clip is NaN.*finite/],
    misspelt: ["bad-option", /"unfinised".*unfinished/],
    pretrained: ["bad-option", /pretrained is no.*true or false/],
    bytes: ["bad-option", /weights is .*Array.*Uint8Array/],
    nothing: ["bad-option", /options are null/],
    points: ["bad-input", /Stroke 1 is an array of length 4; .*\[\[x, …\], \[y, …\]\]/],
    list: ["bad-input", /list of \{ label, input \}/],
    ids: ["bad-input", /ids are null.*list/],
    detached: ["bad-input", /cannot be read/],
    empty: ["empty-drawing", /./],
    text: ["bad-input", /a cat.*strokes, ImageData/],
    file: ["bad-input", /not an image/],
    label: ["bad-label", /must be a string/],
    example: ["unknown-example", /99/],
    class: ["unknown-class", /dog/],
    busy: ["busy", /./],
    paused: ["busy", /paused/],
    aborted: ["aborted", /./],
    disposed: ["disposed", /./],
  };
  for (const [what, [code, message]] of Object.entries(expected)) {
    assert.equal(refusals[what].code, code, `${what}: ${JSON.stringify(refusals[what])}`);
    assert.match(refusals[what].message, message, what);
  }
});

test("what a caller does with his own objects meanwhile changes nothing", { timeout: 180_000 }, async (t) => {
  const page = await library(t);
  const found = await page.evaluate(async () => {
    const { create, endless, refusal, teach } = globalThis.library;
    const bytes = new Uint8Array(await (await fetch("/pkg/models/doodle.safetensors")).arrayBuffer());
    const onStatus = () => {
      throw new Error("the listener's own");
    };
    addEventListener("error", (event) => event.preventDefault());
    const creating = create({ device: "cpu", size: 64, weights: bytes, onStatus });
    structuredClone(bytes, { transfer: [bytes.buffer] });
    const { tuner } = await creating;
    await teach(tuner, 4);
    const plan = { phases: [{ train: "head", epochs: 2, rate: 0.001 }] };
    const short = tuner.train({ plan });
    plan.phases[0].epochs = 900;
    const epochs = (await short.result).epochs;
    const long = tuner.train({ plan: endless });
    const refused = tuner.train();
    refused.pause();
    refused.stop();
    const { code } = await refusal(refused.result);
    for await (const event of long) if (event.epoch > 3) break;
    long.stop();
    const { reason } = await long.result;
    return { epochs, code, reason, kind: `${tuner} ${long}` };
  });
  assert.deepEqual(found, {
    epochs: 2,
    code: "busy",
    reason: "stopped",
    kind: "[object DoodleTune] [object TrainRun]",
  });
});

test("Stop stops within 200 ms and keeps the best so far", { timeout: 180_000 }, async (t) => {
  const page = await library(t);
  const { waits, report, head, events } = await page.evaluate(async () => {
    const { create, drawing, endless, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64 });
    await teach(tuner, 10);
    const waits = [];
    let report;
    let events = 0;
    for (let i = 0; i < 5; i++) {
      const run = tuner.train({ plan: endless });
      await run[Symbol.asyncIterator]().next();
      await new Promise((resolve) => setTimeout(resolve, 150 + 37 * i));
      const pressed = performance.now();
      run.stop();
      report = await run.result;
      waits.push(performance.now() - pressed);
      for await (const event of run) events += event.epoch > 0;
    }
    return { waits, report, events, head: (await tuner.predict(drawing("ring", 3))).head };
  });
  t.diagnostic(`stopped after ${waits.map(Math.round).join(", ")} ms`);
  const median = waits.toSorted((a, b) => a - b)[2];
  assert.ok(median < 200, `the median wait was ${median} ms`);
  assert.equal(report.reason, "stopped");
  assert.ok(report.epochs >= 1 && report.accuracy !== null && events >= 5);
  assert.equal(head, "linear");
});

test("an aborted run says so, and its best is kept", async (t) => {
  const page = await library(t);
  const [refused, head] = await page.evaluate(async () => {
    const { create, drawing, endless, refusal, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64 });
    await teach(tuner, 5);
    const abort = new AbortController();
    const run = tuner.train({ plan: endless, signal: abort.signal });
    const refused = refusal(run.result);
    await run[Symbol.asyncIterator]().next();
    abort.abort();
    return [await refused, (await tuner.predict(drawing("ring", 3))).head];
  });
  assert.equal(refused.code, "aborted");
  assert.equal(head, "linear");
});

test("strategies go by name, and their plans can be edited", async (t) => {
  const page = await library(t);
  const { whole, plan, events, edited, labels } = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 32 });
    await teach(tuner, 6);
    const whole = await tuner.train({ strategy: "lp-ft", epochs: 2 }).result;
    const plan = await tuner.plan("lp-ft");
    const [, fineTune] = plan.phases;
    Object.assign(fineTune, { name: "top", train: { last: 1 }, epochs: 3, optimizer: { name: "radam" } });
    const run = tuner.train({ plan, seed: 3 });
    const events = [];
    for await (const event of run) events.push(event);
    const labels = [];
    for (const label of ["line", "ring"]) labels.push((await tuner.predict(drawing(label, 9))).label);
    return { whole, plan, events, edited: await run.result, labels };
  });
  const stages = (report) => report.phases.map(({ phase, stages, epochs }) => [phase, stages, epochs]);
  assert.equal(whole.reason, "finished");
  assert.deepEqual(stages(whole).at(-1), [
    "fine-tune",
    ["stem", "stage1", "stage2", "stage3", "head_conv"],
    2,
  ]);
  assert.equal(plan.phases[0].optimizer.name, "logistic");
  assert.deepEqual(stages(edited).at(-1), ["top", ["head_conv"], 3]);
  assert.equal(edited.evaluation.examples, edited.validationExamples);
  const top = events.filter(({ phase }) => phase === "top");
  assert.deepEqual(
    top.map(({ epoch, epochs, rates }) => [epoch, epochs, rates.map(({ stage }) => stage)]),
    [1, 2, 3].map((epoch) => [epoch, 3, ["head_conv"]]),
  );
  assert.deepEqual(labels, ["line", "ring"]);
});

test("a paused run waits, and goes on to what it would have been", async (t) => {
  const page = await library(t);
  const { whole, resumed, waited, ended } = await page.evaluate(async () => {
    const { create, drawing, refusal, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 32 });
    await teach(tuner, 6);
    const plan = await tuner.plan("lp-ft");
    // Steps enough that a pause falls between two of them.
    Object.assign(plan.phases[1], { epochs: 4, batchSize: 2 });
    const begin = (options) => tuner.train({ plan, ...options });
    const answers = async () => {
      const numbers = Array.from({ length: 4 }, (_, number) => 20 + number);
      const answers = await Promise.all(numbers.map((number) => tuner.predict(drawing("line", number))));
      return answers.map(({ ranking }) => ranking);
    };
    const outcome = async (run) => {
      const { seconds, phases, ...report } = await run.result;
      return [report, phases.map(({ seconds, ...phase }) => phase), await answers()];
    };
    /** A run that waits after its first epoch of fine-tuning, and a count of its events. */
    const paused = async (options) => {
      const run = begin(options);
      for await (const { phase } of run) if (phase === "fine-tune") break;
      run.pause();
      await new Promise((resolve) => setTimeout(resolve, 500));
      return run;
    };
    const sleep = () => new Promise((resolve) => setTimeout(resolve, 700, "nothing"));

    const whole = await outcome(begin());
    const run = await paused();
    run.pause();
    const waited = [
      await Promise.race([run.result, sleep()]),
      (await tuner.predict(drawing("ring", 3))).label,
    ];
    run.resume();
    const resumed = await outcome(run);

    const stopped = await paused();
    stopped.stop();
    stopped.resume();
    const abort = new AbortController();
    const stoppedReport = await stopped.result;
    const aborted = await paused({ signal: abort.signal });
    abort.abort();
    const abortedWith = await refusal(aborted.result);
    const orphan = await paused();
    tuner.dispose();
    return { whole, resumed, waited, ended: [stoppedReport, abortedWith, await refusal(orphan.result)] };
  });
  assert.deepEqual(waited, ["nothing", "ring"]);
  assert.deepEqual(resumed, whole);
  const [stopped, aborted, disposed] = ended;
  assert.equal(stopped.reason, "stopped");
  assert.deepEqual(
    stopped.phases.map(({ phase }) => phase),
    ["solve", "fine-tune"],
    "it tells of the phase that it was in",
  );
  assert.deepEqual([aborted.code, disposed.code], ["aborted", "disposed"]);
});

test("a tuner teaches another", async (t) => {
  const page = await library(t);
  const { report, labels } = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const { tuner: teacher } = await create({ device: "cpu" });
    await teach(teacher, 4);
    await teacher.train().result;
    const { tuner } = await create({ device: "cpu", size: 32 });
    const canvas = new OffscreenCanvas(200, 100);
    const pen = canvas.getContext("2d");
    pen.lineWidth = 4;
    pen.strokeRect(20, 50, 160, 1);
    await teach(tuner, 4);
    await tuner.addExample("line", canvas);
    const report = await tuner.train({ strategy: "distil", epochs: 3, teacher }).result;
    const labels = [];
    for (const label of ["line", "ring"]) labels.push((await tuner.predict(drawing(label, 9))).label);
    return { report, labels };
  });
  assert.equal(report.reason, "finished");
  assert.deepEqual(labels, ["line", "ring"]);
});

test("a run can be stopped, aborted and paused while its teacher is asked", async (t) => {
  const page = await library(t);
  const found = await page.evaluate(async () => {
    const { create, refusal, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 32 });
    await teach(tuner, 3);
    /** A run whose teacher has been asked, and answers when it is told to. */
    const asked = (options) =>
      new Promise((resolve) => {
        const teacher = {
          asked: 0,
          predict: () =>
            new Promise((answer) => {
              teacher.asked++;
              teacher.answer = () =>
                answer({ ranking: ["line", "ring"].map((label) => ({ label, probability: 0.5 })) });
              resolve({ run, teacher });
            }),
        };
        const run = tuner.train({ strategy: "distil", epochs: 1, teacher, ...options });
      });

    const stopped = await asked();
    stopped.run.stop();
    const { reason, epochs } = await stopped.run.result;

    const abort = new AbortController();
    const aborted = await asked({ signal: abort.signal });
    abort.abort();
    const { code } = await refusal(aborted.run.result);

    const paused = await asked();
    paused.run.pause();
    paused.teacher.answer();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const questions = paused.teacher.asked;
    const { predict } = paused.teacher;
    paused.teacher.predict = (input) => {
      const answer = predict(input);
      paused.teacher.answer();
      return answer;
    };
    paused.run.resume();
    const { reason: ending } = await paused.run.result;
    return { reason, epochs, code, questions, ending, all: paused.teacher.asked };
  });
  assert.deepEqual(found, {
    reason: "stopped",
    epochs: 0,
    code: "aborted",
    questions: 1,
    ending: "finished",
    all: 6,
  });
});

test(
  "what a GPU has fine-tuned is saved, exported and loaded, and answers the same on the CPU",
  { timeout: 600_000 },
  async (t) => {
    const page = await library(t);
    const { kind, answers, models, onnx } = await page.evaluate(async () => {
      const { create, drawing, teach } = globalThis.library;
      const { tuner } = await create({ device: "webgpu", size: 32 });
      await teach(tuner, 4);
      const phase = { train: "everything", epochs: 2, batchSize: 4 };
      await tuner.train({ plan: { phases: [phase], validation: 0 } }).result;
      const asked = ["line", "ring"].map((label) => drawing(label, 6));
      const ask = async (one) => {
        const answers = [];
        for (const input of asked) answers.push(await one.predict(input));
        return answers.map(({ label, probability }) => [label, probability]);
      };
      const [project, model] = [await tuner.save(), await tuner.export({ format: "safetensors" })];
      const onnx = (await tuner.export({ format: "onnx" })).length;
      const { tuner: other } = await create({ device: "cpu", size: 32 });
      const answers = [await ask(tuner)];
      for (const file of [project, model]) {
        await other.load(file);
        answers.push(await ask(other));
      }
      return { kind: tuner.device.kind, answers, models: [project.length, model.length], onnx };
    });
    assert.equal(kind, "webgpu");
    const [there, ...here] = answers;
    for (const found of here)
      for (const [index, [label, probability]] of found.entries()) {
        assert.equal(label, there[index][0]);
        assert.ok(Math.abs(probability - there[index][1]) < 1e-3, `${probability} and ${there[index][1]}`);
      }
    // 0.8 million parameters of four bytes.
    assert.ok([...models, onnx].every((length) => length > 3e6));
  },
);

test("unfinished drawings have a head of their own; weights come from any address", async (t) => {
  const page = await library(t);
  const { plain, begun, again } = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const weights = new URL("../pkg/models/doodle.safetensors", location.href);
    const { tuner } = await create({ device: "cpu", size: 64, weights });
    await teach(tuner, 5);
    await tuner.train().result;
    const half = drawing("ring", 6).map((stroke) => stroke.slice(0, stroke.length / 2));
    const ask = async (options) => (await tuner.predict(half, options)).ranking;
    const [plain, begun] = [await ask({}), await ask({ unfinished: true })];
    return { plain, begun, again: await ask({ unfinished: false }) };
  });
  assert.deepEqual(again, plain);
  assert.notDeepEqual(begun, plain);
  assert.equal(begun[0].label, "ring");
});

test("without a worker, the calling thread computes", async (t) => {
  const page = await library(t);
  const { label, reason } = await page.evaluate(async () => {
    const { create, drawing, endless, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu", size: 64, worker: false });
    await teach(tuner, 2);
    const run = tuner.train({ plan: endless });
    run.stop();
    const { reason } = await run.result;
    return { label: (await tuner.predict(drawing("ring", 3))).label, reason };
  });
  assert.equal(label, "ring");
  assert.equal(reason, "stopped");
  assert.equal(page.workers().length, 0);
});

test("code that cannot be fetched is told of once, to whoever asks", async (t) => {
  const page = await library(t);
  const uncaught = [];
  page.on("pageerror", (error) => uncaught.push(String(error)));
  await page.route("**/pkg/lib/engine.js", (route) => route.abort());
  const { code } = await page.evaluate(() => {
    const { create, refusal } = globalThis.library;
    return refusal(create({ device: "cpu", worker: false }));
  });
  assert.equal(code, "worker-died");
  assert.deepEqual(uncaught, []);
});

test("a download that breaks off is not taken for another file", async (t) => {
  const page = await library(t);
  const { code, message, name } = await page.evaluate(async () => {
    const { create, refusal } = globalThis.library;
    const { fetch } = globalThis;
    // What has to be what it should be comes whole or not at all, and no browser says why.
    let again;
    globalThis.fetch = async (url, options) => {
      if (!url.endsWith(".wasm")) return fetch(url, options);
      if (options.integrity) throw new TypeError("Failed to fetch");
      return again(await fetch(url));
    };
    again = ({ headers }) => {
      const body = new ReadableStream({ pull: (stream) => stream.error(new TypeError("network error")) });
      return new Response(body, { headers });
    };
    const { code, message } = await refusal(create({ device: "cpu", worker: false }));
    again = (whole) => whole;
    const { tuner } = await create({ device: "cpu", worker: false });
    return { code, message, name: tuner.backbone.name };
  });
  assert.equal(code, "wasm-missing");
  assert.match(message, /broke off/);
  assert.equal(name, "doodle");
});

test("files with pictures are decoded one after the other, what is drawn on meanwhile before them", async (t) => {
  const page = await library(t);
  const { most, classes, same } = await page.evaluate(async () => {
    const { create } = globalThis.library;
    const { tuner } = await create({ device: "cpu" });
    const canvas = new OffscreenCanvas(300, 300);
    const pen = canvas.getContext("2d");
    pen.fillRect(40, 40, 200, 9);
    const file = await canvas.convertToBlob();
    const { createImageBitmap } = globalThis;
    let [open, most] = [0, 0];
    globalThis.createImageBitmap = async (source) => {
      most = Math.max(most, ++open);
      const bitmap = await createImageBitmap(source);
      const { close } = bitmap;
      bitmap.close = () => (open--, close.call(bitmap));
      return bitmap;
    };
    const inputs = [file, file, file, canvas];
    const adding = tuner.addExamples(inputs.map((input) => ({ label: "bar", input })));
    pen.clearRect(0, 0, 300, 300);
    await adding;
    const { values, length } = await tuner.features();
    const [first, last] = [values.slice(0, length), values.slice(3 * length)];
    return { most, classes: tuner.classes(), same: first.every((value, index) => value === last[index]) };
  });
  assert.deepEqual(
    { most, classes, same },
    { most: 1, classes: [{ label: "bar", examples: 4 }], same: true },
  );
});

test("pixels are read once, and move without a copy", async (t) => {
  const page = await library(t);
  await page.evaluate(async () => {
    const { create, teach } = globalThis.library;
    const sent = [];
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (request, transfer) {
      post.call(this, request, transfer);
      const { input, examples } = request.command;
      for (const { data } of [input ?? {}, ...(examples ?? []).map(({ input }) => input)]) {
        if (data) sent.push([request.command.type, data.byteLength]);
      }
    };
    const { tuner } = await create({ device: "cpu", size: 64 });
    await teach(tuner, 2);
    Object.assign(globalThis, { tuner, sent });
  });
  await page.workers()[0].evaluate(() => {
    const post = postMessage;
    globalThis.moved = [];
    globalThis.postMessage = (event, options) => {
      post(event, options);
      if (event.type === "answer")
        globalThis.moved.push(options.transfer.map(({ byteLength }) => byteLength));
    };
  });
  const { sent, left, again } = await page.evaluate(async () => {
    const { tuner, sent } = globalThis;
    const pixels = new ImageData(64, 64);
    for (let i = 0; i < pixels.data.length; i++) pixels.data[i] = i % 4 === 3 || i % 259 < 30 ? 255 : 0;
    await tuner.predict(pixels);
    await tuner.preview(pixels);
    await tuner.addExample("line", pixels);
    return { sent, left: pixels.data.byteLength, again: (await tuner.predict(pixels)).label };
  });
  assert.deepEqual(sent, [
    ["predict", 0],
    ["preview", 0],
    ["add", 64 * 64 * 4], // which stays here too, to be taught to the next worker
    ["predict", 0],
  ]);
  assert.deepEqual([left, again], [64 * 64 * 4, "line"]);
  assert.deepEqual(await page.workers()[0].evaluate(() => globalThis.moved), [[], [0], [], []]);
});

test("a worker that dies is replaced, with its examples and under the same ids", async (t) => {
  const page = await library(t);
  await page.evaluate(async () => {
    const { create, teach } = globalThis.library;
    const { tuner, statuses } = await create({ device: "cpu", size: 64 });
    Object.assign(globalThis, { tuner, statuses, ids: await teach(tuner, 4) });
  });
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await kill(page);
  const after = await page.evaluate(async () => {
    const { library, tuner, statuses, ids } = globalThis;
    const { label } = await tuner.predict(library.drawing("ring", 3));
    await tuner.removeExample(ids[0]);
    return { label, classes: tuner.classes(), restarts: statuses.filter(({ state }) => state === "restart") };
  });
  assert.equal(after.label, "ring");
  assert.equal(after.classes[0].examples, 3);
  const large = asked.filter((path) => /\.(wasm|safetensors)$/.test(path));
  assert.deepEqual(large, [], "what was fetched and compiled is not again");
  assert.match(after.restarts[0].message, /restarted.*drawings are safe/);

  const learnt = () =>
    page.evaluate(async () => {
      const { library, tuner, ids } = globalThis;
      const { head, ranking } = await tuner.predict(library.drawing("ring", 3));
      const { examples, answers } = await tuner.evaluate();
      return { head, ranking, examples, ids: answers.map(({ id }) => ids.indexOf(id)).toSorted() };
    });
  await page.evaluate(() => globalThis.tuner.train({ strategy: "feature-extraction" }).result);
  const before = await learnt();
  await kill(page);
  assert.deepEqual(await learnt(), before, "what was trained is known to the next one");
  assert.equal(before.head, "linear");
});

test("a tuner can be disposed of by whoever hears that its worker has died", async (t) => {
  const page = await library(t);
  await page.evaluate(async () => {
    const { DoodleTune, endless, refusal, teach } = globalThis.library;
    const heard = [];
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        heard.push("a worker");
      }
    };
    const tuner = await DoodleTune.create({
      device: "cpu",
      size: 32,
      onStatus({ state }) {
        heard.push(state);
        if (state === "restart") tuner.dispose();
      },
    });
    await teach(tuner, 2);
    const asked = refusal(tuner.train({ plan: endless }).result);
    Object.assign(globalThis, { tuner, heard, asked });
  });
  await kill(page);
  const { codes, heard } = await page.evaluate(async () => {
    const { library, tuner, heard, asked } = globalThis;
    const refused = [await asked, await library.refusal(tuner.predict(library.drawing("ring", 3)))];
    return { codes: refused.map(({ code }) => code), heard: heard.slice(heard.indexOf("restart")) };
  });
  assert.deepEqual(codes, ["disposed", "disposed"]);
  assert.deepEqual(heard, ["restart"], "no worker comes after it");
});

test("a training whose worker dies goes on to what it would have come to", async (t) => {
  const page = await library(t);
  await page.evaluate(() => {
    globalThis.heard = [];
    globalThis.Worker = class extends Worker {
      constructor(...given) {
        super(...given);
        const counts = { epoch: 0, checkpoint: 0 };
        globalThis.heard.push(counts);
        this.addEventListener("message", ({ data: { type } }) => counts[type]++);
      }
    };
  });
  const begin = () =>
    page.evaluate(async () => {
      const { create, drawing, teach } = globalThis.library;
      globalThis.tuner?.dispose();
      const { tuner, statuses } = await create({ device: "cpu", size: 32 });
      // The first class has no longer the first example.
      const ids = await teach(tuner, 6);
      for (let number = 6; number < 11; number++) await tuner.addExample("line", drawing("line", number));
      await tuner.removeExamples(ids.slice(0, 6));
      Object.assign(globalThis, { tuner, statuses, epochs: 0, heard: globalThis.heard.slice(-1) });
    });
  const train = (plan) =>
    page.evaluate(async (plan) => {
      const { library, tuner } = globalThis;
      const run = tuner.train({ plan: plan ?? library.endless, seed: 5 });
      const epochs = [];
      const losses = [];
      try {
        for await (const { epoch, loss } of run) {
          epochs.push(epoch);
          losses.push(loss);
          globalThis.epochs = epochs.length;
        }
      } catch (error) {
        return { code: error.code, message: error.message };
      }
      const { ranking } = await tuner.predict(library.drawing("ring", 3));
      return { epochs, losses, ranking };
    }, plan);
  const trained = (count) => page.waitForFunction((count) => globalThis.epochs >= count, count);
  const plan = { phases: [{ train: { last: 2 }, epochs: 30 }] };

  await begin();
  const whole = await train(plan);
  assert.equal(whole.epochs.length, 30);
  await begin();
  // Checkpoints are seconds apart, by the worker's clock.
  await page.workers()[0].evaluate(hurry);
  const interrupted = train(plan);
  await page.waitForFunction(() => globalThis.epochs >= 3 && globalThis.heard[0].checkpoint >= 2);
  await kill(page);
  const { epochs, losses, ranking } = await interrupted;
  assert.deepEqual(epochs, whole.epochs);
  const [first, second] = await page.evaluate(() => globalThis.heard);
  assert.ok(
    first.epoch >= 3 && second.epoch < 30,
    `not from the start: ${first.epoch}, then ${second.epoch}`,
  );
  // But for rounding: features that are computed together are added up in another order.
  assert.ok(losses.every((loss, index) => Math.abs(loss - whole.losses[index]) < 1e-6));
  assert.ok(
    ranking.every(
      ({ probability }, index) => Math.abs(probability - whole.ranking[index].probability) < 1e-5,
    ),
  );
  assert.equal(
    await page.evaluate(() => globalThis.statuses.filter(({ state }) => state === "restart").length),
    1,
  );

  // What has killed two is not given to a third.
  await begin();
  const deadly = train();
  await trained(1);
  await kill(page);
  await page.waitForFunction(() => globalThis.statuses.filter(({ state }) => state === "ready").length === 2);
  await kill(page);
  const lost = await deadly;
  assert.equal(lost.code, "worker-died");
  assert.match(lost.message, /drawings are safe/);
  const label = await page.evaluate(async () => {
    const { library, tuner } = globalThis;
    return (await tuner.predict(library.drawing("line", 3))).label;
  });
  assert.equal(label, "line");
});

test("a GPU that is lost twice is left for the CPU, with a word", { timeout: 600_000 }, async (t) => {
  const page = await library(t);
  const { kinds, labels, statuses, reason, ending } = await page.evaluate(async () => {
    const { create, drawing, endless, teach } = globalThis.library;
    const { tuner, statuses } = await create({ device: "webgpu", size: 64 });
    await teach(tuner, 2);
    const kinds = [tuner.device.kind];
    const labels = [];
    const run = tuner.train({ plan: endless });
    for (let i = 0; i < 2; i++) {
      await tuner.loseDeviceForTest();
      labels.push((await tuner.predict(drawing("ring", 3))).label);
      kinds.push(tuner.device.kind);
    }
    run.stop();
    const { reason: ending } = await run.result;
    return { kinds, labels, statuses, reason: tuner.device.reason, ending };
  });
  assert.deepEqual(kinds, ["webgpu", "webgpu", "cpu"]);
  assert.deepEqual(labels, ["ring", "ring"]);
  assert.match(reason, /the CPU has taken over/);
  assert.equal(ending, "stopped", "the training has gone on");
  assert.ok(statuses.some(({ state, message }) => state === "restart" && /CPU has taken over/.test(message)));
});

/** Ends the page's worker as a trap in the wasm would. */
async function kill(page) {
  await page.workers()[0].evaluate(() => {
    setTimeout(() => {
      throw new WebAssembly.RuntimeError("unreachable");
    });
  });
}

test("answers, features, explanations and variations speak of one's own examples", async (t) => {
  const page = await library(t);
  const found = await page.evaluate(async () => {
    const { DoodleTune } = globalThis.library;
    const tuner = await DoodleTune.create({ device: "cpu" });
    const line = (x, y) => [
      [
        [0, x],
        [0, y],
      ],
    ];
    const gone = await tuner.addExample("flat", line(100, 5));
    const examples = [1, 2, 3, 4].flatMap((n) => [
      { label: "flat", input: line(100, 4 * n) },
      { label: "steep", input: line(4 * n, 100) },
    ]);
    const ids = await tuner.addExamples(examples);
    await tuner.removeExample(gone);
    const plan = { phases: [{ train: "head", epochs: 2, rate: 0.004 }], validation: 0.34 };
    const { evaluation } = await tuner.train({ plan }).result;
    const crossValidated = await tuner.evaluate();
    const features = await tuner.features();
    const explanation = await tuner.explain(line(100, 3));
    const [prediction, views] = [
      await tuner.predict(line(100, 3)),
      await tuner.vary(line(9, 100), { strokes: { rotation: 30 } }, 3),
    ];
    const refusal = await tuner.vary(line(9, 100), {}, 0).catch(({ code }) => code);
    const auto = await tuner.plan("lp-ft");
    tuner.dispose();
    return {
      ids,
      answers: crossValidated.answers,
      heldOut: evaluation.answers.map(({ id }) => id),
      features: { ...features, values: features.values.length },
      explanation: { ...explanation, heat: [...explanation.heat] },
      prediction,
      views: views.map(({ width, height, data }) => ({
        width,
        height,
        sum: data.reduce((a, b) => a + b, 0),
      })),
      refusal,
      rates: auto.phases.map(({ rate }) => rate),
    };
  });
  const { ids, answers, heldOut, features, explanation, prediction, views } = found;
  assert.deepEqual(
    answers.map(({ id }) => id).toSorted((a, b) => a - b),
    ids,
  );
  for (const { id, label } of answers) assert.equal(label, ids.indexOf(id) % 2 ? "steep" : "flat");
  assert.ok(heldOut.length > 0 && heldOut.every((id) => ids.includes(id)));
  assert.deepEqual(features.ids, ids);
  assert.equal(features.values, ids.length * features.length);
  assert.equal(explanation.label, prediction.label);
  assert.equal(explanation.heat.length, explanation.side ** 2);
  assert.ok(explanation.heat.some((heat) => heat !== 0));
  assert.equal(new Set(views.map(({ sum }) => sum)).size, 3, "three views, three pictures");
  assert.equal(views[0].width, 64);
  assert.equal(found.refusal, "bad-option");
  assert.ok(
    found.rates.every((rate) => String(rate).length < 8),
    `${found.rates}`,
  );
});
