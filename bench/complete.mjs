// Leaves out of bench/pkg/ what the package leaves out, too: the names of functions.
import { readFile, writeFile } from "node:fs/promises";
import { withoutNames } from "../www/names.mjs";

const wasm = new URL("pkg/doodletune_bench_bg.wasm", import.meta.url);
await writeFile(wasm, withoutNames(await readFile(wasm)));
