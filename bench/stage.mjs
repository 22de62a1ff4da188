// A Chromium with the page on which everything is timed.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../tests/e2e/lib/browser.mjs";
import { serve } from "../tests/e2e/lib/server.mjs";

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

/** What is measured, and what it is measured by. */
const SUBJECTS = { "/pkg/": folder("pkg/"), "/node_modules/": folder("node_modules/") };
const FOLDERS = { ...SUBJECTS, "/models/": folder("../models/"), "/": folder("page/") };

/** Longer than this, in milliseconds, nothing is waited for. */
const PATIENCE = 180_000;

export class Stage {
  #server;
  #browser;
  #page;
  #open = new Map();

  static async start() {
    const stage = new Stage();
    // tfjs makes functions of text, which the page of doodletune would not allow.
    stage.#server = await serve(FOLDERS, { policy: "script-src 'self' 'unsafe-eval'" });
    stage.#browser = await launch();
    return stage;
  }

  get version() {
    return this.#browser.version();
  }

  /** Calls a function of page.js. */
  async call(name, ...given) {
    this.#page ??= await this.#visit(this.#browser);
    return this.#evaluate(this.#page, name, given);
  }

  /** Loads a library, once on a page: why not, if it fails. */
  async open({ subject, device }) {
    const key = `${subject} ${device}`;
    if (!this.#open.has(key)) {
      const opening = this.call("open", key, subject, device);
      this.#open.set(key, await opening.then(() => undefined, (error) => error)); // prettier-ignore
    }
    const error = this.#open.get(key);
    if (error) throw error;
  }

  /** The first answer on a page of its own: milliseconds, and the files of the library that were loaded for it. */
  async alone({ subject, device }, workload) {
    const context = await this.#browser.newContext();
    try {
      const page = await this.#visit(context);
      const files = new Set();
      page.on("response", (response) => {
        const path = new URL(response.url()).pathname;
        const prefix = Object.keys(SUBJECTS).find((prefix) => path.startsWith(prefix));
        if (prefix && response.ok()) files.add(join(SUBJECTS[prefix], path.slice(prefix.length)));
      });
      const milliseconds = await this.#evaluate(page, "first", [subject, device, workload]);
      return { milliseconds, files: [...files] };
    } finally {
      await context.close();
    }
  }

  async close() {
    await this.#browser?.close();
    await this.#server?.close();
  }

  async #visit(browser) {
    const page = await browser.newPage();
    await page.goto(this.#server.url);
    await page.waitForFunction(() => "bench" in globalThis);
    return page;
  }

  /**
   * What does not come back in time is an error, and takes the browser with it, whose GPU may be busy for long. So does
   * what takes the page with it. `lost` says that everything has to be opened again.
   */
  async #evaluate(page, name, given) {
    let timer;
    const late = new Promise((_, reject) => {
      const error = Object.assign(new Error(`it did not finish in ${PATIENCE / 1000} s`), { lost: true });
      timer = setTimeout(() => reject(error), PATIENCE);
    });
    try {
      return await Promise.race([
        page.evaluate(([name, given]) => bench[name](...given), [name, given]),
        late,
      ]);
    } catch (error) {
      const lost = error.lost || /crashed|closed/.test(error.message);
      if (lost) await this.#renew();
      // The rest is where in the page it came from.
      const message = error.message.split("\n")[0].replace(/^.*?: (Error: )?/, "");
      throw Object.assign(new Error(message), { lost });
    } finally {
      clearTimeout(timer);
    }
  }

  async #renew() {
    await this.#browser.close().catch(() => undefined);
    this.#browser = await launch();
    this.#page = undefined;
    this.#open.clear();
  }
}
