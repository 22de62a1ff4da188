// Weights that are not there, or not whole: a kind sentence, and the drawings stay.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { random, shape } from "./lib/shapes.mjs";
import { stage } from "./lib/stage.mjs";

for (const [weights, sentence] of [
  ["missing", /network could not be loaded.*try again/],
  ["truncated", /weight/i],
]) {
  describe(`${weights} weights`, () => {
    const { visit } = stage({ weights });

    test("are reported kindly and cost no doodle", async (t) => {
      const visitor = await visit(t, "?device=cpu", { ready: false });
      const { page } = visitor;
      await page.locator(".notice.problem").waitFor();
      assert.match(await page.locator(".notice p").textContent(), sentence);
      await visitor.draw(shape("star", random(1)));
      await page.keyboard.press("Enter");
      assert.equal(await page.locator(".thumbnail").count(), 1);
      await page.locator(".notice").getByRole("button", { name: "Try again" }).click();
      await page.locator(".notice.problem").waitFor();
      assert.equal(await page.locator(".thumbnail").count(), 1);
    });
  });
}
