// Where many drawings are to be looked at, other workers help; whatever becomes of them, the features are the same.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { stage } from "./lib/stage.mjs";

const { library } = stage();

/** What the workers in the engine's worker do. */
const CONDUCTS = {
  "a machine with one core has none": { cores: 1, helps: false },
  "they help": { cores: 3, helps: true },
  "they die as soon as they are asked": { cores: 3, helps: false, death: true },
  "their script is not there": { cores: 3, helps: false, script: "/nowhere.js" },
  "a browser has no workers in workers": { cores: 3, helps: false, script: "https://[" },
};

/** Runs in the worker before its own script: a machine on which all takes long, so that help is worth it. */
function prelude({ cores, death, script }) {
  const { now } = performance;
  performance.now = () => 60 * now.call(performance);
  Object.defineProperty(navigator, "hardwareConcurrency", { value: cores });
  globalThis.asked = globalThis.ready = globalThis.helped = 0;
  globalThis.Worker = class extends Worker {
    constructor(address, options) {
      super(script ?? address, options);
      this.addEventListener("message", ({ data: { type, value } }) => {
        if (type === "answer") globalThis[value.device ? "ready" : "helped"]++;
      });
    }
    postMessage(message, transfer) {
      super.postMessage(message, transfer);
      if (message.command.type === "create") return;
      globalThis.asked++;
      if (death) this.dispatchEvent(new ErrorEvent("error", { message: "killed", cancelable: true }));
    }
  };
}

async function lookedAt(t, conduct) {
  const page = await library(t);
  const worker = await readFile(new URL("../../pkg/lib/worker.js", import.meta.url), "utf8");
  const body = `(${prelude})(${JSON.stringify(conduct)});\n${worker}`;
  await page.route("**/pkg/lib/worker.js", (route) =>
    route.fulfill({ contentType: "text/javascript", body }),
  );
  const look = () =>
    page.evaluate(async () => {
      const { create, drawing } = globalThis.library;
      const list = Array.from({ length: 64 }, (_, number) => ({
        label: number % 2 ? "ring" : "line",
        input: drawing(number % 2 ? "ring" : "line", number),
      }));
      globalThis.tuner ??= (await create({ device: "cpu" })).tuner;
      await globalThis.tuner.addExamples(list);
    });
  await look();
  const engine = page.workers()[0];
  const count = () => engine.evaluate(() => ({ asked, ready, helped }));
  // They may come too late for the first time.
  if (conduct.helps || conduct.death)
    while ((await count()).ready + (await count()).asked === 0) await page.waitForTimeout(50);
  await look();
  const features = await page.evaluate(async () => {
    const { tuner } = globalThis;
    const digest = async () => {
      const { values } = await tuner.features();
      return String(new Uint8Array(await crypto.subtle.digest("SHA-256", values)));
    };
    const taught = await digest();
    await tuner.load(await tuner.save());
    return [taught, await digest()];
  });
  return { features, ...(await count()) };
}

test("features are the same to the bit, whoever computes them", { timeout: 120_000 }, async (t) => {
  let expected;
  for (const [name, conduct] of Object.entries(CONDUCTS)) {
    const { features, asked, helped } = await lookedAt(t, conduct);
    expected ??= features[0];
    assert.deepEqual(features, [expected, expected], name);
    assert.equal(helped > 0, conduct.helps, name);
    assert.equal(asked > 0, conduct.helps || !!conduct.death, name);
  }
});
