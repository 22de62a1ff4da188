// A walk through the page with a camera: node tests/e2e/screens.mjs FOLDER
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./lib/browser.mjs";
import { doodle, NAMES } from "./lib/doodles.mjs";
import { serve } from "./lib/server.mjs";
import { random } from "./lib/shapes.mjs";
import { DIST, Visitor } from "./lib/visitor.mjs";

const folder = process.argv[2];
if (!folder) throw new Error("Say where the pictures shall go: node tests/e2e/screens.mjs FOLDER");
await mkdir(folder, { recursive: true });

const VIEWS = {
  desktop: { viewport: { width: 1440, height: 900 } },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};

/** Slow motion: the page gets the events of a training one by one, so that the camera can follow. */
function slowMotion() {
  const { set } = Object.getOwnPropertyDescriptor(Worker.prototype, "onmessage");
  let before = Promise.resolve();
  Object.defineProperty(Worker.prototype, "onmessage", {
    set(receive) {
      set.call(this, (event) => {
        const pause = event.data.type === "epoch" ? 60 : 0;
        before = before
          .then(() => new Promise((resolve) => setTimeout(resolve, pause)))
          .then(() => receive(event));
      });
    },
  });
}

const server = await serve({ "/": DIST });
const browser = await launch();
for (const [view, options] of Object.entries(VIEWS)) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ ...options, colorScheme });
    await page.addInitScript(slowMotion);
    const shoot = (moment) =>
      page.screenshot({
        path: join(folder, `${view}-${colorScheme}-${moment}.png`),
        fullPage: view === "phone",
      });
    const visitor = new Visitor(page);
    const next = random(7);
    await visitor.open(server.url);
    await shoot("1-empty");
    await visitor.guess(...doodle("House", next));
    await page.waitForTimeout(300);
    await shoot("1-untaught");
    await page.keyboard.press("Escape");
    await visitor.nameClasses(NAMES);
    for (const name of NAMES) {
      await visitor.choose(name);
      for (let i = 0; i < 6; i++) {
        await visitor.draw(...doodle(name, next));
        await page.keyboard.press("Enter");
      }
    }
    await visitor.taught();
    await visitor.guess(...doodle("Fish", next));
    await shoot("2-before");
    await visitor.trainButton.click();
    await page
      .getByText(/^Learnt from/)
      .first()
      .waitFor({ timeout: 120_000 });
    await visitor.guess(...doodle("Cat", next));
    await page.waitForTimeout(300);
    await shoot("3-after");
    await page.close();
  }
}
await browser.close();
await server.close();
