// The pretrained networks: the default works at once and guesses untaught; another can be chosen, and no doodle is lost.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random, shape } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { visit } = stage();

test("the page works with its own files only, and guesses before it is taught", async (t) => {
  const visitor = await visit(t, "?device=cpu");
  const { page } = visitor;
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.reload();
  await page.locator("[data-device]").waitFor();
  await page.getByText(/I know \d+ things already/).waitFor();
  await visitor.guess(shape("circle", random(1)));
  assert.equal(await page.locator(".bars.pretrained .bar").count(), 3);
  assert.match(await page.locator(".guess-how").textContent(), /One of \d+ things.*two classes/);
  const { origin } = new URL(page.url());
  assert.deepEqual(
    asked.filter((url) => !url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)),
    [],
  );
  const weights = asked.filter((url) => url.endsWith(".safetensors")).map((url) => url.split("/").at(-1));
  assert.match(weights.join(), /^doodle[^,]*$/, "one download of weights, and a small one");
  assert.deepEqual(visitor.problems, []);
});

test("one's own classes take over as soon as there are two", async (t) => {
  const visitor = await visit(t, "?device=cpu");
  const { page } = visitor;
  await visitor.nameClasses(["hoop", "sparkle"]);
  await visitor.choose("hoop");
  await visitor.draw(shape("circle", random(1)));
  await page.keyboard.press("Enter");
  await visitor.taught();
  assert.ok(!["hoop", "sparkle"].includes(await visitor.guess(shape("star", random(2)))));
  await visitor.choose("sparkle");
  await page.keyboard.press("Enter");
  await visitor.taught();
  assert.equal(await visitor.guess(shape("star", random(3))), "sparkle");
  assert.match(await page.locator(".guess-how").textContent(), /before training/);
  await page.getByRole("button", { name: "Delete sparkle" }).click();
  await page.locator(".bars.pretrained").waitFor();
});

test("a network that did not come can be asked for again, whatever else is said meanwhile", async (t) => {
  const visitor = await visit(t, "?device=cpu");
  const { page } = visitor;
  const again = (place) => page.locator(place).getByRole("button", { name: "Try again" });
  const weights = "**/*.safetensors";
  await page.route(weights, (route) => route.abort());
  await page.reload();
  await again(".notice").waitFor();
  await page.getByRole("button", { name: "Delete Cat" }).click();
  await page.getByText("Cat is gone.").waitFor();
  await visitor.trainButton.click();
  await again(".notice").waitFor();
  assert.match(await page.locator(".notice p").textContent(), /network could not be loaded/);
  await page.getByRole("link", { name: "Lab" }).click();
  await page
    .locator("#lab-why")
    .getByText(/could not be loaded/)
    .waitFor();
  await page.getByRole("link", { name: "Teach" }).click();
  await page.unroute(weights);
  await again(".train").click();
  await page.locator("[data-device]").waitFor();
  assert.equal(await page.locator(".notice").count(), 0);
});

test("another network can be chosen and keeps all drawings", { timeout: 300_000 }, async (t) => {
  const visitor = await visit(t, "?device=cpu&size=64");
  const { page } = visitor;
  const chosen = (name) => page.getByRole("radio", { name });
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 4, random(5));
  await visitor.train();
  await visitor.draw(shape("star", random(6)));

  await chosen(/EfficientNet/).check();
  await page.locator("[data-device]").waitFor({ state: "detached" });
  await page.locator("[data-device]").waitFor({ timeout: 60_000 });
  await visitor.taught();
  assert.equal(await page.locator(".thumbnail").count(), 8);
  assert.equal(await visitor.settledGuess(), "star", "the drawing on the sheet is still there");
  assert.match(await page.locator(".guess-how").textContent(), /before training/);
  assert.equal(new URL(page.url()).search, "?device=cpu&backbone=efficientnet-lite0");
  await page.getByRole("button", { name: "Train", exact: true }).waitFor();

  // Back before it has come: the last word counts.
  await page.reload();
  assert.ok(await chosen(/EfficientNet/).isChecked());
  await chosen(/Doodle/).check();
  await chosen(/EfficientNet/).check();
  await chosen(/Doodle/).check();
  await page.locator("[data-device]").waitFor();
  // On a busy machine the network may be back before the drawings are.
  await page.locator(".thumbnail").nth(7).waitFor();
  await visitor.taught();
  assert.equal(await page.locator(".thumbnail").count(), 8);
  assert.equal(await visitor.guess(shape("circle", random(7))), "circle");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Delete star" }).click();
  await page.getByText(/I know \d+ things already/).waitFor();
  assert.deepEqual(visitor.problems, []);
});
