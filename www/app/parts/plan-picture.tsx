import type { Phase, TrainEvent } from "../../lib/index.js";
import { taughtClasses, tuner } from "../state/learner.js";
import { plan, trainable } from "../state/plan.js";
import { events, running } from "../state/training.js";
import { STAGES } from "../words.js";
import { Stages } from "./stages.js";

/** What of the network the plan trains; while it does, what it trains now. */
export function PlanPicture() {
  const names = tuner.value?.backbone.stages ?? [];
  // With nothing to tell apart, nothing learns.
  const phases = taughtClasses.value < 2 ? [] : (plan.value?.phases ?? []);
  const now = running.value ? events.value.at(-1) : undefined;
  const current = now ? phaseOf(now, phases) : -1;
  return (
    <figure class="plan-picture" data-phase={now?.phase}>
      <Stages names={names} rates={now ? ratesNow(now, names) : ratesOf(phases, trainable.value)} />
      <figcaption>
        {phases.length > 1 ? (
          <ol class="phase-steps">
            {phases.map(({ name }, index) => (
              <li key={index} aria-current={index === current ? "step" : undefined}>
                {name}
              </li>
            ))}
          </ol>
        ) : (
          STAGES.caption
        )}
      </figcaption>
    </figure>
  );
}

/** The highest rate that each stage has in any phase, and the head's. */
function ratesOf(phases: readonly Phase[], trainable: readonly boolean[][]): (number | null)[] {
  const each = phases.map((phase, index) => phaseRates(phase, trainable[index] ?? []));
  const highest = (a: number | null, b: number | null) => (a && b ? Math.max(a, b) : ((a || b) ?? a));
  return each.reduce((all, some) => some.map((rate, index) => highest(all[index] ?? null, rate)), []);
}

/** The rates with which a phase begins or reaches its highest. */
export function phaseRates(phase: Phase, trains: readonly boolean[]): (number | null)[] {
  const { rate = 0.001, stageDecay = 1, optimizer } = phase;
  const stages = trains.map((learns, index) =>
    learns ? rate * stageDecay ** (trains.length - index) : null,
  );
  return [...stages, optimizer?.name === "logistic" ? NaN : rate];
}

function ratesNow({ rate, rates }: TrainEvent, names: readonly string[]): (number | null)[] {
  const byName = new Map(rates.map((one) => [one.stage, one.rate]));
  return [...names.map((name) => byName.get(name) ?? null), rate ?? NaN];
}

/** A logistic regression has names of its own for what it is at. */
function phaseOf({ phase }: TrainEvent, phases: readonly Phase[]): number {
  const named = phases.findIndex(({ name }) => name === phase);
  return named >= 0 ? named : phases.findIndex(({ optimizer }) => optimizer?.name === "logistic");
}
