// The room Lab: strategies on the same drawings, and what is said of them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { random } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { visit } = stage();
const SMALL = "?device=cpu&size=64";

async function intoTheLab(t, each) {
  const visitor = await visit(t, SMALL);
  await visitor.nameClasses(["circle", "star"]);
  if (each > 0) await visitor.teach(["circle", "star"], each, random(13));
  await visitor.page.getByRole("link", { name: "Lab" }).click();
  return visitor;
}

/** Gives the first class a picture that no network can read, as where a device has no memory for it. */
async function addUnreadable(page) {
  await page.getByRole("link", { name: "Teach" }).click();
  await page.route("**/shrink.worker*.js", (route) =>
    route.fulfill({
      contentType: "text/javascript",
      body: `onmessage = () => postMessage(new Blob(["no picture"]))`,
    }),
  );
  const file = { name: "broken.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
  await page.locator(".card input[type=file]").first().setInputFiles(file);
  await page.locator(".notice.problem").waitFor();
  await page.getByRole("link", { name: "Lab" }).click();
}

/** Leaves just these in the race. */
async function choose(page, strategies, epochs) {
  await page.getByRole("button", { name: "None" }).click();
  for (const name of strategies) await page.locator(`input[name=${name}]`).check();
  await page.locator("input[name=epochs]").fill(String(epochs));
  await page.keyboard.press("Tab");
}

/** A file as rows of cells by the names of the columns. */
async function saved(page, button) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: button }).click(),
  ]);
  const [head, ...rows] = (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n");
  return rows.map((row) => Object.fromEntries(row.split(",").map((cell, i) => [head.split(",")[i], cell])));
}

test("too few doodles cannot race, and the room says why", async (t) => {
  const { page } = await intoTheLab(t, 0);
  await page.getByText(/at least four doodles in each of two classes/).waitFor();
  assert.ok(await page.getByRole("button", { name: "Start the race" }).isDisabled());
});

test("strategies race on the same drawings; figures follow from curves, stay, and end with Stop", async (t) => {
  const visitor = await intoTheLab(t, 4);
  const { page } = visitor;
  await addUnreadable(page);
  const raced = ["feature-extraction", "from-scratch", "distil"];
  await choose(page, raced, 2);
  await page.getByRole("button", { name: "Start the race" }).click();
  await page.getByRole("button", { name: "Race again" }).waitFor({ timeout: 120_000 });
  await page.getByText("6 drawings to learn from, 2 held back as a test. Seed 0").waitFor();
  assert.equal(await page.locator(".lab-results tbody tr").count(), 3);

  const table = await saved(page, "Table (CSV)");
  const curves = await saved(page, "Curves (CSV)");
  assert.deepEqual(
    table.map(({ strategy, state }) => [strategy, state]),
    raced.map((strategy) => [strategy, "done"]),
  );
  for (const row of table) {
    const curve = curves
      .filter(({ strategy }) => strategy === row.strategy)
      .map(({ validation_accuracy }) => Number(validation_accuracy));
    assert.equal(curve.length, row.strategy === "feature-extraction" ? 1 : 2, "a solved head is one epoch");
    assert.equal(Number(row.start), curve[0]);
    assert.equal(Number(row.asymptote), curve.at(-1));
    assert.equal(row.start_gain === "", row.strategy === "from-scratch");
    assert.ok([0, 0.5, 1].includes(Number(row.accuracy)), "two drawings are held back");
  }

  const [picture] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Picture (PNG)" }).click(),
  ]);
  const png = await readFile(await picture.path());
  assert.equal(png.subarray(1, 4).toString(), "PNG");
  assert.ok(png.length > 10_000, "something is on it");

  await page.getByRole("link", { name: "Teach" }).click();
  assert.match(
    await visitor.report.textContent(),
    /ready to learn from/,
    "the page's own tuner is untouched",
  );
  await page.getByRole("link", { name: "Lab" }).click();
  await page.locator(".lab-results tbody tr").nth(2).waitFor();
  assert.equal(await page.locator(".lab-results tbody tr").count(), 3);

  await choose(page, ["full", "lp-ft"], 1000);
  await page.getByRole("button", { name: "Race again" }).click();
  await page.getByText("1 of 2: Full learns").waitFor({ timeout: 60_000 });
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByRole("button", { name: "Race again" }).waitFor({ timeout: 30_000 });
  const rows = await page.locator(".lab-results tbody tr").allTextContents();
  assert.equal(rows.length, 1, "nobody begins after the stop");
  assert.match(rows[0], /Full.*stopped.*%/, "what was learnt until then is tested");
  assert.deepEqual(visitor.problems, []);
});
