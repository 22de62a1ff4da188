import { Classes } from "./parts/classes.js";
import { DeviceLine } from "./parts/device-line.js";
import { Draw } from "./parts/draw.js";
import { Guess } from "./parts/guess.js";
import { Header } from "./parts/header.js";
import { Network } from "./parts/network.js";
import { Notice } from "./parts/notice.js";
import { Train } from "./parts/train.js";

export function App() {
  return (
    <>
      <Header />
      <main>
        <div class="column column-draw">
          <Draw />
          <Guess />
        </div>
        <Classes />
        <div class="column column-train">
          <Train />
          <Network />
          <DeviceLine />
        </div>
      </main>
      <Notice />
    </>
  );
}
