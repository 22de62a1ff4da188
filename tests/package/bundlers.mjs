// The packed package in a fresh project, with every bundler and with none, in Chromium under the strictest policy.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { open, stage } from "./stage.mjs";
import { tool, version } from "./tools.mjs";

const APP = new URL("app.js", import.meta.url);
const GUIDE = new URL("../../docs/bundlers.md", import.meta.url);

const page = (script) => `<!doctype html>\n<meta charset="utf-8" />\n${script}\n`;
const MODULE = page('<script type="module" src="./app.js"></script>');
const LEARNT = { before: "ring", epochs: 1, label: "line", head: "linear" };

/** Each brings the app from the project to a folder, and says what `create` has to be told. */
const ROADS = {
  async vite(folder, out) {
    const { build } = await tool("vite");
    await build({
      root: folder,
      base: "./",
      logLevel: "silent",
      build: { outDir: out, reportCompressedSize: false },
    });
  },
  async webpack(folder, out) {
    const { default: webpack } = await tool("webpack");
    const options = { context: folder, mode: "production", entry: "./app.js", output: { path: out } };
    const stats = await new Promise((resolve, reject) =>
      webpack(options, (error, stats) => (error ? reject(error) : resolve(stats))),
    );
    assert.ok(!stats.hasErrors(), stats.toString());
    await writeFile(join(out, "index.html"), page('<script defer src="./main.js"></script>'));
  },
  async esbuild(folder, out) {
    await esbuild(folder, out, { format: "esm" });
    await writeFile(join(out, "index.html"), MODULE);
    return copyPackage(folder, out);
  },
  async "esbuild, classic script"(folder, out) {
    await esbuild(folder, out, { format: "iife" });
    await writeFile(join(out, "index.html"), page('<script defer src="./app.js"></script>'));
    return copyPackage(folder, out);
  },
  async "no bundler"(folder, out) {
    await copyPackage(folder, out);
    const app = await readFile(APP, "utf8");
    await writeFile(join(out, "app.js"), app.replace('"doodletune"', '"./doodletune/lib/index.js"'));
    await writeFile(join(out, "index.html"), MODULE);
  },
};

async function esbuild(folder, out, options) {
  const { build } = await tool("esbuild");
  const files = { absWorkingDir: folder, entryPoints: ["app.js"], outdir: out };
  await build({ ...files, ...options, bundle: true, logLevel: "silent" });
}

async function copyPackage(folder, out) {
  await cp(join(folder, "node_modules", "doodletune"), join(out, "doodletune"), { recursive: true });
  return { assets: "doodletune" };
}

/** Opens the app; `tryOut` calls it. */
async function openApp(t, address, context) {
  const { page, complaints } = await open(t, address, context);
  await page.waitForFunction(() => "tryOut" in globalThis);
  return { page, complaints, tryOut: (options) => page.evaluate((o) => globalThis.tryOut(o), options) };
}

describe("a fresh project", () => {
  before(async () => {
    await cp(APP, join(stage.project, "app.js"));
    await writeFile(join(stage.project, "index.html"), MODULE);
  });

  for (const [name, bring] of Object.entries(ROADS)) {
    test(`${name}: in a worker and without one, under a strict policy`, { timeout: 120_000 }, async (t) => {
      const place = name.replaceAll(/\W+/g, "-");
      const out = join(stage.out, place);
      await mkdir(out);
      const options = await bring(stage.project, out);
      const { page, complaints, tryOut } = await openApp(t, `${stage.server.url}/${place}/index.html`);
      const worker = page.waitForEvent("worker");
      assert.deepEqual(await tryOut(options), LEARNT);
      await worker;
      assert.deepEqual(await tryOut({ ...options, worker: false }), LEARNT);
      assert.equal(await page.evaluate(() => crossOriginIsolated), false);
      assert.deepEqual(complaints, []);
    });
  }

  test("vite's development server needs no configuration either", { timeout: 120_000 }, async (t) => {
    const { createServer } = await tool("vite");
    const vite = await createServer({ root: stage.project, logLevel: "silent" });
    t.after(() => vite.close());
    await vite.listen();
    const { tryOut } = await openApp(t, vite.resolvedUrls.local[0]);
    assert.deepEqual(await tryOut({}), LEARNT);
  });

  test("a file that is missing, damaged or of another version is refused by name", async (t) => {
    const bare = join(stage.out, "bare");
    await mkdir(bare);
    await ROADS["no bundler"](stage.project, bare);
    const folders = ["cut-wasm", "cut-weights"].map((name) => join(stage.out, name));
    for (const folder of folders) await cp(join(bare, "doodletune"), folder, { recursive: true });
    await truncate(join(folders[0], "doodletune_bg.wasm"), 8); // which is a whole, empty program
    await truncate(join(folders[1], "models", "doodle.safetensors"), 900_000);

    const refusals = async (address, context) => {
      const { page } = await openApp(t, `${address}/bare/index.html`, context);
      return page.evaluate(async () => {
        const refusals = [];
        for (const assets of ["/cut-wasm", "/cut-weights/", "/nowhere"]) {
          const refusal = await globalThis.tryOut({ assets, worker: false }).catch((error) => error);
          refusals.push([refusal.name, refusal.code, refusal.message]);
        }
        return refusals;
      });
    };
    const check = ([wasm, weights, nowhere]) => {
      assert.deepEqual(wasm.slice(0, 2), ["DoodleTuneError", "asset-mismatch"]);
      assert.match(wasm[2], /doodletune_bg\.wasm.*another version.*Put the files/);
      assert.deepEqual(weights.slice(0, 2), ["DoodleTuneError", "asset-mismatch"]);
      assert.match(weights[2], /doodle\.safetensors.*damaged/);
      assert.match(nowhere[1], /^(wasm|weights)-missing$/);
      assert.match(nowhere[2], /could not be loaded: the server answered 404/);
    };
    check(await refusals(stage.server.url));

    // Pages on http cannot compute digests, so that it is the browser that compares.
    const context = await stage.browser.newContext();
    t.after(async () => {
      await context.unrouteAll({ behavior: "ignoreErrors" });
      await context.close();
    });
    await context.route("http://doodles.example/**", async (route) => {
      const { pathname } = new URL(route.request().url());
      await route.fulfill({ response: await route.fetch({ url: stage.server.url + pathname }) });
    });
    check(await refusals("http://doodles.example", context));
  });

  test("importing it on a server does no harm, and create says where it belongs", () => {
    const script = `
    const { DoodleTune, DoodleTuneError } = await import("doodletune");
    const error = await DoodleTune.create().catch((error) => error);
    console.log(error instanceof DoodleTuneError, error.code, error.message);`;
    const words = ["--input-type=module", "--eval", script];
    const said = execFileSync(process.execPath, words, { cwd: stage.project, encoding: "utf8" });
    assert.match(said, /^true no-browser .*useEffect/);
  });

  test("docs/bundlers.md names the versions that were tried", async () => {
    const guide = await readFile(GUIDE, "utf8");
    for (const [name, title] of Object.entries({ vite: "Vite", webpack: "webpack", esbuild: "esbuild" })) {
      const row = new RegExp(`^\\| ${title} +\\| ${version(name).replaceAll(".", "\\.")} +\\|`, "m");
      assert.match(guide, row, `${title} is ${version(name)}: say so in docs/bundlers.md`);
    }
  });
});
