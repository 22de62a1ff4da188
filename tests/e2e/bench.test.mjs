import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, options } from "../../bench/options.mjs";
import { compared, line, summarised } from "../../bench/report.mjs";

const ROWS = ["forward 1x224", "step 16x128"].flatMap((workload) =>
  ["doodletune", "jax-js"].flatMap((subject) =>
    ["cpu", "webgpu"].map((device) => ({ workload, subject, device })),
  ),
);

test("--only narrows by different fields and widens within one", () => {
  const chosen = (...only) => choose(ROWS, only).length;
  assert.equal(chosen(), 8);
  assert.equal(chosen("cpu"), 4);
  assert.equal(chosen("cpu", "step"), 2);
  assert.equal(chosen("cpu", "step", "forward", "jax"), 2);
  assert.deepEqual(options(["--only=step", "--json", "rows.json", "--only", "cpu"]), {
    only: ["step", "cpu"],
    json: "rows.json",
  });
});

test("rows are medians, told beside the fastest other on the same device", () => {
  const trial = (subject, device, times, error) => ({ workload: "step", subject, device, times, error });
  const rows = compared(
    summarised([
      trial("doodletune", "cpu", [30, 10, 20, 40]),
      trial("jax-js", "cpu", [100, 300, 200]),
      trial("tfjs", "cpu", [], "it cannot"),
      trial("jax-js", "webgpu", [1]),
    ]),
  );
  assert.deepEqual(rows[0], {
    workload: "step",
    subject: "doodletune",
    device: "cpu",
    median_ms: 25,
    min_ms: 10,
    max_ms: 40,
    runs: 4,
    ratio: 8,
  });
  assert.match(line(rows[0]), /25\.0 ms .* 8 x as fast/);
  assert.match(line(rows[2]), /it cannot/);
});
