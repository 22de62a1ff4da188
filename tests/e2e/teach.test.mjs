// The room in which one teaches: starters, the tour, drawings from elsewhere, doodles that move, and training in every detail.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { random, shape } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { visit } = stage();
const SMALL = "?device=cpu&size=32";

/** Drops files of this text, or of these bytes, on an element. */
async function drop(page, selector, files) {
  const dataTransfer = await page.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, text, bytes } of files)
      transfer.items.add(new File([text ?? new Uint8Array(bytes)], name));
    return transfer;
  }, files);
  await page.dispatchEvent(selector, "drop", { dataTransfer });
}

const names = (page) => page.getByLabel("Name of the class").evaluateAll((all) => all.map((f) => f.value));

test("a starter set shows that it works, without drawing, and goes again", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await page.evaluate(() => {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      const { unfinished } = message.command ?? message;
      if (unfinished !== undefined) globalThis.unfinished = unfinished;
      return postMessage.call(this, message, ...rest);
    };
  });
  await page.getByRole("button", { name: "Try with Shapes" }).click();
  const shapes = ["Circle", "Square", "Triangle", "Star"];
  assert.ok(shapes.includes(await visitor.settledGuess()));
  await page.waitForFunction(() => globalThis.unfinished === false);
  assert.deepEqual(await names(page), shapes);
  assert.match(await visitor.train(), /Learnt from 40 doodles/);
  assert.equal(await visitor.guess(shape("star", random(3))), "Star");
  await page.locator(".notice-action").click();
  assert.deepEqual(await names(page), ["Cat", "House"]);
  assert.equal(await page.locator(".thumbnail").count(), 0);
  assert.deepEqual(visitor.problems, []);
});

test("the tour goes by keyboard, can be skipped, and is not offered twice", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const { page } = visitor;
  const start = page.getByRole("button", { name: "Show me around" });
  const bubble = page.getByRole("dialog");
  await page.locator(".welcome").getByRole("button", { name: "Show me around" }).click();
  for (const title of ["Draw here", "Your classes", "Train", "Watch it guess", "And then"]) {
    await bubble.getByRole("heading", { name: title }).waitFor();
    await page.keyboard.press("Enter");
  }
  await bubble.waitFor({ state: "detached" });
  await page.reload();
  await page.locator(".tour-button").waitFor();
  assert.equal(await start.count(), 1);
  await start.click();
  await page.keyboard.press("Escape");
  await bubble.waitFor({ state: "detached" });
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Show me around/);
});

test("what was undone can be done again, until something new is drawn", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const { page } = visitor;
  const button = (name) => page.locator(".draw-tools").getByRole("button", { name });
  assert.ok(await button("Redo").isDisabled());
  await visitor.draw(shape("star", random(1)), shape("circle", random(2)));
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  assert.ok(await button("Clear").isDisabled());
  await page.keyboard.press("Control+Shift+Z");
  await page.keyboard.press("Control+y");
  assert.ok(await button("Redo").isDisabled());
  await button("Undo").click();
  await button("Redo").click();
  await button("Undo").click();
  await visitor.draw(shape("spiral", random(3)));
  assert.ok(await button("Redo").isDisabled());
});

test("a doodle moves to another class by drag and by keyboard, and back", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 2, random(5));
  const counts = () => page.locator(".count").allTextContents();
  const [circles, stars] = [page.locator(".card").nth(0), page.locator(".card").nth(1)];
  await circles.locator(".pick").first().dragTo(stars);
  await page.getByText("Moved to star.").waitFor();
  assert.deepEqual(await counts(), ["1", "3"]);
  await page.locator(".notice-action").click();
  assert.deepEqual(await counts(), ["2", "2"]);
  for (const number of [2, 1]) {
    await page.getByRole("button", { name: `Move doodle ${number} of circle` }).focus();
    await page.keyboard.press("Enter");
    await circles.locator(".tray-class:focus").waitFor();
    await page.keyboard.press("Escape");
    await circles.locator(".pick:focus").waitFor();
    await page.keyboard.press("Enter");
    await circles.locator(".tray-class:focus").waitFor();
    await page.keyboard.press("Enter");
    await circles.locator(".tray").waitFor({ state: "detached" });
    await circles.locator(number > 1 ? ".pick:focus" : ".paint:focus").waitFor();
  }
  assert.deepEqual(await counts(), ["0", "4"]);
  // The learner has followed: with one class left, there is nothing to tell apart.
  await visitor.trainButton.click();
  await page.getByText(/at least two classes/).waitFor();
  assert.deepEqual(visitor.problems, []);
});

test("drawings of Quick, Draw! come in by their words; lines that are none are counted", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  const line = (word, size) =>
    JSON.stringify({
      word,
      drawing: [
        [
          [0, size, size, 0],
          [0, 0, size, 9],
        ],
      ],
    });
  const good = Array.from({ length: 90 }, (_, index) => line(index % 2 ? "kite" : "river bed", 50 + index));
  const text = [...good, "no JSON", line("kite", null), '{"word": "kite"}', ""].join("\n");
  await drop(page, "body", [{ name: "drawings.ndjson", text }]);
  await page.getByText("90 drawings in 2 classes. 3 lines could not be read.").waitFor();
  assert.deepEqual(await names(page), ["river bed", "kite"]);
  assert.deepEqual(await page.locator(".count").allTextContents(), ["45", "45"]);
  assert.equal(await page.locator(".thumbnail").count(), 60, "the first of many");
  await page
    .getByRole("button", { name: /other 15/ })
    .first()
    .click();
  assert.equal(await page.locator(".thumbnail").count(), 75);
  await page.locator(".notice-action").click();
  assert.equal(await page.locator(".thumbnail").count(), 0);
  await drop(page, ".card", [{ name: "empty.ndjson", text: "nothing\n" }]);
  await page.getByText(/In “empty.ndjson” there is no drawing/).waitFor();
  assert.deepEqual(visitor.problems, []);
});

test("several files at once come in whole, whatever the classes are called", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await visitor.nameClasses(["?", "*"]);
  for (const name of ["?", "*"]) {
    await visitor.choose(name);
    await visitor.draw(shape("star", random(6)));
    await page.keyboard.press("Enter");
  }
  await page.getByRole("button", { name: /projects and files$/ }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /^Pictures/ }).click(),
  ]);
  await page.keyboard.press("Escape");
  const zip = { name: "two.zip", bytes: [...(await readFile(await download.path()))] };
  const line = (word, ...strokes) => `${JSON.stringify({ word, drawing: strokes })}\n`;
  const [dot, nowhere, cross] = [[[5], [5]], [[1e300, 0], [0, 0]], [[0, 9], [0, 9]]]; // prettier-ignore
  const text = line("\u0007sign", dot, cross) + line("dot", dot) + line("nowhere", nowhere);
  const signs = { name: "signs.ndjson", text };
  await drop(page, "body", [zip, signs]);
  await page.getByText("1 drawing in 1 class. 2 lines could not be read.").waitFor();
  const picker = page.locator(".card input[type=file]").first();
  const files = ["\ud83d\ude3a".repeat(50), "cross"].map((word, index) => ({
    name: `${index}.ndjson`,
    mimeType: "",
    buffer: Buffer.from(line(word, cross)),
  }));
  await picker.setInputFiles(files);
  await page.locator(".card").nth(6).waitFor();
  assert.deepEqual(await names(page), ["?", "*", "_", "__", "sign", "\ud83d\ude3a".repeat(40), "cross"]);
  assert.deepEqual(await page.locator(".count").allTextContents(), Array(7).fill("1"));
  await visitor.taught();
  // Had the engine refused one, its doodle would be gone, or those after it never looked at.
  assert.equal(await page.locator(".thumbnail").count(), 7);
  assert.match(await visitor.train(), /Learnt from 7 doodles/);
  assert.deepEqual(visitor.problems, []);
});

test("a picture costs only itself, and ends up in no other project", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  const png = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(60, 60);
    canvas.getContext("2d").fillRect(10, 20, 30, 20);
    return [...new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer())];
  });
  const pictures = ["first", "second"].map((name) => ({
    name: `${name}.png`,
    mimeType: "image/png",
    buffer: Buffer.from(png),
  }));
  const picker = page.locator(".card input[type=file]").first();
  const worker = "**/shrink.worker*.js";
  await page.route(worker, (route) => route.abort(), { times: 1 });
  await picker.setInputFiles(pictures);
  await page.getByText("“first.png” is not a picture").waitFor();
  assert.equal(await page.locator(".thumbnail").count(), 1);

  let release;
  const held = new Promise((resolve) => (release = resolve));
  await page.route(worker, (route) => held.then(() => route.continue()));
  await picker.setInputFiles(pictures);
  await page.getByRole("button", { name: /projects and files$/ }).click();
  await page.getByRole("button", { name: "+ New project" }).click();
  await page.getByLabel("Open New project").and(page.locator(":checked")).waitFor();
  release();
  await page.getByText("Another project was opened before “first.png” was ready").waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".thumbnail").count(), 0);
});

test("an expert sees what a strategy means, is refused beside the field, and trains by hand", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  const drawer = page.getByRole("dialog", { name: "Expert" });
  const train = drawer.getByRole("button", { name: "Train like this" });
  await page.getByRole("button", { name: "Try with Shapes" }).click();
  await visitor.taught();
  await page.getByRole("button", { name: /^Expert/ }).click();
  await drawer.getByLabel("Strategy").selectOption("gradual-unfreezing");
  await drawer.locator(".phase").nth(5).waitFor();
  const thawed = await drawer
    .locator(".phase")
    .evaluateAll((phases) => phases.map((phase) => phase.querySelectorAll(".learning").length));
  assert.deepEqual(thawed, [1, 2, 3, 4, 5, 6]);

  // What there is to say is said on top of the page beneath.
  await drop(page, "body", [{ name: "empty.ndjson", text: "nothing\n" }]);
  await drawer.getByText(/In “empty.ndjson” there is no drawing/).waitFor();
  await drawer.getByRole("button", { name: "Dismiss" }).click();

  const rate = drawer.getByLabel("Learning rate").nth(1);
  await rate.fill("0");
  await train.click();
  await drawer.getByText("Rate is 0, but must be above 0 and at most 10.").waitFor();
  assert.equal(await rate.getAttribute("aria-invalid"), "true");
  assert.ok(await rate.evaluate((field) => field === document.activeElement));
  // On a slow machine, word of it being closed comes only once the refusal has opened it again.
  await drawer.evaluate((dialog) => dialog.dispatchEvent(new Event("close")));
  await rate.fill("0.001");
  for (let phase = 0; phase < 6; phase++)
    await drawer.getByLabel("Epochs", { exact: true }).nth(phase).fill("2");
  await drawer.getByText("By hand, from Gradual unfreezing").waitFor();

  await page.evaluate(() => {
    globalThis.seen = [];
    const look = () => globalThis.seen.push(document.querySelectorAll(".plan-picture .learning").length);
    new MutationObserver(look).observe(document.querySelector(".plan-picture"), {
      attributes: true,
      subtree: true,
    });
  });
  await train.click();
  await page
    .getByText(/^Learnt from/)
    .first()
    .waitFor({ timeout: 60_000 });
  const seen = await page.evaluate(() => [...new Set(globalThis.seen)]);
  assert.ok(
    [1, 2, 3, 4, 5, 6].every((count) => seen.includes(count)),
    `unfrozen one by one: ${seen}`,
  );
  assert.equal(await page.locator(".phase-strip li").count(), 6);
  assert.deepEqual(visitor.problems, []);
});

test("variations are shown as the network sees them, and a pupil gets a teacher", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  const drawer = page.getByRole("dialog", { name: "Expert" });
  await page.getByRole("button", { name: "Try with Arrows" }).click();
  await visitor.taught();
  await page.getByRole("button", { name: /^Expert/ }).click();
  await drawer.getByLabel("Strategy").selectOption("distil");
  await drawer.getByText("Variation of the drawings").click();
  const views = () =>
    drawer.locator(".preview canvas").evaluateAll((all) => all.map((view) => view.toDataURL()));
  await page.waitForFunction(() => document.querySelector(".preview canvas")?.width === 32);
  const before = await views();
  assert.equal(new Set(before).size, 8);
  await drawer.getByLabel("Rotation").fill("170");
  await page.waitForFunction(
    (first) => document.querySelector(".preview canvas").toDataURL() !== first,
    before[0],
  );
  await drawer.getByLabel("Rotation").fill("900");
  await drawer.getByText("Rotation is 900, but must be 0 to 180.").waitFor();
  await drawer.getByLabel("Rotation").fill("10");
  await drawer.getByLabel("Epochs", { exact: true }).fill("2");
  await drawer.getByRole("button", { name: "Train like this" }).click();
  await page
    .getByText(/Teaching the teacher/)
    .first()
    .waitFor();
  await page
    .getByText(/^Learnt from/)
    .first()
    .waitFor({ timeout: 90_000 });
  assert.deepEqual(visitor.problems, []);
});
