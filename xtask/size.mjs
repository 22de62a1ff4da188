// How much a page loads to use the package: its WebAssembly, its JavaScript and the default weights.
//   node xtask/size.mjs pkg
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BEST, compressed } from "./compressed.mjs";

/** The most that all of it may be, in bytes of brotli. */
const MOST = 3_000_000;

const [folder] = process.argv.slice(2);
const scripts = (await readdir(join(folder, "lib"))).filter((name) => name.endsWith(".js"));
const names = [
  "doodletune_bg.wasm",
  "doodletune.js",
  ...scripts.map((name) => `lib/${name}`),
  "models/doodle.safetensors",
];
const total = (rows, kind) => rows.reduce((sum, row) => sum + row[kind], 0);

const rows = await Promise.all(
  names.map(async (name) => ({ name, ...(await compressed(join(folder, name), BEST)) })),
);
const all = { name: "all" };
for (const kind of ["raw", "gzip", "brotli"]) all[kind] = total(rows, kind);

const width = Math.max(...names.map((name) => name.length));
const kilobytes = (bytes) => (bytes / 1e3).toFixed(1).padStart(12);
console.log(`${"".padEnd(width)}${["raw", "gzip", "brotli"].map((kind) => kind.padStart(12)).join("")}  kB`);
for (const { name, raw, gzip, brotli } of [...rows, all])
  console.log(`${name.padEnd(width)}${[raw, gzip, brotli].map(kilobytes).join("")}`);

const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
if (all.brotli > MOST) {
  const largest = rows.toSorted((a, b) => b.brotli - a.brotli)[0];
  console.error(
    `${megabytes(all.brotli)} of brotli is more than the ${megabytes(MOST)} allowed; most of it is ${largest.name}: ` +
      "look for what it has grown by",
  );
  process.exit(1);
}
console.log(`${megabytes(all.brotli)} of brotli in all, of ${megabytes(MOST)} allowed`);
