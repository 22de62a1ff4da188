// What is promised in milliseconds: measured when the other tests are over, and nothing else runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random, shape } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { library, visit } = stage();

test(
  "the main thread stays free while the worker looks, trains and guesses",
  { timeout: 300_000 },
  async (t) => {
    const visitor = await visit(t, SMALL);
    await visitor.nameClasses(["circle", "star"]);
    await visitor.page.evaluate(() => {
      globalThis.gaps = [];
      globalThis.long = [];
      new PerformanceObserver((list) =>
        list.getEntries().forEach((e) => globalThis.long.push(e.duration)),
      ).observe({
        type: "longtask",
      });
      // How late the event loop comes back: any task that blocks it shows here.
      let last = performance.now();
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        const now = performance.now();
        globalThis.gaps.push(now - last);
        last = now;
        setTimeout(() => {
          last = performance.now();
          port2.postMessage(0);
        }, 5);
      };
      port2.postMessage(0);
    });
    await visitor.teach(["circle", "star"], 8, random(5));
    await visitor.train();
    await visitor.guess(shape("star", random(6)));
    const { gaps, long } = await visitor.page.evaluate(() => ({
      gaps: globalThis.gaps,
      long: globalThis.long,
    }));
    const sorted = gaps.toSorted((a, b) => a - b);
    const p99 = sorted[Math.floor(sorted.length * 0.99)];
    t.diagnostic(
      `${gaps.length} samples, 99th percentile ${p99.toFixed(1)} ms; long tasks: ${long.map(Math.round)}`,
    );
    assert.ok(gaps.length > 200, "enough samples");
    assert.ok(p99 < 50, `the 99th percentile was ${p99} ms`);
    // A machine under load pauses any task now and then; computing on this thread would do it all the time.
    assert.ok(long.length <= 3 && long.every((duration) => duration < 200), `long tasks: ${long}`);
  },
);

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
