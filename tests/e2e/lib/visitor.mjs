import { fileURLToPath } from "node:url";
import { shape } from "./shapes.mjs";

export const DIST = fileURLToPath(new URL("../../../dist/", import.meta.url));

/** Somebody who uses the page as people do: with a pointer and a keyboard. */
export class Visitor {
  constructor(page) {
    this.page = page;
    this.problems = [];
    page.on("pageerror", (error) => this.problems.push(`uncaught: ${error.message}`));
    page.on("console", (message) => message.type() === "error" && this.problems.push(message.text()));
  }

  /** Opens the page; `ready` false does not wait for the network. */
  async open(url, { ready = true, timeout = 120_000 } = {}) {
    await this.page.goto(url);
    await this.page.locator(".sheet canvas").waitFor();
    if (ready) await this.page.locator("[data-device]").waitFor({ timeout });
  }

  async nameClasses(names) {
    const fields = this.page.getByLabel("Name of the class");
    while ((await fields.count()) < names.length) {
      const before = await fields.count();
      await this.page.getByRole("button", { name: "Add a class" }).click();
      await fields.nth(before).waitFor();
    }
    for (const [index, name] of names.entries()) {
      await fields.nth(index).fill(name);
      await fields.nth(index).press("Enter");
    }
  }

  choose(name) {
    return this.page.locator(".chip", { hasText: name }).click();
  }

  /**
   * Draws strokes, each a list of points in the unit square, with the mouse. Waiting for each point by itself would take
   * a frame each; a quick hand makes several in one, and the page has to notice all of them.
   */
  async draw(...strokes) {
    const canvas = this.page.locator(".sheet canvas");
    await canvas.evaluate((element) => element.scrollIntoView({ block: "center" }));
    const box = await canvas.boundingBox();
    const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
    for (const points of strokes) {
      await this.page.mouse.move(...at(points[0]));
      await this.page.mouse.down();
      await Promise.all(points.slice(1).map((point) => this.page.mouse.move(...at(point))));
      await this.page.mouse.up();
    }
  }

  async teach(kinds, each, next) {
    for (const kind of kinds) {
      await this.choose(kind);
      for (let i = 0; i < each; i++) {
        await this.draw(shape(kind, next));
        await this.page.keyboard.press("Enter");
      }
    }
    await this.taught();
  }

  /** Waits until every doodle on the page has been looked at. */
  async taught(timeout = 180_000) {
    await this.page.waitForFunction(
      () => !/Looking at|Starting|…/.test(document.querySelector("#train-progress").textContent),
      undefined,
      { timeout },
    );
  }

  get trainButton() {
    return this.page.locator(".train .big").first();
  }

  get report() {
    return this.page.locator("#train-progress");
  }

  async train(timeout = 180_000) {
    await this.trainButton.click();
    await this.page
      .getByText(/^Learnt from/)
      .first()
      .waitFor({ timeout });
    return this.report.textContent();
  }

  /** Draws on an empty sheet and reads the guess when it has come to rest. */
  async guess(...strokes) {
    const headline = this.page.locator(".guess-headline");
    // Whatever has the keys takes the first: a text field, a dialog on its way out.
    for (let tries = 0; tries < 10; tries++) {
      await this.page.keyboard.press("Escape");
      const gone = headline.waitFor({ state: "detached", timeout: 2_000 });
      if (
        await gone.then(
          () => true,
          () => false,
        )
      )
        break;
    }
    await headline.waitFor({ state: "detached" });
    await this.draw(...strokes);
    return this.settledGuess();
  }

  async settledGuess(timeout = 60_000) {
    const headline = this.page.locator(".guess-headline");
    await headline.waitFor({ timeout });
    await this.page.waitForFunction(
      () => document.querySelector(".guess")?.dataset.settled === "true",
      undefined,
      { timeout },
    );
    return headline.getAttribute("data-label");
  }

  /** How many of `each` new drawings of every kind are recognised, and which are not. */
  async examine(kinds, each, next) {
    const wrong = [];
    for (const kind of kinds) {
      for (let i = 0; i < each; i++) {
        const guess = await this.guess(shape(kind, next));
        if (guess !== kind) wrong.push(`${kind} taken for ${guess}`);
      }
    }
    return { right: kinds.length * each - wrong.length, wrong };
  }
}
