import type { ComponentType } from "preact";
import { Drawing } from "../parts/race/drawing.js";
import { Countdown, Handover } from "../parts/race/handover.js";
import { Outcome } from "../parts/race/outcome.js";
import { Setup } from "../parts/race/setup.js";
import { Verdict } from "../parts/race/verdict.js";
import { stage, type Stage } from "../state/race/game.js";

const SCENES: Record<Stage, ComponentType> = {
  setup: Setup,
  handover: Handover,
  countdown: Countdown,
  draw: Drawing,
  verdict: Verdict,
  end: Outcome,
};

/** A word, a clock, an empty sheet: who makes the network see it first? */
export function Race() {
  const Scene = SCENES[stage.value];
  return (
    <main class="race" data-stage={stage.value}>
      <Scene />
    </main>
  );
}
