// The public API is what docs/ says it is.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { API_DOCS } from "./api-docs.mjs";

for (const [file, make] of Object.entries(API_DOCS)) {
  test(`${file} is up to date`, async () => {
    const kept = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
    assert.ok(
      (await make()) === kept,
      `the API is another than ${file} says: run \`cargo xtask docs\`, read the difference, and if it breaks anybody's ` +
        `program, raise the version as semver says`,
    );
  });
}
