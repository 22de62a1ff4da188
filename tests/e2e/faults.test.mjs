// A few rounds of what `cargo xtask faults` does for hours: engines and storage that fail in the middle of things.
import assert from "node:assert/strict";
import { test } from "node:test";
import { survive } from "../endurance/faults.mjs";
import { stage } from "../endurance/stage.mjs";

test(
  "nothing is lost when workers die or fall silent, and storage fails",
  { timeout: 180_000 },
  async (t) => {
    const place = await stage();
    t.after(() => place.close());
    // A GPU takes longer to come back than there is time for here.
    const kinds = ["died", "silent", "full", "cut", "refused", "closed"];
    const { count, recoveries } = await survive(place, { rounds: 7, seed: 4, kinds });
    t.diagnostic(`${JSON.stringify(count)}, back after ${recoveries.cpu.map(Math.round).join(", ")} ms`);
    assert.ok(recoveries.cpu.length > 0 && Object.keys(count).length >= 4);
  },
);
