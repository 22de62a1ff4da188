// The bundlers and checkers of package-lock.json: where DOODLETUNE_PACKAGE_TOOLS says, or installed beside this file.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** The folder whose `node_modules` has them. */
export const TOOLS = process.env.DOODLETUNE_PACKAGE_TOOLS ?? import.meta.dirname;

if (!existsSync(join(TOOLS, "node_modules"))) {
  throw new Error(
    "The bundlers are not installed: run `cargo xtask test --only package`, or `npm ci` in tests/package.",
  );
}

const require = createRequire(join(TOOLS, "package.json"));

/** Where a tool's module is. */
export const path = (name) => require.resolve(name);

/** A tool as a module. */
export const tool = (name) => import(pathToFileURL(path(name)));

/** The version of a tool. */
export const version = (name) => require(`./node_modules/${name}/package.json`).version;
