// The service worker of a build: www/service-worker.js with the list of the build's files in front of it.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Large, and of use only to those who choose it. */
const EXTRA = /efficientnet-lite0.*\.safetensors$/;
const NAME = "service-worker.js";

/** Writes the service worker when everything else is there. */
export function offline() {
  let folder;
  return {
    name: "offline",
    apply: "build",
    configResolved: ({ root, build }) => {
      folder = join(root, build.outDir);
    },
    closeBundle: {
      order: "post",
      handler: () => writeServiceWorker(folder),
    },
  };
}

function writeServiceWorker(folder) {
  const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== NAME)
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = createHash("sha256");
  for (const path of paths) hash.update(relative(folder, path)).update(readFileSync(path));
  const names = paths.map((path) => relative(folder, path).split(sep).join("/"));
  const constants = {
    VERSION: hash.digest("hex").slice(0, 12),
    // The page is asked for by its folder.
    FILES: names.filter((name) => !EXTRA.test(name)).map((name) => (name === "index.html" ? "./" : name)),
    EXTRAS: names.filter((name) => EXTRA.test(name)),
  };
  const head = Object.entries(constants).map(
    ([name, value]) => `const ${name} = ${JSON.stringify(value)};\n`,
  );
  const body = readFileSync(fileURLToPath(new URL(NAME, import.meta.url)), "utf8");
  writeFileSync(join(folder, NAME), head.join("") + body);
}
