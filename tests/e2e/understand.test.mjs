// The room Understand: figures that lead to drawings, and what can be done about them there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { random, shape } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

const { visit } = stage();
const SMALL = "?device=cpu&size=64";

/** Two classes of five, one star of them among the circles, and the room is open. */
async function withAStray(t) {
  const visitor = await visit(t, SMALL);
  const next = random(11);
  await visitor.nameClasses(["circle", "star"]);
  await visitor.teach(["circle", "star"], 4, next);
  await visitor.choose("circle");
  await visitor.draw(shape("star", next));
  await visitor.page.keyboard.press("Enter");
  await visitor.taught();
  await visitor.page.getByRole("link", { name: "Understand" }).click();
  await visitor.page.locator(".spot").first().waitFor();
  return visitor;
}

/** What the matrix says, row by row. */
function matrix(page) {
  return page
    .locator(".confusion tbody tr")
    .evaluateAll((rows) =>
      rows.map((row) => [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent))),
    );
}

test("without doodles, the room says what it needs", async (t) => {
  const { page } = await visit(t, SMALL);
  await page.getByRole("link", { name: "Understand" }).click();
  await page.getByText(/at least two doodles of each of two classes/).waitFor();
  await page.getByRole("link", { name: "Draw doodles" }).click();
  await page.locator(".sheet canvas").waitFor();
});

test("a square of the matrix leads to the stray doodle, which is moved where it belongs, or deleted", async (t) => {
  const { page, problems } = await withAStray(t);
  assert.deepEqual(await matrix(page), [
    [4, 1],
    [0, 4],
  ]);
  await page.getByRole("button", { name: "circle, taken for star: 1" }).click();
  await page.locator(".cell-doodles").getByRole("button", { name: "circle, doodle 5" }).click();
  const dialog = page.getByRole("dialog", { name: "circle, doodle 5" });
  await dialog.getByText(/^Now I say/).waitFor();
  const glow = await dialog.locator(".heat").evaluate((canvas) =>
    canvas
      .getContext("2d")
      .getImageData(0, 0, canvas.width, canvas.height)
      .data.some((value) => value > 0),
  );
  assert.ok(glow, "the heat map shows where the network looked");
  await dialog.getByLabel(/to another class/).selectOption("star");
  await dialog.getByRole("button", { name: "Move", exact: true }).click();
  await page.getByText("Moved to star.").waitFor();
  await page.waitForFunction(() => /^9 of 9/.test(document.querySelector(".verdict").textContent));
  assert.deepEqual(await matrix(page), [
    [4, 0],
    [0, 5],
  ]);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("button", { name: "circle, taken for star: 1" }).waitFor();

  const surprising = page.locator(".surprising li");
  await surprising.getByText(/I said star/).waitFor();
  await surprising.getByRole("button", { name: "Delete doodle 5 of circle" }).click();
  await page.getByText(/^8 of 8/).waitFor();
  assert.equal(await page.locator(".spot").count(), 8);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText(/^8 of 9/).waitFor();
  assert.deepEqual(problems, []);
});

test("the map goes by arrow keys, like lies with like, and a fine-tuning redraws it", async (t) => {
  const visitor = await withAStray(t);
  const { page } = visitor;
  const spots = await page.locator(".spot").evaluateAll((all) =>
    all.map((spot) => {
      const { x, y } = spot.getBoundingClientRect();
      return { name: spot.getAttribute("aria-label"), x, y };
    }),
  );
  const centre = (some) => ["x", "y"].map((k) => some.reduce((sum, one) => sum + one[k], 0) / some.length);
  const stray = spots.find(({ name }) => name === "circle, doodle 5");
  const away = (label) => {
    const [x, y] = centre(spots.filter(({ name }) => name.startsWith(label) && name !== stray.name));
    return Math.hypot(stray.x - x, stray.y - y);
  };
  assert.ok(away("star") < away("circle"), "the stray star lies among the stars");

  const focused = () => page.evaluate(() => document.activeElement.getAttribute("aria-label"));
  await page.locator(".spot[tabindex='0']").focus();
  const met = new Set([await focused()]);
  for (const key of ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"]) {
    await page.keyboard.press(key);
    met.add(await focused());
  }
  const visited = await focused();
  assert.match(visited, /doodle \d/);
  assert.ok(met.size > 1, "the keys lead to others");
  await page.keyboard.press("Enter");
  await page.getByRole("dialog", { name: visited }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.equal(await focused(), visited, "the focus is where it was");

  assert.equal(await page.getByRole("radio", { name: "Before" }).count(), 0, "nothing was fine-tuned");
  await page.getByRole("link", { name: "Teach" }).click();
  await page.getByRole("button", { name: "Expert" }).click();
  await page.locator("#strategy").selectOption("lp-ft");
  await page.getByLabel("Epochs").last().fill("2");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Train like this" }).click();
  await page
    .getByText(/^Learnt from/)
    .first()
    .waitFor({ timeout: 60_000 });
  await page.getByRole("link", { name: "Understand" }).click();
  await page.getByText("held back from the last training").waitFor();
  const before = page.getByRole("radio", { name: "Before" });
  await before.waitFor();
  const places = () =>
    page
      .locator(".spot")
      .evaluateAll((all) =>
        all.map(({ style }) => [style.insetInlineStart, style.insetBlockStart].map(parseFloat)),
      );
  const after = await places();
  await before.check();
  const moved = (await places()).map(([x, y], index) => Math.hypot(x - after[index][0], y - after[index][1]));
  assert.ok(Math.max(...moved) > 0, "the network sees the doodles differently now");
  const mean = moved.reduce((sum, one) => sum + one) / moved.length;
  assert.ok(mean < 30, `a doodle that looks as before stays about where it was: ${mean} % of the map`);
});
