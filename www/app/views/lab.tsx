import { LabRace } from "../parts/lab/race.js";
import { LabSetup } from "../parts/lab/setup.js";
import { LabTable } from "../parts/lab/table.js";
import { LAB } from "../words.js";
import "../styles/room.css";
import "../styles/lab.css";

/** Ways to learn side by side, on the same drawings. */
export function Lab() {
  return (
    <main class="lab">
      <header class="room-head">
        <h2>{LAB.title}</h2>
        <p>{LAB.lead}</p>
      </header>
      <LabSetup />
      <div class="lab-outcome">
        <LabRace />
        <LabTable />
      </div>
    </main>
  );
}
