import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/lib/browser.mjs";
import { serve } from "../e2e/lib/server.mjs";

const folder = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** A browser and a server with the package, the page, and what is here. */
export async function stage() {
  const folders = {
    "/pkg/": folder("pkg/"),
    "/endurance/": folder("tests/endurance/"),
    "/lib/": folder("tests/e2e/lib/"),
    "/": folder("dist/"),
  };
  const server = await serve(folders);
  const browser = await launch();
  return {
    url: server.url,
    browser,
    /**
     * A plain page with the package on it, as `endurance`; its workers are metered, and its `clock` can be put forward. The
     * worker of an engine takes the machine for one with so many `cores`.
     */
    async plain({ clock = false, cores } = {}) {
      const context = await browser.newContext({ serviceWorkers: "block" });
      const worker = await readFile(folder("pkg/lib/worker.js"), "utf8");
      await context.route("**/pkg/lib/worker.js", (route) =>
        route.fulfill({
          contentType: "text/javascript",
          body: `import "/endurance/meter.js";\n${cores ? pretend(cores) : ""}${worker}`,
        }),
      );
      const page = await context.newPage();
      if (clock) await page.clock.install();
      await page.goto(`${server.url}/endurance/index.html`);
      await page.waitForFunction(() => "endurance" in globalThis);
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

const pretend = (cores) => `Object.defineProperty(navigator, "hardwareConcurrency", { value: ${cores} });\n`;

/** `--name value` pairs of the command line over what is usual. */
export function options(usual) {
  const given = process.argv.slice(2);
  const known = Object.keys(usual);
  const chosen = { ...usual };
  for (let at = 0; at < given.length; at += 2) {
    const name = given[at].replace(/^--/, "");
    const value = Number(given[at + 1]);
    if (!known.includes(name) || !(value >= 0))
      throw new Error(
        `${given[at]} ${given[at + 1] ?? ""}: there are ${known.map((one) => `--${one}`).join(", ")}`,
      );
    chosen[name] = value;
  }
  return chosen;
}
