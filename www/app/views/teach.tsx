import { Classes } from "../parts/classes.js";
import { DeviceLine } from "../parts/device-line.js";
import { Draw } from "../parts/draw.js";
import { ExpertDrawer } from "../parts/expert/drawer.js";
import { Guess } from "../parts/guess.js";
import { Network } from "../parts/network.js";
import { Tour, TourButton } from "../parts/tour.js";
import { Train } from "../parts/train.js";

/** Draw, sort into classes, train, and see the guesses. */
export function Teach() {
  return (
    <main class="teach">
      <div class="column column-draw">
        <Draw />
        <Guess />
      </div>
      <Classes />
      <div class="column column-train">
        <Train />
        <Network />
        <DeviceLine />
        <TourButton />
      </div>
      <Tour />
      <ExpertDrawer />
    </main>
  );
}
