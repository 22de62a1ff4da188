// Projects and models through the npm package: what is saved comes back, whatever happens to the worker meanwhile.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./lib/stage.mjs";

const { library } = stage();

/** The largest difference between two lists of probabilities. */
const apart = (a, b) => Math.max(...a.map((p, i) => Math.abs(p - b[i])));

/** Puts a trained tuner on the page, its project, and `ask`, which gives probabilities of classes in the order of their names. */
async function trained(t) {
  const page = await library(t);
  const probabilities = await page.evaluate(async () => {
    const { create, drawing, teach } = globalThis.library;
    const { tuner } = await create({ device: "cpu" });
    await teach(tuner, 4);
    const canvas = new OffscreenCanvas(300, 200);
    const pen = canvas.getContext("2d");
    pen.fillStyle = "teal";
    pen.fillRect(80, 40, 120, 90);
    await tuner.addExamples([1, 2, 3, 4].map(() => ({ label: "picture", input: canvas })));
    const report = await tuner.train({ strategy: "last-block", epochs: 1 }).result;
    const ask = async (other) => {
      const probabilities = [];
      for (const input of [drawing("ring", 7), drawing("line", 7), canvas]) {
        const { ranking } = await other.predict(input);
        ranking.sort((a, b) => (a.label < b.label ? -1 : 1));
        probabilities.push(...ranking.map(({ probability }) => probability));
      }
      return probabilities;
    };
    Object.assign(globalThis, { tuner, ask, report, file: await tuner.save() });
    return ask(tuner);
  });
  return { page, probabilities };
}

test("a project comes back with its drawings, its model and its report; a model alone answers", async (t) => {
  const { page, probabilities } = await trained(t);
  const found = await page.evaluate(async () => {
    const { ask, file, library, report, tuner } = globalThis;
    const { tuner: other } = await library.create({ device: "cpu" });
    await library.teach(other, 1);
    const loaded = await other.load(new Blob([file]));
    const answered = await ask(other);
    const model = await tuner.export({ format: "safetensors" });
    const onnx = await tuner.export({ format: "onnx" });
    const alone = await other.load(model);
    return {
      examples: loaded.examples.map(({ id, label, input }) => ({ id, label, side: input.width ?? null })),
      strokes: loaded.examples[1].input.length,
      labels: loaded.labels,
      phases: loaded.plan.phases.length,
      same: JSON.stringify(loaded.report.phases) === JSON.stringify(report.phases),
      answered,
      sizes: [file, model, onnx].map((bytes) => bytes.length),
      alone: { examples: alone.examples, labels: alone.labels, report: alone.report },
      classes: other.classes(),
      byModel: await ask(other),
      again: (await other.load(file)).examples.length,
    };
  });
  assert.ok(apart(probabilities, found.answered) < 1e-5);
  assert.ok(apart(probabilities, found.byModel) < 1e-5);
  assert.deepEqual(
    found.examples.map(({ label }) => label),
    ["line", "line", "line", "line", "ring", "ring", "ring", "ring", ...Array(4).fill("picture")],
  );
  assert.equal(new Set(found.examples.map(({ id }) => id)).size, 12);
  assert.ok(found.examples.every(({ id, side }, index) => id > 2 && side === (index < 8 ? null : 64)));
  assert.equal(found.strokes, 1);
  assert.deepEqual(found.labels.toSorted(), ["line", "picture", "ring"]);
  assert.ok(found.phases > 0 && found.same);
  assert.ok(
    found.sizes.every((size) => size > 500_000 && size < 5_000_000),
    String(found.sizes),
  );
  assert.deepEqual(found.alone, { examples: [], labels: found.labels, report: null });
  assert.deepEqual(found.classes, []);
  assert.equal(found.again, 12);
});

test("what cannot be loaded is refused in words, and everything stays", async (t) => {
  const { page, probabilities } = await trained(t);
  const found = await page.evaluate(async () => {
    const { ask, file, library, tuner } = globalThis;
    const text = new TextDecoder("latin1").decode(file);
    const newer = file.slice();
    newer[text.indexOf('"version":"1"') + 11] = "8".charCodeAt(0);
    const refusals = [];
    for (const bytes of [
      new Blob(["<!doctype html>"]),
      file.slice(0, -9),
      newer,
      "a path",
      file.buffer.slice(0, 99),
    ]) {
      refusals.push(await library.refusal(tuner.load(bytes)));
    }
    refusals.push(await library.refusal(tuner.export({ format: "zip" })));
    const run = tuner.train({ plan: library.endless });
    run.pause();
    refusals.push(await library.refusal(tuner.load(file)));
    run.stop();
    await run.result.catch(() => {});
    await tuner.load(file);
    return { refusals, classes: tuner.classes(), answered: await ask(tuner) };
  });
  const codes = [
    "unknown-file",
    "damaged-file",
    "newer-file",
    "bad-input",
    "damaged-file",
    "bad-option",
    "busy",
  ];
  assert.deepEqual(
    found.refusals.map(({ code }) => code),
    codes,
  );
  assert.match(found.refusals[2].message, /version 8.*update/);
  assert.equal(found.classes.length, 3);
  assert.ok(apart(probabilities, found.answered) < 1e-5);
});

test("a worker that dies is replaced by one with what was loaded, and what was changed since", async (t) => {
  const { page, probabilities } = await trained(t);
  const ids = await page.evaluate(async () => {
    const { file, library, tuner } = globalThis;
    const { examples } = await tuner.load(file);
    await tuner.renameClass("ring", "a ring");
    await tuner.removeExample(examples[1].id);
    await tuner.moveExample(examples[4].id, "line");
    const added = await tuner.addExample("a ring", library.drawing("ring", 9));
    return [...examples.map(({ id }) => id), added];
  });
  await kill(page);
  const found = await page.evaluate(async () => {
    const { ask, tuner } = globalThis;
    const answered = await ask(tuner);
    const evaluation = await tuner.evaluate();
    const labels = Object.fromEntries(evaluation.answers.map(({ id, label }) => [id, label]));
    return { answered, classes: tuner.classes(), labels };
  });
  // “a ring” comes before “line” now, as it did not before.
  const [line, picture, ring] = [0, 1, 2];
  const before = [0, 3, 6].flatMap((at) => [ring, line, picture].map((index) => probabilities[at + index]));
  assert.ok(apart(before, found.answered) < 1e-5, "the trained model answers");
  assert.deepEqual(found.classes, [
    { label: "line", examples: 4 },
    { label: "a ring", examples: 4 },
    { label: "picture", examples: 4 },
  ]);
  assert.equal(found.labels[ids[4]], "line");
  assert.equal(found.labels[ids[1]], undefined);
  assert.equal(found.labels[ids.at(-1)], "a ring");
});

/** Ends the page's last worker as a trap in the wasm would. */
async function kill(page) {
  await page
    .workers()
    .at(-1)
    .evaluate(() => {
      setTimeout(() => {
        throw new WebAssembly.RuntimeError("unreachable");
      });
    });
}

/** What happens to `line` (the first four examples), `ring` (the next four) and `picture`, and the head that answers then. */
const CHANGES = {
  "examples in exchange for others": {
    head: "linear",
    change: async () => {
      const { library, tuner, ids } = globalThis;
      await tuner.addExample("line", library.drawing("line", 9));
      await tuner.removeExamples(ids.slice(0, 4));
    },
  },
  "examples that change places": {
    head: "linear",
    change: async () => {
      const { tuner, ids } = globalThis;
      await tuner.moveExample(ids[4], "line");
      for (const id of ids.slice(0, 4)) await tuner.moveExample(id, "ring");
    },
  },
  "names that change places": {
    head: "linear",
    change: async () => {
      const { library, tuner } = globalThis;
      await tuner.renameClass("line", "for a moment");
      await tuner.renameClass("ring", "line");
      await tuner.renameClass("for a moment", "ring");
      await tuner.addExample("ring", library.drawing("line", 9));
    },
  },
  "a class that comes and goes": {
    head: "prototype",
    change: async () => {
      const { library, tuner, ids } = globalThis;
      await tuner.addExample("house", library.drawing("line", 9));
      await tuner.renameClass("ring", "a ring");
      await tuner.moveExample(ids[0], "a ring");
      await tuner.removeClass("house");
    },
  },
  "a model alone whose classes get examples": {
    head: "linear",
    change: async () => {
      const { library, tuner, input } = globalThis;
      await tuner.load(await tuner.export({ format: "safetensors" }));
      const lines = Array.from({ length: 20 }, (_, n) => ({
        label: "line",
        input: library.drawing("line", n),
      }));
      await tuner.addExamples([
        ...lines,
        { label: "ring", input: library.drawing("ring", 1) },
        { label: "picture", input },
      ]);
    },
  },
};

test("a successor knows what was trained, or has forgotten it, as the worker before", async (t) => {
  const { page } = await trained(t);
  for (const [what, { head, change }] of Object.entries(CHANGES)) {
    await page.evaluate(async () => {
      globalThis.tuner.dispose();
      const { tuner } = await globalThis.library.create({ device: "cpu" });
      const { examples } = await tuner.load(globalThis.file);
      const ids = examples.map(({ id }) => id);
      Object.assign(globalThis, { tuner, ids, input: examples.at(-1).input });
    });
    await page.evaluate(change);
    const answers = () =>
      page.evaluate(async () => {
        const { ask, library, tuner } = globalThis;
        const { head } = await tuner.predict(library.drawing("ring", 7));
        const { ids, labels } = await tuner.features();
        return { head, probabilities: await ask(tuner), labels: ids.map((id, index) => [id, labels[index]]) };
      });
    const before = await answers();
    assert.equal(before.head, head, what);
    await kill(page);
    const after = await answers();
    assert.ok(apart(before.probabilities, after.probabilities) < 1e-5, what);
    assert.deepEqual({ ...after, probabilities: 0 }, { ...before, probabilities: 0 }, what);
  }
});
