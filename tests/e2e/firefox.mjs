// The main job in the other browser: draw, train, recognise, come back, take home and bring in.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openFirefox } from "./lib/firefox.mjs";
import { serve } from "./lib/server.mjs";
import { random, shape } from "./lib/shapes.mjs";
import { DIST } from "./lib/visitor.mjs";

const KINDS = ["circle", "star"];

test("Firefox learns, recognises, remembers, and reads its own files", { timeout: 600_000 }, async (t) => {
  const downloads = await mkdtemp(join(tmpdir(), "doodletune-"));
  const server = await serve({ "/": DIST });
  t.after(async () => {
    await server.close();
    await rm(downloads, { recursive: true });
  });
  const firefox = await openFirefox(t, downloads);
  const next = random(5);

  /** Draws on an empty sheet, and reads each probability when the guess has come to rest. */
  const guess = async (kind, seed) => {
    await firefox.press("\uE00C"); // Escape
    await firefox.until(() => !document.querySelector(".guess-headline"));
    await firefox.draw(shape(kind, random(seed)));
    return firefox.until(() => {
      const guess = document.querySelector(".guess[data-settled=true]");
      const bars = [...(guess?.querySelectorAll(".bar") ?? [])].map((bar) => Number(bar.dataset.probability));
      return bars.length > 0 && { label: guess.querySelector(".guess-headline").dataset.label, bars };
    });
  };
  const near = (one, other) => one.every((p, i) => Math.abs(p - other[i]) < 1e-5);
  const doodles = (count) =>
    firefox.until((count) => document.querySelectorAll(".gallery .thumbnail").length === count, count);
  const projects = () => firefox.click("button.masthead-project");

  await firefox.goto(`${server.url}/?device=cpu`);
  await firefox.find("[data-device=cpu]");
  for (const [index, kind] of KINDS.entries()) {
    await firefox.fill(`.card:nth-child(${index + 1}) .card-name`, kind);
    await firefox.click(".chip", kind);
    for (let count = 1; count <= 4; count++) {
      await firefox.draw(shape(kind, next));
      await firefox.click("button.keep");
      await doodles(4 * index + count);
    }
  }
  await firefox.click(".train .big", "Train");
  await firefox.find("#train-progress", "Learnt from 8 doodles");
  const before = await guess("star", 6);
  assert.equal(before.label, "star");
  assert.equal((await guess("circle", 7)).label, "circle");

  // Stored is what a reload brings back: what was trained comes last.
  await firefox.until(async () => {
    const { result } = await new Promise((resolve) => {
      const request = indexedDB.open("doodletune");
      request.onsuccess = () => resolve(request);
    });
    const store = result.transaction("doodles").objectStore("doodles");
    const get = (key) =>
      new Promise((resolve) => (store.get(key).onsuccess = ({ target }) => resolve(target.result)));
    const project = await get(`project:${(await get("projects")).current}`);
    result.close();
    return project.memory !== undefined;
  });
  await firefox.reload();
  await firefox.find("#train-progress", "Learnt from 8 doodles");
  await firefox.find("[data-device=cpu]");
  assert.ok(near((await guess("star", 6)).bars, before.bars), "the same after a reload");

  await projects();
  await firefox.click(".files button", "Project");
  const saved = await downloaded(downloads, /\.doodletune$/);
  await firefox.click("#new-project");
  await doodles(0);
  await firefox.give("#bring-in", saved);
  await doodles(8);
  await firefox.click(".keeping header .icon");
  assert.ok(near((await guess("star", 6)).bars, before.bars), "the same from a file");
});

/** The path of a download, when it is whole. */
async function downloaded(folder, name) {
  for (let tries = 0; tries < 600; tries++) {
    const files = await readdir(folder);
    const found = files.find((file) => name.test(file));
    if (found && !files.some((file) => file.endsWith(".part"))) return join(folder, found);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`no download ${name}`);
}
