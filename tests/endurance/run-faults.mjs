// node tests/endurance/run-faults.mjs [--rounds 200] [--seed 1]
import { survive } from "./faults.mjs";
import { options, stage } from "./stage.mjs";

const { rounds, seed } = options({ rounds: 200, seed: 1 });
const place = await stage();
const { count, recoveries } = await survive(place, { rounds, seed, log: console.log });
await place.close();
console.log(`${rounds} rounds survived: ${JSON.stringify(count)}`);
for (const [device, times] of Object.entries(recoveries)) {
  if (times.length === 0) continue;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => Math.round(sorted[Math.floor(share * (sorted.length - 1))]);
  console.log(
    `back after ${at(0.5)} ms (${device}, median of ${times.length}; 95 % ${at(0.95)}, longest ${at(1)})`,
  );
}
