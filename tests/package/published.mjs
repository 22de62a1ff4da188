// What registries, Node.js and TypeScript make of the packed package.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { stage } from "./stage.mjs";
import { tool } from "./tools.mjs";

test("publint finds nothing to mend", async () => {
  const { publint } = await tool("publint");
  const pkgDir = join(stage.project, "node_modules", "doodletune");
  const { messages } = await publint({ pkgDir, pack: false, strict: true });
  assert.deepEqual(messages, []);
});

test("the types are found, and are right, whichever way TypeScript looks for them", async () => {
  const { checkPackage, createPackageFromTarballData } = await tool("@arethetypeswrong/core");
  const { problems } = await checkPackage(createPackageFromTarballData(await readFile(stage.tarball)));
  // It is an ES module on purpose; Node.js has let `require` load those since 20.19.
  const others = problems.filter(({ kind }) => kind !== "CJSResolvesToESM");
  assert.deepEqual(others, []);
});
