import { chromium } from "playwright-core";
import { program } from "./program.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/** WebGPU without a GPU, and no chatter of the browser's own. */
const ARGS = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/** The system's Chromium: the one named by CHROMIUM, or the first on the PATH. */
export function launch() {
  return chromium.launch(chosen());
}

/** The same with a profile that is kept in a folder, as people's browsers have one. */
export function launchWithProfile(folder) {
  return chromium.launchPersistentContext(folder, chosen());
}

function chosen() {
  const executablePath = program("CHROMIUM", NAMES);
  // The headless shell that Playwright would choose by itself has no WebGPU.
  const args = ["--headless=new", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), ...ARGS];
  return { executablePath, args, ignoreDefaultArgs: ["--headless", "--disable-gpu"] };
}
