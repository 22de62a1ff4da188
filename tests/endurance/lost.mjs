import { survive } from "./faults.mjs";
import { stage } from "./stage.mjs";
const place = await stage();
for (let seed = 1; seed < 6; seed++) { try { const r = await survive(place, { rounds: 16, seed, kinds: ["lost"], log: console.log }); console.log(JSON.stringify(r)); } catch (e) { console.log("ERR", e.message); } }
await place.close();
