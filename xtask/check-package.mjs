// Looks whether everything that the npm package promises is in it, and prints how large its WebAssembly is.
//   node xtask/check-package.mjs pkg
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

const folder = process.argv[2];
const fail = (message) => {
  console.error(message);
  process.exit(1);
};

/** Every path in a value of `exports`, whatever its conditions. */
const paths = (value) => (typeof value === "object" && value ? Object.values(value).flatMap(paths) : [value]);

const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const promised = [manifest.main, manifest.module, manifest.types, paths(manifest.exports), manifest.files];
for (const path of promised.flat()) {
  // A pattern names no file.
  if (path && !path.includes("*") && !existsSync(join(folder, path))) {
    fail(`${folder}/package.json names ${path}, which is not there`);
  }
}

// The library asks for no other weights than those in the package, and doodle is always there.
const addresses = readFileSync(join(folder, "lib/files.js"), "utf8").matchAll(/"\.\.\/(models\/[^"]+)"/g);
const models = [...addresses].map(([, path]) => path);
if (!models.includes("models/doodle.safetensors")) fail("the package does not know the weights of doodle");
const lost = models.find((path) => !existsSync(join(folder, path)));
if (lost) fail(`the package names ${lost}, which is not there`);

// What its documents link to travels with them.
const documents = ["README.md", ...readdirSync(join(folder, "docs")).map((name) => join("docs", name))];
for (const document of documents.filter((path) => path.endsWith(".md"))) {
  const links = readFileSync(join(folder, document), "utf8").matchAll(/\]\((?![a-z]+:|#)([^)#]+)/g);
  const dead = [...links].find(([, path]) => !existsSync(join(folder, dirname(document), path)));
  if (dead) fail(`${document} of the package links to ${dead[1]}, which is not there`);
}

const name = readdirSync(folder).find((file) => file.endsWith("_bg.wasm"));
if (!name) fail(`${folder} has no WebAssembly: did wasm-pack build it?`);
const wasm = readFileSync(join(folder, name));
// The linker wraps every export so that it runs all static constructors again, unless the program runs them itself.
// That made each call from JavaScript hundreds of times slower.
if (wasm.includes(".command_export")) {
  fail(
    `${name} runs its static constructors on every call: call __wasm_call_ctors once, in the start function`,
  );
}
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
console.log(
  `${megabytes(wasm.length)} of WebAssembly, ${megabytes(gzipSync(wasm, { level: 9 }).length)} gzipped; ${models.join(", ")}`,
);
