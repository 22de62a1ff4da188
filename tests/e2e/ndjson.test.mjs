// Other people's drawings, as files: whatever is in them, what is read can be drawn, and reading ends. Without a browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createServer } from "vite";
import { random } from "./lib/shapes.mjs";

const ROUNDS = Number(process.env.ROUNDS ?? 20_000);
const SHEET = 1000;

const GOOD = [
  '{"word":"cat","drawing":[[[0,50,100],[0,80,10]],[[20,30],[40,40],[0,16]]]}',
  '{"word":"a long word","countrycode":"DE","recognized":true,"drawing":[[[1.5,-2e2],[0.25,3]]],"key_id":"1"}',
];
/** What readers stumble over. */
const WORDS = [
  ...'[]{}",:\n\0\u2028-.e',
  "null",
  "1e999",
  "-1e308",
  "9007199254740993",
  "[[[]]]",
  "[".repeat(5000),
  '"__proto__"',
  '"drawing"',
  '"word"',
  "\ud800",
];

/** A text with a few pieces cut out, doubled or put in. */
function damaged(text, next) {
  const below = (count) => Math.floor(next() * count);
  for (let changes = 1 + below(4); changes > 0; changes--) {
    const [from, length] = [below(text.length + 1), below(12)];
    const piece = [WORDS[below(WORDS.length)], text.slice(from, from + length).repeat(2), ""][below(3)];
    text = text.slice(0, from) + piece + text.slice(from + (next() < 0.5 ? length : 0));
  }
  return text;
}

function assertDrawn({ word, strokes }) {
  assert.ok(typeof word === "string" && word.length > 0);
  assert.ok(strokes.length > 0);
  for (const [xs, ys] of strokes) {
    assert.ok(xs.length > 0 && xs.length === ys.length);
    assert.ok([...xs, ...ys].every((value) => value >= 0 && value <= SHEET));
  }
}

test("a file of drawings can be anything", { timeout: Math.max(60_000, 3 * ROUNDS) }, async (t) => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const vite = await createServer({
    root,
    configFile: false,
    logLevel: "error",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  t.after(() => vite.close());
  const { readDrawings } = await vite.ssrLoadModule("/www/app/state/ndjson.ts");
  const whole = await readDrawings(new Blob([GOOD.join("\n")]), 100);
  assert.deepEqual([whole.sketches.length, whole.broken], [2, 0]);
  whole.sketches.forEach(assertDrawn);

  const next = random(7);
  let [read, broken] = [0, 0];
  for (let round = 0; round < ROUNDS; round += 50) {
    const lines = Array.from({ length: 50 }, () => damaged(GOOD[round % 2], next));
    const harvest = await readDrawings(new Blob([lines.join("\n")]), 100);
    harvest.sketches.forEach(assertDrawn);
    read += harvest.sketches.length;
    broken += harvest.broken;
  }
  t.diagnostic(`of ${ROUNDS} damaged lines ${read} are still drawings, and ${broken} are broken`);
  assert.ok(read > 100 && broken > 100);

  // A line without an end is no reason to fill the memory, nor are more points than there may be.
  const endless = await readDrawings(new Blob([...Array(12)].map(() => "[".repeat(1_000_000))), 100);
  assert.deepEqual([endless.sketches.length, endless.broken], [0, 1]);
  const many = JSON.stringify({ word: "line", drawing: [[Array(100_001).fill(1), Array(100_001).fill(2)]] });
  assert.equal((await readDrawings(new Blob([many]), 100)).broken, 1);
});
