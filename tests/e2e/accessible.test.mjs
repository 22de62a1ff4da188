// Every room by day and by night, for eyes, ears and hands of all kinds.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { random } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { visit } = stage();
const SMALL = "?device=cpu&size=64";
const ROOMS = ["Teach", "Understand", "Lab", "Race"];
const AXE = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** What axe finds wrong with the page as it is now, a line each. */
async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary}`),
    );
  });
}

const enter = async (page, room) => {
  await page.getByRole("link", { name: room, exact: true }).click();
  await page.locator(`main.${room.toLowerCase()}`).waitFor();
  await atRest(page);
};

/** Waits until nothing moves: colours in between are not those that are meant. */
const atRest = (page) =>
  page.evaluate(async () => {
    const frame = () => new Promise(requestAnimationFrame);
    await frame();
    const moving = () => document.getAnimations().filter(({ playState }) => playState === "running");
    // What is drawn over and over, as a pulse, never ends.
    const ending = () => moving().filter(({ effect }) => effect.getComputedTiming().endTime < Infinity);
    while (ending().length > 0) await frame();
  });

test("axe finds nothing wrong in any room, by day or by night", { timeout: 180_000 }, async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 4, random(5));
  await visitor.train();
  for (const room of ROOMS) {
    await enter(page, room);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      assert.deepEqual(await violations(page), [], `${room}, ${colorScheme}`);
    }
  }
  await page.getByRole("button", { name: /projects and files$/ }).click();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), [], `projects and files, ${colorScheme}`);
  }
  await page.keyboard.press("Escape");
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await page.getByRole("button", { name: "Start the race" }).click();
    assert.deepEqual(await violations(page), [], `handover, ${colorScheme}`);
    await page.getByRole("button", { name: "Show me the word" }).click();
    await page.locator("[data-stage=draw]").waitFor();
    assert.deepEqual(await violations(page), [], `drawing, ${colorScheme}`);
    await page.getByRole("button", { name: "Skip" }).click();
    await page.locator("[data-stage=verdict]").waitFor();
    assert.deepEqual(await violations(page), [], `verdict, ${colorScheme}`);
    await page.getByRole("link", { name: "Teach" }).click();
    await page.reload();
    await page.locator("[data-device]").waitFor();
    await enter(page, "Race");
  }
});

test("forced colours and high contrast keep every border and state", { timeout: 60_000 }, async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const { page } = visitor;
  await page.emulateMedia({ forcedColors: "active" });
  const chosen = page.locator(".chip input:checked + span").first();
  const other = page.locator(".chip input:not(:checked) + span").first();
  const background = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);
  assert.notEqual(await background(chosen), await background(other), "the chosen class can be told");
  await page.emulateMedia({ forcedColors: "none", contrast: "more" });
  const line = await page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue("--line"),
  );
  await page.emulateMedia({ contrast: "no-preference" });
  const soft = await page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue("--line"),
  );
  assert.notEqual(line, soft);
});

test("nothing moves for those who asked for calm", { timeout: 60_000 }, async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await page.emulateMedia({ reducedMotion: "reduce" });
  await enter(page, "Race");
  await page.getByRole("button", { name: "Start the race" }).click();
  await page.getByRole("button", { name: "Show me the word" }).click();
  await page.locator("[data-stage=draw]").waitFor();
  await page.getByRole("button", { name: "Skip" }).click();
  await page.locator("[data-stage=verdict]").waitFor();
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  assert.ok(
    await page.getByRole("button", { name: "Play again" }).isEnabled(),
    "the replay waits to be asked",
  );
});

test("nothing jumps while the page comes to life", { timeout: 60_000 }, async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await page.addInitScript(() => {
    globalThis.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) globalThis.shift += entry.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  for (const room of ROOMS) {
    await page.goto(`${page.url().split("#")[0]}#${room.toLowerCase()}`);
    await page.reload();
    await page.locator("main").waitFor();
    await page.waitForLoadState("networkidle");
    await page.waitForFunction(() => !/on its way/.test(document.querySelector("main").textContent));
    await atRest(page);
    const shift = await page.evaluate(() => globalThis.shift);
    assert.ok(shift < 0.05, `${room}: ${shift}`);
  }
});
