// The programs in docs/guides, taken out of the text, built and used.
import assert from "node:assert/strict";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { open, stage } from "./stage.mjs";
import { TOOLS, tool } from "./tools.mjs";

const GUIDES = ["three-lines", "plain", "react", "svelte", "own-strategy", "own-backbone"];
const BLOCK = /^```\w+ file=(\S+)\n(.*?)^```$/gms;

describe("the guides", () => {
  before(async () => {
    const folder = join(stage.project, "guides");
    for (const guide of GUIDES) {
      const text = await readFile(new URL(`../../docs/guides/${guide}.md`, import.meta.url), "utf8");
      await mkdir(join(folder, guide), { recursive: true });
      for (const [, file, code] of text.matchAll(BLOCK)) await writeFile(join(folder, guide, file), code);
    }
    const installed = join(stage.project, "node_modules");
    for (const name of ["react", "react-dom", "svelte"]) {
      await symlink(join(TOOLS, "node_modules", name), join(installed, name), "junction");
    }
    const weights = join(installed, "doodletune", "models", "doodle.safetensors");
    await cp(weights, join(folder, "own-backbone", "doodle.safetensors"));

    const { build } = await tool("vite");
    const { svelte } = await tool("@sveltejs/vite-plugin-svelte");
    await build({
      root: folder,
      base: "./",
      logLevel: "silent",
      plugins: [svelte({ configFile: false })],
      build: {
        outDir: join(stage.out, "guides"),
        target: "es2022",
        reportCompressedSize: false,
        // All at once: each would take as long as all of them.
        rolldownOptions: {
          input: GUIDES.filter((guide) => guide !== "plain").map((guide) =>
            join(folder, guide, "index.html"),
          ),
        },
      },
    });
    // This one is about doing without.
    await cp(join(folder, "plain"), join(stage.out, "guides", "plain"), { recursive: true });
    await cp(join(installed, "doodletune"), join(stage.out, "guides", "plain", "doodletune"), {
      recursive: true,
    });
  });

  const visit = (t, guide) => open(t, `${stage.server.url}/guides/${guide}/index.html`);

  /** What a page says in the end, which begins with something. */
  async function says(page, beginning) {
    const output = page.locator("output", { hasText: beginning });
    await output.waitFor();
    return output.textContent();
  }

  test("three lines of code recognise a hut", async (t) => {
    const { page, complaints } = await visit(t, "three-lines");
    assert.match(await says(page, /^\w/), /^house, \d+ %$/);
    assert.deepEqual(complaints, []);
  });

  for (const guide of ["plain", "react", "svelte"]) {
    test(`the page of ${guide}.md learns two shapes and recognises one`, async (t) => {
      const { page, complaints } = await visit(t, guide);
      await says(page, "Ready");
      const sheet = page.locator("canvas, svg").first();
      const teach = async (label, points) => {
        await draw(page, sheet, points);
        await page.fill("[name=label]", label);
        await page.click("text=Teach");
        await says(page, `${label}: 1`);
      };
      await page.fill("[name=label]", "nothing");
      await page.click("text=Teach");
      assert.match(await says(page, /draw/), /draw/, "an empty sheet is refused with a sentence");
      await teach("stairs", [[50, 250], [130, 250], [130, 170], [210, 170], [210, 60], [280, 60]]); // prettier-ignore
      await teach("tent", [[30, 250], [150, 40], [270, 250], [30, 250]]); // prettier-ignore
      await draw(page, sheet, [[40, 240], [140, 60], [260, 240], [40, 240]]); // prettier-ignore
      assert.match(await says(page, "%"), /^tent, \d+ %$/);
      assert.equal(page.workers().length, 1);
      assert.deepEqual(complaints, []);
    });
  }

  test("a strategy of one's own trains as it says", async (t) => {
    const { page, complaints } = await visit(t, "own-strategy");
    assert.deepEqual(JSON.parse(await says(page, "{")), {
      named: [
        ["solve", 0],
        ["fine-tune", 1],
      ],
      own: ["head", "top"],
      heldOut: 4,
      code: "aborted",
      label: "ring",
    });
    assert.deepEqual(complaints, []);
  });

  test("weights of one's own are used, and those of a stranger refused", async (t) => {
    const { page } = await visit(t, "own-backbone");
    const { backbone, refusal } = JSON.parse(await says(page, "{"));
    assert.deepEqual(backbone, { name: "doodle", source: "mine", size: 48, features: 320, labels: 250 });
    assert.equal(refusal[0], "bad-weights");
    assert.match(refusal[1], /resnet/);
  });
});

async function draw(page, sheet, [first, ...rest]) {
  const { x, y } = await sheet.boundingBox();
  await page.mouse.move(x + first[0], y + first[1]);
  await page.mouse.down();
  for (const [dx, dy] of rest) await page.mouse.move(x + dx, y + dy, { steps: 4 });
  await page.mouse.up();
}
