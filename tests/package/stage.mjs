// What the tests of the packed package share: a project as a new user begins one, a server and a browser.
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "../e2e/lib/browser.mjs";
import { serve } from "../e2e/lib/server.mjs";

const PKG = fileURLToPath(new URL("../../pkg", import.meta.url));
const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/**
 * `project` is an empty folder into which the packed package, `tarball`, was installed; `out` is a folder in it, which
 * `server` serves under the strict policy.
 */
export const stage = {};

before(async () => {
  stage.project = await mkdtemp(join(tmpdir(), "doodletune-"));
  const npm = (...words) =>
    execFileSync("npm", words, { cwd: stage.project, encoding: "utf8", stdio: "pipe", shell: WINDOWS });
  const [{ filename }] = JSON.parse(npm("pack", PKG, "--json"));
  stage.tarball = join(stage.project, filename);
  await writeFile(join(stage.project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  npm("install", "--offline", "--no-audit", "--no-fund", filename);
  stage.out = join(stage.project, "out");
  await mkdir(stage.out);
  await writeFile(join(stage.out, "favicon.ico"), "for browsers that ask for one unasked");
  stage.server = await serve({ "/": stage.out }, { policy: POLICY });
  stage.browser = await launch();
});

// npm is a script there, and scripts need a shell.
const WINDOWS = process.platform === "win32";

after(async () => {
  await stage.browser?.close();
  await stage.server?.close();
  if (stage.project) await rm(stage.project, { recursive: true, force: true });
});

/** Opens a page and collects everything that the browser complains of. */
export async function open(t, address, context = stage.browser) {
  const page = await context.newPage();
  t.after(() => page.close());
  const complaints = [];
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, complaints };
}
