// Fault injection: workers die or fall silent, GPUs are lost, and storage is full, refused or cut off, at random and in the middle
// of things. After each round all is as a model of it says.
import { hurry } from "../e2e/lib/clock.mjs";
import { random, shape } from "../e2e/lib/shapes.mjs";
import { Visitor } from "../e2e/lib/visitor.mjs";

/** How often each kind of round comes, of a hundred. */
const KINDS = { died: 46, silent: 12, lost: 12, full: 8, cut: 8, refused: 6, closed: 8 };

/** What is under way when an engine fails. */
const WORKS = ["train", "train", "predict", "add", "saveAndLoad", "evaluate"];

/** How far answers of another device may be apart: it adds up in another order. */
const OTHER_DEVICE = 0.02;

/**
 * Goes through `rounds` rounds, and throws at the first in which something is lost. `kinds` are those of `KINDS` to choose
 * from. Resolves to how often there was what, and how long engines took to come back, in milliseconds.
 */
export async function survive(stage, { rounds, seed, kinds = Object.keys(KINDS), log = () => {} }) {
  const next = random(seed);
  const bag = kinds.flatMap((kind) => Array(KINDS[kind]).fill(kind));
  const count = {};
  const engines = new Engines(stage, next);
  const keeper = new Keeper(stage, next);
  for (let round = 1; round <= rounds; round++) {
    const kind = bag[Math.floor(next() * bag.length)];
    const since = Date.now();
    try {
      const what = kind in keeper.faults ? await keeper.round(kind) : await engines.round(kind);
      count[kind] = (count[kind] ?? 0) + 1;
      log(`round ${round}: ${kind}, ${what}, ${Date.now() - since} ms`);
    } catch (error) {
      throw new Error(`Round ${round} of seed ${seed}, ${kind}: ${error.message}`, { cause: error });
    }
  }
  await engines.close();
  await keeper.close();
  return { count, recoveries: engines.recoveries };
}

/** Tuners whose engines fail. */
class Engines {
  recoveries = { cpu: [], webgpu: [] };
  #stage;
  #next;
  #pages = {};

  constructor(stage, next) {
    this.#stage = stage;
    this.#next = next;
  }

  async round(kind) {
    const page = await this.#page(kind === "lost" ? "webgpu" : "cpu");
    const work = WORKS[Math.floor(this.#next() * WORKS.length)];
    const plan = await page.evaluate(async () => {
      const { pupil } = globalThis;
      for (let edits = pupil.below(4); edits > 0; edits--)
        await pupil[pupil.pick(["add", "remove", "move", "rename", "removeClass"])]();
      await pupil.check();
      return pupil.plan();
    });
    // What it comes to when nothing happens.
    const expected =
      work === "train" ? await page.evaluate((plan) => globalThis.pupil.train(plan), plan) : null;
    const before = await page.evaluate(() => globalThis.pupil.predict());
    const outcome = page.evaluate(([work, plan]) => globalThis.pupil[work](plan), [work, plan]);
    await page.waitForTimeout(300 * this.#next());
    await this.#fail(kind, page);
    // Whoever has had an answer already asks something else.
    const checked = outcome.then(() => page.evaluate(() => globalThis.pupil.check()));
    if (kind === "silent") await this.#miss(page);
    await checked;
    const came = await outcome;
    const same = work !== "add" && (await page.evaluate(() => globalThis.pupil.predict()));
    const device = await page.evaluate(() => globalThis.pupil.tuner.device.kind);
    const most = kind === "lost" ? OTHER_DEVICE : 1e-5;
    const told = `in the middle of ${work}, on ${device}`;
    try {
      if (expected) compare(came.losses, expected.losses, most);
      if (same)
        await page.evaluate(
          ([a, b, most]) => globalThis.endurance.sameAnswer(a, b, most),
          [same, before, most],
        );
    } catch (error) {
      throw new Error(`${told}, ${JSON.stringify(plan)}: ${error.message}`, { cause: error });
    }
    await this.#note(page, kind === "lost" ? "webgpu" : "cpu");
    // Minutes pass, or it would be given up for good.
    await page.clock.fastForward(61_000);
    if (kind === "lost" && device === "cpu") await this.#leave("webgpu");
    return told;
  }

  async close() {
    for (const device of Object.keys(this.#pages)) await this.#leave(device);
  }

  async #page(device) {
    if (this.#pages[device]) return this.#pages[device];
    const page = await this.#stage.plain({ clock: true });
    // Checkpoints are seconds apart, which is longer than most trainings here take.
    page.on("worker", (worker) => worker.evaluate(hurry).catch(() => {})); // it may be gone before
    const seed = Math.floor(this.#next() * 1e6);
    await page.evaluate(
      async ([device, seed]) =>
        (globalThis.pupil = await globalThis.endurance.Pupil.create({ device }, seed)),
      [device, seed],
    );
    return (this.#pages[device] = page);
  }

  async #leave(device) {
    await this.#pages[device].context().close();
    delete this.#pages[device];
  }

  async #fail(kind, page) {
    const worker = page.workers()[0];
    switch (kind) {
      case "died":
        // As a panic in the wasm does.
        return worker.evaluate(() => {
          setTimeout(() => {
            throw new WebAssembly.RuntimeError("unreachable");
          });
        });
      case "silent":
        // As browsers do when memory is short.
        return worker.evaluate(() => {
          setTimeout(() => self.close());
        });
      case "lost":
        return page.evaluate(() => globalThis.pupil.tuner.loseDeviceForTest());
    }
  }

  /** Lets the time pass until a worker that is silent is missed. */
  async #miss(page) {
    const missed = () => globalThis.pupil.statuses.some(({ state }) => state === "restart");
    while (!(await page.evaluate(missed))) await page.clock.fastForward(10_000);
  }

  /** Takes note of how long the engine took to come back. */
  async #note(page, device) {
    const statuses = await page.evaluate(() => globalThis.pupil.statuses.splice(0));
    let since;
    for (const { state, at } of statuses) {
      if (state === "restart") since = at;
      if (state === "ready" && since !== undefined) this.recoveries[device].push(at - since);
    }
  }
}

/** The page, whose storage fails. */
class Keeper {
  faults = { full: true, cut: true, refused: true, closed: true };
  #stage;
  #next;
  #context;
  #visitor;
  /** How many doodles are stored. */
  #stored = 0;

  constructor(stage, next) {
    this.#stage = stage;
    this.#next = next;
  }

  async round(kind) {
    if (!this.#context || this.#stored > 12) await this.#begin();
    const before = this.#stored;
    const drawn = 1 + Math.floor(this.#next() * 2);
    switch (kind) {
      case "full":
      case "cut": {
        await this.#set(kind);
        await this.#draw(drawn);
        await this.#visitor.page.locator(".notice.problem").waitFor();
        const mended = this.#next() < 0.5;
        if (mended) {
          // As soon as there is room, all of it is written.
          await this.#set("");
          await this.#draw(1);
          await this.#written((this.#stored += drawn + 1));
        }
        await this.#reload("");
        await this.#shows(this.#stored);
        return `${drawn} drawn, ${mended ? "kept" : "those before are there"}`;
      }
      case "refused":
        await this.#reload(kind);
        await this.#draw(drawn);
        await this.#reload("");
        await this.#shows(this.#stored);
        return "those before are there";
      case "closed": {
        await this.#draw(drawn);
        await this.#visitor.page.close();
        await this.#open();
        const { page } = this.#visitor;
        await page
          .locator(".gallery .thumbnail")
          .nth(before - 1)
          .waitFor();
        const shown = await page.locator(".gallery .thumbnail").count();
        if (shown < before || shown > before + drawn)
          throw new Error(`${shown} doodles instead of ${before}`);
        this.#stored = shown;
        return `${shown - before} of ${drawn} written`;
      }
    }
  }

  async close() {
    await this.#context?.close();
  }

  async #begin() {
    await this.#context?.close();
    this.#context = await this.#stage.browser.newContext({ serviceWorkers: "block" });
    await this.#context.addInitScript(failing);
    await this.#open();
    this.#stored = 0;
    await this.#draw(2);
    await this.#written((this.#stored = 2));
  }

  async #open() {
    this.#visitor = new Visitor(await this.#context.newPage());
    await this.#visitor.open(`${this.#stage.url}/?device=cpu&size=32`, { ready: false });
  }

  #set(fault) {
    return this.#visitor.page.evaluate((fault) => sessionStorage.setItem("fault", fault), fault);
  }

  async #reload(fault) {
    await this.#set(fault);
    await this.#visitor.page.reload();
    await this.#visitor.page.locator(".sheet canvas").waitFor();
  }

  async #draw(count) {
    const { page } = this.#visitor;
    for (let drawn = 0; drawn < count; drawn++) {
      const shown = await page.locator(".gallery .thumbnail").count();
      await this.#visitor.draw(shape("star", this.#next).filter((_, index) => index % 6 === 0));
      await page.keyboard.press("Enter");
      await page.locator(".gallery .thumbnail").nth(shown).waitFor();
    }
  }

  async #shows(count) {
    const thumbnails = this.#visitor.page.locator(".gallery .thumbnail");
    await thumbnails.nth(count - 1).waitFor();
    const shown = await thumbnails.count();
    if (shown !== count) throw new Error(`${shown} doodles instead of ${count}`);
  }

  /** Waits until so many doodles are stored. */
  async #written(count) {
    await this.#visitor.page.waitForFunction(
      async (count) => (await globalThis.doodlesStored()) === count,
      count,
    );
  }
}

/** Lets storage fail as the session storage says. Runs in the page before its own scripts. */
function failing() {
  const fault = () => sessionStorage.getItem("fault");
  const { put } = IDBObjectStore.prototype;
  const { open } = IDBFactory.prototype;
  IDBObjectStore.prototype.put = function (...entry) {
    if (fault() === "full") throw new DOMException("full", "QuotaExceededError");
    const request = put.apply(this, entry);
    if (fault() === "cut") queueMicrotask(() => this.transaction.abort());
    return request;
  };
  IDBFactory.prototype.open = function (...name) {
    if (fault() === "refused") throw new DOMException("refused", "SecurityError");
    return open.apply(this, name);
  };
  globalThis.doodlesStored = async () => {
    const database = await new Promise((resolve) => {
      const request = open.call(indexedDB, "doodletune");
      request.onsuccess = () => resolve(request.result);
    });
    const get = (key) =>
      new Promise((resolve) => {
        const request = database.transaction("doodles").objectStore("doodles").get(key);
        request.onsuccess = () => resolve(request.result);
      });
    const { current } = (await get("projects")) ?? {};
    const page = await get(`project:${current}`);
    database.close();
    return page?.classes.flatMap(({ doodles }) => doodles).length;
  };
}

function compare(came, expected, most) {
  const apart = Math.max(...came.map((loss, index) => Math.abs(loss - expected[index])));
  if (came.length !== expected.length || !(apart <= most))
    throw new Error(`The training came to the losses ${came} instead of ${expected}.`);
}
