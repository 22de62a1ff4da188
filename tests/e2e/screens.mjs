// A walk through the page with a camera: node tests/e2e/screens.mjs FOLDER [VIEW…]
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { launch } from "./lib/browser.mjs";
import { doodle, NAMES } from "./lib/doodles.mjs";
import { serve } from "./lib/server.mjs";
import { random } from "./lib/shapes.mjs";
import { DIST, Visitor } from "./lib/visitor.mjs";

const [folder, ...wanted] = process.argv.slice(2);
if (!folder) throw new Error("Say where the pictures shall go: node tests/e2e/screens.mjs FOLDER [VIEW…]");
await mkdir(folder, { recursive: true });

const DEVICES = {
  desktop: { viewport: { width: 1440, height: 900 } },
  tablet: { viewport: { width: 820, height: 1180 }, hasTouch: true },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
  landscape: { viewport: { width: 740, height: 360 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true },
};
const LOOKS = {
  light: { colorScheme: "light" },
  dark: { colorScheme: "dark" },
  contrast: { colorScheme: "light", contrast: "more" },
};
/** Every device by every light, as "phone-dark". */
const VIEWS = Object.entries(DEVICES).flatMap(([device, size]) =>
  Object.entries(LOOKS).map(([look, light]) => [`${device}-${look}`, { ...size, ...light }]),
);

async function walk(visitor, shoot) {
  const { page } = visitor;
  const next = random(7);
  await visitor.open(server.url);
  await shoot("1-empty");
  await page.locator(".welcome").getByRole("button", { name: "Show me around" }).click();
  await page.getByRole("dialog").waitFor();
  await shoot("1-tour");
  await page.keyboard.press("Escape");
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
  await page.getByRole("button", { name: /^Expert/ }).click();
  await page.locator("#strategy").selectOption("lp-ft");
  await page.locator(".phase").nth(1).waitFor();
  await shoot("3-expert");
  await page.getByLabel("Epochs").last().fill("40");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Train like this" }).click();
  await page
    .getByText(/round [5-9] of/)
    .first()
    .waitFor();
  await shoot("3-training");
  await page.getByRole("button", { name: "Stop" }).click();
  await page
    .getByText(/^Learnt from/)
    .first()
    .waitFor();
  await page.getByRole("link", { name: "Understand" }).click();
  await page.locator(".spot").first().waitFor();
  await shoot("4-understand");
  await page.getByRole("link", { name: "Lab" }).click();
  await page.getByRole("button", { name: "None" }).click();
  for (const name of ["feature-extraction", "lp-ft", "from-scratch"])
    await page.locator(`input[name=${name}]`).check();
  await page.locator("input[name=epochs]").fill("12");
  await page.keyboard.press("Tab");
  await page.getByRole("button", { name: "Start the race" }).click();
  await page.getByRole("button", { name: "Race again" }).waitFor();
  await shoot("5-lab");
  await page.getByRole("button", { name: /projects and files$/ }).click();
  await shoot("6-projects");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "Race" }).click();
  await page.getByLabel("Your own network").check();
  await page.getByLabel("3", { exact: true }).check();
  await shoot("7-race");
  await page.getByRole("button", { name: "Start the race" }).click();
  await shoot("7-handover");
  for (const words of ["Show me the word", "Next word", "Next word"]) {
    await page.getByRole("button", { name: words }).press("Enter");
    await page.locator("[data-stage=draw]").waitFor();
    const word = (await page.locator(".race-word").textContent()).replace("Draw", "").trim();
    const [first, ...rest] = doodle(word, next);
    await visitor.draw(first);
    if (words !== "Next word") await shoot("7-drawing");
    await visitor.draw(...rest);
    await page.locator("[data-stage=verdict]").waitFor();
  }
  await shoot("7-verdict");
  await page.getByRole("button", { name: "To the result" }).press("Enter");
  await page.locator("[data-stage=end]").waitFor();
  await shoot("7-result");
}

const server = await serve({ "/": DIST });
const browser = await launch();
try {
  for (const [view, options] of VIEWS) {
    if (wanted.length > 0 && !wanted.includes(view)) continue;
    const page = await browser.newPage(options);
    page.setDefaultTimeout(120_000); // a busy machine is slow, not broken
    const shoot = (moment) =>
      page.screenshot({ path: join(folder, `${view}-${moment}.png`), fullPage: !view.startsWith("desktop") });
    try {
      await walk(new Visitor(page), shoot);
    } catch (error) {
      await shoot("failed").catch(() => {}); // the error tells more than a camera that fails too
      throw error;
    }
    await page.close();
  }
} finally {
  await browser.close();
  await server.close();
}
