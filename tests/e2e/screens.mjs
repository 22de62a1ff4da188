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

async function walk(visitor, shoot) {
  const { page } = visitor;
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
    .waitFor();
  await visitor.guess(...doodle("Cat", next));
  await page.waitForTimeout(300);
  await shoot("3-after");
  await page.getByRole("link", { name: "Understand" }).click();
  await page.locator(".spot").first().waitFor();
  await shoot("4-understand");
  await page.getByRole("link", { name: "Lab" }).click();
  await page.getByRole("button", { name: "Start the race" }).click();
  await page.getByRole("button", { name: "Race again" }).waitFor();
  await shoot("5-lab");
}

const server = await serve({ "/": DIST });
const browser = await launch();
try {
  for (const [view, options] of Object.entries(VIEWS)) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await browser.newPage({ ...options, colorScheme });
      page.setDefaultTimeout(120_000); // a busy machine is slow, not broken
      const shoot = (moment) =>
        page.screenshot({
          path: join(folder, `${view}-${colorScheme}-${moment}.png`),
          fullPage: view === "phone",
        });
      try {
        await walk(new Visitor(page), shoot);
      } catch (error) {
        await shoot("failed").catch(() => {}); // the error tells more than a camera that fails too
        throw error;
      }
      await page.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
