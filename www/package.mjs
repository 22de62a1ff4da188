// Completes pkg/: adds this library and the weights to what wasm-pack has made, and makes an npm package of it.
import { execFileSync } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withoutMissingWeights } from "./models.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const pkg = join(root, "pkg");

const manifest = JSON.parse(
  await readFile(join(pkg, "package.json"), "utf8").catch(() => {
    throw new Error("pkg/ is not there yet: run `wasm-pack build --target web` first.");
  }),
);

await rm(join(pkg, "lib"), { recursive: true, force: true });
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.package.json")], { stdio: "inherit" });

// In the package the library lies beside the wasm and the weights, not two folders away.
for (const name of ["assets.js", "assets.d.ts", "models.js"]) {
  const file = join(pkg, "lib", name);
  const code = withoutMissingWeights(await readFile(file, "utf8"));
  await writeFile(file, code.replaceAll("../../pkg/", "../").replaceAll("../../models/", "../models/"));
}

// As many weights as the library knows of, and none that an earlier build has left.
await rm(join(pkg, "models"), { recursive: true, force: true });
await mkdir(join(pkg, "models"));
const models = await readFile(join(pkg, "lib", "models.js"), "utf8");
for (const [weights] of models.matchAll(/models\/[^"/]+\.safetensors/g)) {
  await cp(join(root, weights), join(pkg, weights));
}

const { main: _main, types: _types, ...rest } = manifest;
const complete = {
  ...rest,
  name: "doodletune",
  type: "module",
  exports: {
    ".": { types: "./lib/index.d.ts", default: "./lib/index.js" },
    "./package.json": "./package.json",
  },
  files: [
    "lib",
    "models",
    "doodletune.js",
    "doodletune.d.ts",
    "doodletune_bg.wasm",
    "doodletune_bg.wasm.d.ts",
    "LICENSE-*",
  ],
  sideEffects: ["./lib/worker.js"],
};
await writeFile(join(pkg, "package.json"), `${JSON.stringify(complete, null, 2)}\n`);
console.log("pkg/ is complete.");
