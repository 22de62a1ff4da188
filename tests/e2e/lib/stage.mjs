import { fileURLToPath } from "node:url";
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { serve } from "./server.mjs";
import { DIST, Visitor } from "./visitor.mjs";

const folder = (path) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A browser and a server for a file of tests; `page` and `library` open a fresh context each time. */
export function stage(options) {
  const stage = {};
  before(async () => {
    const folders = { "/pkg/": folder("pkg/"), "/fixtures/": folder("tests/e2e/fixtures/"), "/": DIST };
    stage.server = await serve(folders, options);
    stage.browser = await launch();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.server?.close();
  });

  /** The page of the project, visited. */
  stage.visit = async (t, query = "", opening = {}) => {
    const page = await fresh(t);
    const visitor = new Visitor(page);
    await visitor.open(`${stage.server.url}/${query}`, opening);
    return visitor;
  };
  /** A plain page with the npm package on it, as `library`. */
  stage.library = async (t) => {
    const page = await fresh(t);
    await page.goto(`${stage.server.url}/fixtures/library.html`);
    await page.waitForFunction(() => "library" in globalThis);
    return page;
  };
  async function fresh(t) {
    const context = await stage.browser.newContext({
      viewport: { width: 1280, height: 900 },
      serviceWorkers: "block", // each test meets the server; offline.test.mjs is about what comes between
    });
    t.after(() => context.close());
    return context.newPage();
  }
  return stage;
}
