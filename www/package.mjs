// Completes pkg/: adds this library and the weights to what wasm-pack has made, and makes an npm package of it.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { withoutMissingWeights } from "./files.mjs";
import { withoutNames } from "./names.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const pkg = join(root, "pkg");

const manifest = JSON.parse(
  await readFile(join(pkg, "package.json"), "utf8").catch(() => {
    throw new Error("pkg/ is not there yet: run `wasm-pack build --target web` first.");
  }),
);

const wasm = join(pkg, "doodletune_bg.wasm");
await writeFile(wasm, withoutNames(await readFile(wasm)));

// As many weights as the library knows of and as there are.
const files = withoutMissingWeights(await readFile(join(root, "www", "lib", "files.ts"), "utf8"));
const weights = [...files.matchAll(/models\/[^"/]+\.safetensors/g)].map(([path]) => path);

// What they have to be when they are loaded. The library is compiled against it.
const integrity = {};
for (const [folder, path] of [[pkg, "doodletune_bg.wasm"], ...weights.map((path) => [root, path])]) {
  const hash = createHash("sha256").update(await readFile(join(folder, path)));
  integrity[path] = `sha256-${hash.digest("base64")}`;
}
await writeFile(
  join(pkg, "integrity.js"),
  `export const INTEGRITY = ${JSON.stringify(integrity, null, 2)};\n`,
);
await writeFile(join(pkg, "integrity.d.ts"), "export declare const INTEGRITY: Record<string, string>;\n");

await rm(join(pkg, "lib"), { recursive: true, force: true });
const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.package.json")], { stdio: "inherit" });

// In the package the library lies beside the wasm and the weights, not two folders away.
for (const name of ["wasm.js", "wasm.d.ts", "files.js", "files.d.ts"]) {
  const file = join(pkg, "lib", name);
  const code = withoutMissingWeights(await readFile(file, "utf8"));
  await writeFile(file, code.replaceAll("../../pkg/", "../").replaceAll("../../models/", "../models/"));
}

// None that an earlier build has left.
await rm(join(pkg, "models"), { recursive: true, force: true });
await mkdir(join(pkg, "models"));
for (const path of weights) await cp(join(root, path), join(pkg, path));

// For those who use it; wasm-pack has brought that of those who build it.
await cp(join(root, "www", "README.md"), join(pkg, "README.md"));
await rm(join(pkg, "docs"), { recursive: true, force: true });
for (const name of ["api.md", "bundlers.md", "files.md", "recognise.py"]) {
  await cp(join(root, "docs", name), join(pkg, "docs", name));
}

const complete = {
  ...manifest,
  name: "doodletune",
  type: "module",
  // For what is older than `exports`.
  main: "./lib/index.js",
  types: "./lib/index.d.ts",
  exports: {
    ".": { types: "./lib/index.d.ts", default: "./lib/index.js" },
    "./package.json": "./package.json",
  },
  files: [
    "lib",
    "docs",
    "models",
    "doodletune.js",
    "doodletune.d.ts",
    "doodletune_bg.wasm",
    "doodletune_bg.wasm.d.ts",
    "integrity.js",
    "integrity.d.ts",
    "LICENSE-*",
  ],
  sideEffects: ["./lib/worker.js"],
};
await writeFile(join(pkg, "package.json"), `${JSON.stringify(complete, null, 2)}\n`);
console.log("pkg/ is complete.");
