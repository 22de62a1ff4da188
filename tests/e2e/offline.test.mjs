// The page without a network, and with a newer version of itself on the server.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch } from "./lib/browser.mjs";
import { serve } from "./lib/server.mjs";
import { random, shape } from "./lib/shapes.mjs";
import { until } from "./lib/storage.mjs";
import { DIST, Visitor } from "./lib/visitor.mjs";

const SMALL = "?device=cpu&size=64";
let browser;
before(async () => (browser = await launch()));
after(() => browser.close());

/**
 * A visitor whose browser has the page for offline use, and the server that it has it from; `changing`, from a folder of its
 * own.
 */
async function visit(t, { changing = false, moved } = {}) {
  const folder = changing ? await mkdtemp(join(tmpdir(), "doodletune-")) : DIST;
  if (changing) await cp(DIST, folder, { recursive: true });
  const server = await serve({ "/copy/": folder, "/": folder }, { moved });
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    await server.close();
    if (changing) await rm(folder, { recursive: true });
  });
  const visitor = new Visitor(await context.newPage());
  const go = async (path) => {
    await visitor.open(`${server.url}${path}${SMALL}`);
    // A worker of the page above would do for a controller, but not without a network.
    const kept = async (path) => {
      const { scope, active } = (await navigator.serviceWorker.getRegistration()) ?? {};
      const own = scope && new URL(scope).pathname === path && active?.state === "activated";
      return own && navigator.serviceWorker.controller !== null;
    };
    // Not waitForFunction, to which any promise is as good as its outcome.
    await until(visitor.page, () => visitor.page.evaluate(kept, path), "the page is kept");
  };
  await go("/");
  return { visitor, server, go, folder };
}

/**
 * Comes back without a network. Chromium may ask the network itself in the first moments of a worker, and then shows an
 * error, as to any visitor who is that quick: once more, in another tab.
 */
async function comeBack(visitor) {
  const { page } = visitor;
  const address = page.url();
  for (let attempt = 1; ; attempt++) {
    try {
      await visitor.page.goto(address);
      return visitor;
    } catch (error) {
      if (attempt === 5) throw error;
      await visitor.page.waitForTimeout(1000);
      visitor = new Visitor(await page.context().newPage());
    }
  }
}

/** How many versions of the page the browser has. */
const versions = (page) =>
  page.evaluate(async () => (await caches.keys()).filter((name) => !name.endsWith(" extras")).length);

test("after one visit the page needs no network", { timeout: 120_000 }, async (t) => {
  const { visitor: first, server } = await visit(t);
  await server.close();
  const visitor = await comeBack(first);
  await visitor.page.locator("[data-device]").waitFor();
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 3, random(3));
  await visitor.train();
  assert.equal(await visitor.guess(shape("star", random(4))), "star");
  assert.deepEqual(visitor.problems, []);
});

test("it can be installed", async (t) => {
  const { visitor } = await visit(t);
  const { page } = visitor;
  const devtools = await page.context().newCDPSession(page);
  const { errors } = await devtools.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // A window without history, as tests have, is the only thing that may be wrong.
  assert.deepEqual(
    installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"),
    [],
  );
});

test("two copies of the page leave each other alone", { timeout: 120_000 }, async (t) => {
  const { visitor, server, go } = await visit(t);
  await go("/copy/");
  await go("/");
  const kept = await visitor.page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => !name.endsWith(" extras"));
    const pages = async (name) =>
      (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname);
    return Promise.all(names.toSorted().map(pages));
  });
  assert.equal(kept.length, 2);
  const [copy, root] = kept.toSorted((a, b) => Number(b.includes("/copy/")) - Number(a.includes("/copy/")));
  assert.ok(copy.includes("/copy/") && copy.every((path) => path.startsWith("/copy/")), `${copy}`);
  assert.ok(root.includes("/") && !root.some((path) => path.startsWith("/copy/")), `${root}`);
  await server.close();
  const back = await comeBack(visitor);
  await back.page.locator("[data-device]").waitFor();
  assert.deepEqual(back.problems, []);
});

test("whoever was here follows the page when it moves", { timeout: 60_000 }, async (t) => {
  const moved = {};
  const { visitor, server } = await visit(t, { moved });
  moved["/"] = "/copy/";
  await visitor.page.goto(`${server.url}/${SMALL}`);
  assert.equal(new URL(visitor.page.url()).pathname, "/copy/");
});

test("a page in the place of a file is not kept for that file", { timeout: 60_000 }, async (t) => {
  const moved = {}; // as some servers and filters do, to a page
  const { visitor, folder } = await visit(t, { changing: true, moved });
  const worker = join(folder, "service-worker.js");
  const text = await readFile(worker, "utf8");
  const [[extra], files] = ["EXTRAS", "FILES"].map((name) =>
    JSON.parse(new RegExp(`${name} = (.*);`).exec(text)[1]),
  );
  const kind = () =>
    visitor.page.evaluate(async (path) => {
      const answer = await fetch(path, { cache: "no-store" });
      return answer.headers.get("content-type");
    }, `/${extra}`);
  moved[`/${extra}`] = "/";
  assert.match(await kind(), /^text\/html/);
  delete moved[`/${extra}`];
  assert.equal(await kind(), "application/octet-stream");

  moved[`/${files.find((name) => name.endsWith(".wasm"))}`] = "/";
  await writeFile(worker, text.replace(/VERSION = "\w+"/, 'VERSION = "newer"'));
  const state = await visitor.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    const found = new Promise((resolve) => {
      registration.onupdatefound = () => resolve(registration.installing);
    });
    await registration.update();
    const newer = await found;
    while (newer.state === "installing") await new Promise((resolve) => setTimeout(resolve, 20));
    return newer.state;
  });
  assert.equal(state, "redundant", "a version that is not whole is none");
});

test("what changes from version to version changes its name", async () => {
  const worker = await readFile(join(DIST, "service-worker.js"), "utf8");
  const files = JSON.parse(/FILES = (.*);/.exec(worker)[1]);
  const made = files.filter((name) => /\.(js|css|wasm|safetensors)$/.test(name));
  assert.ok(made.length > 5);
  for (const name of made) assert.match(name, /-[\w-]{8}\.\w+$/);
});

test(
  "a newer version leaves an open page alone, and is there for the next",
  { timeout: 120_000 },
  async (t) => {
    const { visitor, server, folder } = await visit(t, { changing: true });
    const { page } = visitor;
    const edit = async (name, from, to) => {
      const text = await readFile(join(folder, name), "utf8");
      assert.match(text, from);
      await writeFile(join(folder, name), text.replace(from, to));
    };
    await edit("index.html", /<title>.*<\/title>/, "<title>newer</title>");
    await edit("service-worker.js", /VERSION = "\w+"/, 'VERSION = "newer"');
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      await registration.update();
      while (!registration.waiting) await new Promise((resolve) => setTimeout(resolve, 50));
    });
    // The old version has all of its files still, whatever becomes of the server.
    assert.equal(await versions(page), 2);
    await visitor.draw(shape("star", random(4)));
    await page.locator(".guess-headline").waitFor();
    assert.equal(await page.title(), "doodletune");

    const context = page.context();
    await server.close();
    // The next page finds the newer one in charge, unless it is so quick that the old one has not gone yet.
    const comesUp = async () => {
      await visitor.page.close();
      visitor.page = await context.newPage();
      await visitor.page.goto(`${server.url}/${SMALL}`);
      await visitor.page.locator("[data-device]").waitFor();
      return (await visitor.page.title()) === "newer";
    };
    for (let quick = 0; !(await comesUp()); quick++) assert.ok(quick < 5, "the newer one is in charge");
    const alone = async () => (await versions(visitor.page)) === 1;
    await until(visitor.page, alone, "the old version is swept out");
  },
);
