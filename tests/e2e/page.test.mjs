// What the page promises besides recognising: privacy, memory, kindness, a free main thread, a keyboard that suffices.
import assert from "node:assert/strict";
import { test } from "node:test";
import { longestTask } from "./lib/main-thread.mjs";
import { random, shape } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";
import { classNames, kept } from "./lib/storage.mjs";

const { visit } = stage();
const SMALL = "?device=cpu&size=64";

test("nothing leaves the machine", async (t) => {
  const visitor = await visit(t, SMALL);
  const asked = [];
  visitor.page.context().on("request", (request) => asked.push(`${request.method()} ${request.url()}`));
  await visitor.page.reload();
  await visitor.page.locator("[data-device]").waitFor();
  const whileLoading = asked.length;
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 3, random(3));
  await visitor.train();
  await visitor.guess(shape("star", random(4)));
  const origin = new URL(visitor.page.url()).origin;
  const abroad = asked.filter(
    (line) => !line.startsWith(`GET ${origin}/`) && !/^GET (data|blob):/.test(line),
  );
  assert.deepEqual(abroad, []);
  assert.equal(asked.length, whileLoading, "drawing, training and guessing need no request at all");
});

test("doodles and names outlive a reload", async (t) => {
  const visitor = await visit(t, SMALL);
  await visitor.nameClasses(["circle", "star", "empty"]);
  await visitor.teach(["circle", "star"], 2, random(5));
  await kept(visitor.page);
  await visitor.page.reload();
  await visitor.page.locator("[data-device]").waitFor();
  await visitor.taught();
  assert.deepEqual(await classNames(visitor.page), ["circle", "star", "empty"]);
  assert.equal(await visitor.page.locator(".thumbnail").count(), 4);
  assert.equal(await visitor.guess(shape("star", random(6))), "star");
});

test("of two tabs, only the first saves, and the other says so", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const other = await visitor.page.context().newPage();
  await other.goto(visitor.page.url());
  await other.getByText(/open in another tab/).waitFor();
  await other.getByRole("button", { name: "Delete Cat" }).click();
  await visitor.page.getByRole("button", { name: "Delete House" }).click();
  await kept(visitor.page);
  await other.close();
  await visitor.page.reload();
  await visitor.page.getByRole("button", { name: "Delete Cat" }).waitFor();
  assert.equal(await visitor.page.locator(".card").count(), 1);
  assert.equal(await visitor.page.getByText(/open in another tab/).count(), 0);
});

test("names can be swapped, and a deleted one given away", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 2, random(5));
  await visitor.nameClasses(["moon", "circle"]);
  await visitor.nameClasses(["star", "circle"]);
  assert.equal(await visitor.guess(shape("star", random(6))), "circle");
  await page.getByRole("button", { name: "Delete star" }).click();
  await visitor.nameClasses(["star"]);
  await visitor.nameClasses(["star", "circle"]);
  await visitor.teach(["circle"], 2, random(7));
  assert.equal(await visitor.guess(shape("star", random(6))), "star");
  assert.equal(await page.locator(".notice.problem").count(), 0);
});

test("a name that is being typed outlives what happens meanwhile", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const field = visitor.page.getByLabel("Name of the class").first();
  await field.focus();
  await visitor.page.keyboard.press("Control+a");
  await visitor.page.keyboard.type("Tig");
  const picture = await visitor.page.locator(".sheet canvas").screenshot();
  const file = { name: "doodle.png", mimeType: "image/png", buffer: picture };
  await visitor.page.locator("input[type=file]").first().setInputFiles(file);
  await visitor.page.locator("img.thumbnail").waitFor();
  await field.focus();
  await visitor.page.keyboard.type("er");
  assert.equal(await field.inputValue(), "Tiger");
});

test("a stroke ends when its drawing is added", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const { page } = visitor;
  const box = await page.locator(".sheet canvas").boundingBox();
  const move = (share) => page.mouse.move(box.x + share * box.width, box.y + share * box.height);
  await move(0.2);
  await page.mouse.down();
  await move(0.5);
  await page.keyboard.press("Enter");
  await move(0.8);
  await page.mouse.up();
  assert.equal(await page.locator(".thumbnail").count(), 1);
  assert.ok(await page.getByRole("button", { name: "Clear" }).isDisabled());
});

test("refused storage breaks nothing", async (t) => {
  const visitor = await visit(t, SMALL);
  await visitor.page.addInitScript(() => {
    indexedDB.open = () => {
      throw new DOMException("denied", "SecurityError");
    };
  });
  await visitor.page.reload();
  await visitor.page.getByText(/does not let this page store/).waitFor();
  await visitor.page.locator("[data-device]").waitFor();
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 1, random(5));
  assert.equal(await visitor.guess(shape("star", random(6))), "star");
});

test("an empty sheet, a dot and a single class are met kindly", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  const notice = page.locator(".notice p");
  await page.keyboard.press("Enter");
  assert.match(await notice.textContent(), /Draw something first/);
  await visitor.draw([
    [0.5, 0.5],
    [0.5, 0.5],
  ]);
  await page.keyboard.press("Enter");
  await page.locator(".notice.problem").waitFor();
  assert.equal(await page.locator(".thumbnail").count(), 0);
  await visitor.draw(shape("star", random(1)));
  await page.keyboard.press("Enter");
  await visitor.taught();
  await visitor.trainButton.click();
  await page.getByText(/at least two classes/).waitFor();
  assert.equal(await page.locator(".thumbnail").count(), 1);
});

test("undo and clear take back; deletions can be undone", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const { page } = visitor;
  const ink = () =>
    page.locator(".sheet canvas").evaluate(async (canvas) => {
      await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value, index) => index % 4 === 3 && value > 0);
    });
  await visitor.draw(shape("circle", random(1)));
  assert.ok(await ink());
  await page.keyboard.press("Control+z");
  assert.ok(!(await ink()));
  await visitor.draw(shape("circle", random(1)));
  await page.getByRole("button", { name: "Clear" }).click();
  assert.ok(!(await ink()));
  await page.getByRole("button", { name: "Undo" }).click();
  assert.ok(await ink());
  await page.getByRole("button", { name: /^Add to/ }).click();
  assert.equal(await page.locator(".thumbnail").count(), 1);

  await page.getByRole("button", { name: "Delete doodle 1 of Cat" }).click({ force: true });
  assert.equal(await page.locator(".thumbnail").count(), 0);
  await page.locator(".notice-action").click();
  assert.equal(await page.locator(".thumbnail").count(), 1);
  // The next card slides under the pointer, and is not meant by the second click.
  await page.getByRole("button", { name: "Delete Cat" }).dblclick();
  assert.equal(await page.locator(".card").count(), 1);
  await page.locator(".notice-action").click();
  assert.equal(await page.locator(".card").count(), 2);
  assert.equal(await page.locator(".thumbnail").count(), 1);
});

test("pictures come in by file; what is no picture is refused", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  const png = await page.locator(".sheet canvas").screenshot();
  const picker = page.locator("input[type=file]").first();
  await picker.setInputFiles([
    { name: "doodle.png", mimeType: "image/png", buffer: png },
    { name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") },
  ]);
  await page.getByText(/“notes.png” is not a picture/).waitFor();
  assert.equal(await page.locator("img.thumbnail").count(), 1);
});

test("a worker that dies under the page is replaced and the doodles are still there", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 2, random(5));
  await page.workers()[0].evaluate(() => {
    setTimeout(() => {
      throw new WebAssembly.RuntimeError("unreachable");
    });
  });
  await visitor.guess(shape("circle", random(8)));
  await page.getByText(/has been restarted/).waitFor();
  assert.equal(await page.locator(".thumbnail").count(), 4);
  assert.equal(await visitor.guess(shape("star", random(6))), "star");
});

test("WebGPU that is asked for and missing means the CPU, with a word", async (t) => {
  const visitor = await visit(t, SMALL, { ready: false });
  const { page } = visitor;
  await page.route("**/worker*.js", async (route) => {
    const response = await route.fetch();
    const hide = `Object.defineProperty(navigator, "gpu", { value: undefined });`;
    await route.fulfill({ response, body: hide + (await response.text()) });
  });
  await visitor.open(page.url().replace("device=cpu", "device=webgpu"));
  const line = page.locator("[data-device=cpu]");
  assert.match(await line.textContent(), /Runs on your processor.*WebGPU is not available here/);
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 1, random(5));
  assert.equal(await visitor.guess(shape("star", random(6))), "star");
});

test("the page's own thread is never busy for 50 ms while the worker looks, trains and guesses", async (t) => {
  const visitor = await visit(t, SMALL);
  await visitor.nameClasses(["circle", "star"]);
  const longest = await longestTask(visitor.page, async () => {
    await visitor.teach(["circle", "star"], 4, random(5));
    await visitor.train();
    await visitor.guess(shape("star", random(6)));
  });
  t.diagnostic(`the longest task took ${longest} ms`);
  assert.ok(longest < 50, `${longest} ms`);
});

test("Stop is heard while doodles are still being looked at", async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await page.evaluate(() => {
    const { postMessage } = Worker.prototype;
    const held = new Promise((resolve) => (globalThis.release = resolve));
    Worker.prototype.postMessage = function (message, ...rest) {
      const post = () => postMessage.call(this, message, ...rest);
      if ((message.command ?? message).type === "add") void held.then(post);
      else post();
    };
  });
  for (const name of ["Cat", "House"]) {
    await visitor.choose(name);
    await visitor.draw(shape("star", random(1)));
    await page.keyboard.press("Enter");
  }
  await visitor.trainButton.click();
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByRole("button", { name: "Train", exact: true }).waitFor();
  await page.evaluate(() => globalThis.release());
  await page.getByText("2 doodles are ready to learn from.").first().waitFor();
});

test(
  "fine-tuning says what it is at, pauses and goes on, even after a sleep",
  { timeout: 300_000 },
  async (t) => {
    const visitor = await visit(t, "?device=cpu&backbone=efficientnet-lite0&size=32");
    const { page, report } = visitor;
    const button = (name) => page.getByRole("button", { name, exact: true });
    await visitor.nameClasses(["circle", "star"]);
    await visitor.teach(["circle", "star"], 5, random(5));
    await visitor.trainButton.click();
    await button("Pause").click({ timeout: 60_000 });
    await page
      .getByText(/^Fine-tuning the network: round \d+ of \d+, paused/)
      .first()
      .waitFor();
    await page.waitForTimeout(1000); // the step under way ends
    const waiting = await report.textContent();
    await page.waitForTimeout(1000);
    assert.equal(await report.textContent(), waiting);
    assert.ok(["circle", "star"].includes(await visitor.guess(shape("star", random(6)))));
    await button("Resume").click();
    await page
      .getByText(/^Fine-tuning .* left/)
      .first()
      .waitFor();

    // A tab that is put to sleep goes on where it was.
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Page.setWebLifecycleState", { state: "frozen" });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await devtools.send("Page.setWebLifecycleState", { state: "active" });
    const asleep = await report.textContent();
    await page.waitForFunction(
      (before) => document.querySelector("#train-progress").textContent !== before,
      asleep,
    );
    await button("Stop").click();
    await page
      .getByText(/^Learnt from \d+ doodles in .* until you said stop/)
      .first()
      .waitFor();
    assert.equal(await page.locator(".train .big").count(), 1);
    assert.equal(await visitor.guess(shape("star", random(7))), "star");
    assert.match(await page.locator(".guess-how").textContent(), /after training/);
    assert.deepEqual(visitor.problems, []);
  },
);

test("a keyboard is enough for everything but drawing", { timeout: 120_000 }, async (t) => {
  const visitor = await visit(t, SMALL);
  const { page } = visitor;
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 3, random(5));
  await page.evaluate(() => document.activeElement.blur());

  const tabTo = async (matches) => {
    for (let i = 0; i < 80; i++) {
      await page.keyboard.press("Tab");
      const found = await page.evaluate(() => {
        const at = document.activeElement;
        return `${at.tagName} ${at.getAttribute("aria-label") ?? at.textContent} ${at.value ?? ""}`;
      });
      if (matches.test(found)) return;
    }
    assert.fail(`no way to ${matches} by Tab`);
  };
  await tabTo(/Add a class/);
  await page.keyboard.press("Enter");
  await page.keyboard.type("moon"); // at once: the field is there to be typed in
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Add to moon" }).waitFor();

  await tabTo(/INPUT Name of the class star/);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("comet");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Delete comet" }).waitFor();

  await tabTo(/Delete doodle 1 of comet/);
  await page.keyboard.press("Enter");
  await page.getByText("Doodle deleted.").waitFor();
  assert.match(
    await page.evaluate(() => document.activeElement.getAttribute("aria-label")),
    /Delete doodle 1 of comet/,
  );
  await tabTo(/BUTTON Undo/);
  await page.keyboard.press("Enter");

  await tabTo(/BUTTON Train/);
  await page.keyboard.press("Space");
  await page
    .getByText(/^Learnt from/)
    .first()
    .waitFor();
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Train again/);
});
