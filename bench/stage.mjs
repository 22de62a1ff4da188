// A Chromium with the page on which everything is timed.
import { fileURLToPath } from "node:url";
import { launch } from "../tests/e2e/lib/browser.mjs";
import { serve } from "../tests/e2e/lib/server.mjs";

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Longer than this, in milliseconds, nothing is waited for. */
const PATIENCE = 240_000;

export class Stage {
  #server;
  #browser;
  #page;
  #open = new Map();

  static async start() {
    const stage = new Stage();
    const folders = {
      "/pkg/": folder("pkg/"),
      "/models/": folder("../models/"),
      "/node_modules/": folder("node_modules/"),
      "/": folder("page/"),
    };
    // tfjs makes functions of text, which the page of doodletune would not allow.
    stage.#server = await serve(folders, { policy: "script-src 'self' 'unsafe-eval'" });
    stage.#browser = await launch();
    return stage;
  }

  get version() {
    return this.#browser.version();
  }

  /** Calls a function of page.js. What does not come back in time is an error, and takes the page with it. */
  async call(name, ...given) {
    const page = await this.#ready();
    let timer;
    const late = new Promise((_, reject) => {
      const error = Object.assign(new Error(`it did not finish in ${PATIENCE / 1000} s`), { hangs: true });
      timer = setTimeout(() => reject(error), PATIENCE);
    });
    try {
      return await Promise.race([
        page.evaluate(([name, given]) => bench[name](...given), [name, given]),
        late,
      ]);
    } catch (error) {
      if (error.hangs) await this.#leave();
      // The rest is where in the page it came from.
      throw Object.assign(new Error(error.message.split("\n")[0].replace(/^.*?: (Error: )?/, "")), {
        hangs: error.hangs,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Loads a library, once on each page: its name for the device, and why not if it fails. */
  async open({ subject, device }) {
    const key = `${subject} ${device}`;
    if (!this.#open.has(key)) {
      const opening = this.call("open", key, subject, device);
      this.#open.set(
        key,
        await opening.then(
          (name) => ({ name }),
          (error) => ({ error: error.message }),
        ),
      );
    }
    return this.#open.get(key);
  }

  async close() {
    await this.#browser?.close();
    await this.#server?.close();
  }

  async #ready() {
    if (!this.#page) {
      this.#page = await this.#browser.newPage();
      await this.#page.goto(this.#server.url);
      await this.#page.waitForFunction(() => "bench" in globalThis);
    }
    return this.#page;
  }

  async #leave() {
    await this.#page?.close();
    this.#page = undefined;
    this.#open.clear();
  }
}
