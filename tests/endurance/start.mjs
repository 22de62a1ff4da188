// From opening the page to the first guess, with everything in the cache: somebody draws as soon as there is paper.
// node tests/endurance/start.mjs [--rounds 10] [--details 1], after `npm run build`
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launchWithProfile } from "../e2e/lib/browser.mjs";
import { serve } from "../e2e/lib/server.mjs";
import { DIST } from "../e2e/lib/visitor.mjs";
import { options } from "./stage.mjs";

const { rounds, details } = options({ rounds: 10, details: 0 });

/** Runs before the page's scripts: draws on the paper as soon as it is there, and takes the time of what comes. */
function impatient() {
  const times = (globalThis.times = {});
  const seen = new MutationObserver(() => {
    const paper = document.querySelector(".sheet canvas");
    if (paper && !times.paper) {
      times.paper = true;
      draw(paper);
    }
    if (document.querySelector("[data-device]")) times.network ??= performance.now();
    if (document.querySelector(".guess-headline")) times.guess ??= performance.now();
  });
  const draw = async (paper) => {
    paper.setPointerCapture = () => {};
    const { x, y, width, height } = paper.getBoundingClientRect();
    const event = (type, share) => {
      const [cos, sin] = [Math.cos, Math.sin].map((f) => 0.5 + 0.3 * f(2 * Math.PI * share));
      const [clientX, clientY] = [x + width * cos, y + height * sin];
      return new PointerEvent(type, { clientX, clientY, pointerId: 1, bubbles: true, cancelable: true });
    };
    // The paper takes it as soon as it listens.
    while (paper.dispatchEvent(event("pointerdown", 0))) await new Promise(requestAnimationFrame);
    for (let step = 1; step < 24; step++) paper.dispatchEvent(event("pointermove", step / 24));
    paper.dispatchEvent(event("pointerup", 1));
    times.drawn = performance.now();
  };
  seen.observe(document, { childList: true, subtree: true, attributes: true });
}

const profile = await mkdtemp(join(tmpdir(), "doodletune-start-"));
const server = await serve({ "/": DIST });
const context = await launchWithProfile(profile);
const visits = [];
try {
  // Visited before: files and compiled code are kept from the second time on.
  for (let round = -3; round < rounds; round++) {
    const page = await context.newPage();
    if (round >= -2) await page.addInitScript(impatient);
    await page.goto(`${server.url}/`);
    if (round >= -2) await page.waitForFunction(() => globalThis.times.guess);
    else
      await page.evaluate(async () => {
        await navigator.serviceWorker.ready;
      });
    if (round === -3) await page.waitForTimeout(3_000);
    if (round >= 0) {
      visits.push(await page.evaluate(() => globalThis.times));
      if (details) console.log(JSON.stringify({ ...visits.at(-1), ...(await inside(page)) }));
    }
    await page.close();
  }
} finally {
  await context.close();
  await server.close();
  await rm(profile, { recursive: true, force: true });
}

for (const what of ["drawn", "network", "guess"]) {
  const sorted = visits.map((times) => Math.round(times[what])).toSorted((a, b) => a - b);
  console.log(`${what}: ${sorted[Math.floor(sorted.length / 2)]} ms (${sorted[0]} to ${sorted.at(-1)})`);
}

/** When what was loaded, since the page was opened. */
async function inside(page) {
  const resources = () => ({
    origin: performance.timeOrigin,
    files: performance
      .getEntriesByType("resource")
      .map(({ name, startTime, responseEnd }) => [
        name.split("/").pop().slice(0, 18),
        startTime,
        responseEnd,
      ]),
  });
  const own = await page.evaluate(resources);
  const [worker] = page.workers();
  const its = await worker.evaluate(resources);
  const round = ({ origin, files }) =>
    files.map(
      ([name, ...times]) =>
        `${name} ${times.map((time) => Math.round(time + origin - own.origin)).join("-")}`,
    );
  return { page: round(own), worker: Math.round(its.origin - own.origin), files: round(its) };
}
