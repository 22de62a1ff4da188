import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, options } from "../../bench/options.mjs";
import { compared, line, markdown, summarised } from "../../bench/report.mjs";
import { measure } from "../../bench/rounds.mjs";

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
  const cells = "step | cpu | 25.0 ms (10.0 to 40.0) | 200 ms (100 to 300) | it cannot | 8 x";
  assert.ok(markdown(rows).includes(`| ${cells} |`));
});

test("a library that fails has a row that says so, and the bench goes on", async () => {
  const subjects = ["doodletune", "no-file", "no-training", "wrong", "still", "gone"];
  const rows = subjects.map((subject) => ({ workload: "step", subject, device: "cpu" }));
  let pages = 0;
  const stage = {
    async open({ subject }) {
      if (subject === "no-file") throw new Error("it does not load");
    },
    async call(what, key) {
      const subject = String(key).split(" ")[0];
      if (what === "begin") return pages++;
      if (what === "prepare") return subject === "no-training" ? undefined : 1;
      if (what === "difference") return subject === "wrong" ? 0.5 : 0;
      if (what === "learns") return subject !== "still";
      if (what === "run" && subject === "gone")
        throw Object.assign(new Error("the page is gone"), { lost: true });
      return 20_000;
    },
  };
  const trials = await measure(stage, { task: "step", tolerance: 0.05 }, rows);
  const found = summarised(trials).map(({ subject, median_ms, error }) => [subject, median_ms ?? error]);
  assert.deepEqual(found, [
    ["doodletune", 20_000],
    ["no-file", "it does not load"],
    ["wrong", "its result is 50 % off"],
    ["still", "its loss does not fall"],
    ["gone", "the page is gone"],
  ]);
  assert.equal(pages, 2, "once more, without the one that took the page with it");
});
