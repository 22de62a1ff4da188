// The main job, end to end: draw, train, recognise.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { visit } = stage();

test(
  "on the CPU, five kinds of shapes are learnt from drawings and recognised",
  { timeout: 600_000 },
  async (t) => {
    const kinds = ["circle", "square", "triangle", "star", "spiral"];
    const visitor = await visit(t, "?device=cpu");
    const next = random(1);
    await visitor.nameClasses(kinds);
    await visitor.teach(kinds, 7, next);
    const report = await visitor.train();
    t.diagnostic(report);
    const { right, wrong } = await visitor.examine(kinds, 2, next);
    t.diagnostic(`${right} of 10 recognised`);
    assert.ok(right >= 9, wrong.join(", "));
    assert.equal(await visitor.page.locator(".guess-how").textContent(), "after training");
    assert.deepEqual(visitor.problems, []);
  },
);

test(
  "on WebGPU, three kinds are learnt and recognised, and the device is named",
  { timeout: 900_000 },
  async (t) => {
    const kinds = ["circle", "star", "zigzag"];
    const visitor = await visit(t, "?device=webgpu&size=64", { timeout: 300_000 });
    const device = visitor.page.locator(".device");
    assert.equal(await device.getAttribute("data-device"), "webgpu");
    assert.match(await device.textContent(), /WebGPU in software/);
    const next = random(2);
    await visitor.nameClasses(kinds);
    await visitor.teach(kinds, 4, next);
    t.diagnostic(await visitor.train());
    const first = await visitor.examine(kinds, 3, next);
    const last = await visitor.examine(["star"], 1, next);
    t.diagnostic(`${first.right + last.right} of 10 recognised`);
    assert.ok(first.right + last.right >= 9, [...first.wrong, ...last.wrong].join(", "));
    assert.deepEqual(visitor.problems, []);
  },
);
