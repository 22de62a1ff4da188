import { computed, effect, signal } from "@preact/signals";
import type { Phase, Plan, Strategy, TrainOptions } from "../../lib/index.js";
import { freeName } from "./free-name.js";
import { knowledge, report, tuner, untaught } from "./learner.js";
import { readRefusal, type Refusal } from "./refusal.js";

/** The named way to train that was chosen, from which a plan by hand starts. */
export const strategy = signal<Strategy>("auto");
/** What it means for the doodles of this moment, or what has been made of that by hand; null until the network is here. */
export const plan = signal<Plan | null>(null);
/** Whether the plan is somebody's own, which is kept when the doodles change. */
export const edited = signal(false);
/** What the engine would not do, and where that stands. */
export const refusal = signal<Refusal | null>(null);

/** Whether the drawer with all of this is open. */
export const expertShown = signal(false);

/** For each phase, which stages it trains, from the input on. */
export const trainable = computed(() => {
  const stages = tuner.value?.backbone.stages ?? [];
  return (plan.value?.phases ?? []).map((phase) => stagesOf(phase, stages));
});

let asked = 0;

// A plan is made to measure for the doodles, and followed until somebody takes the pen.
effect(() => {
  void knowledge.value;
  const [name, planner] = [strategy.value, tuner.value];
  if (edited.value || !planner || untaught.value > 0) return;
  const ask = ++asked;
  planner.plan(name).then((made) => {
    const news = JSON.stringify(made) !== JSON.stringify(plan.peek());
    if (ask === asked && !edited.peek() && news) plan.value = made;
  }, report);
});

export function chooseStrategy(name: Strategy): void {
  refusal.value = null;
  edited.value = false;
  strategy.value = name;
}

/** Changes the plan by hand. */
export function edit(change: (plan: Plan) => Plan): void {
  if (!plan.value) return;
  refusal.value = null;
  edited.value = true;
  plan.value = change(plan.value);
}

export function editPhase(index: number, change: (phase: Phase) => Phase): void {
  edit(({ phases, ...rest }) => ({ ...rest, phases: phases.with(index, change(phases[index]!)) }));
}

/** Another phase after this one, like it. */
export function repeatPhase(index: number): void {
  edit(({ phases, ...rest }) => {
    const like = phases[index]!;
    const taken = phases.map(({ name = "" }) => name);
    const name = freeName(like.name ?? "train", taken);
    return { ...rest, phases: phases.toSpliced(index + 1, 0, { ...like, name }) };
  });
}

export function removePhase(index: number): void {
  edit(({ phases, ...rest }) => ({ ...rest, phases: phases.toSpliced(index, 1) }));
}

/** Swaps a phase with the one before it. */
export function advancePhase(index: number): void {
  edit(({ phases, ...rest }) => {
    const one = phases[index]!;
    return { ...rest, phases: phases.toSpliced(index, 1).toSpliced(index - 1, 0, one) };
  });
}

/** What the next training shall do. */
export function wish(): TrainOptions {
  return edited.value ? { plan: plan.value! } : { strategy: strategy.value };
}

/** Whether somebody has to say what the examples are: see the loss `distillation`. */
export function needsTeacher(): boolean {
  const losses = plan.value?.phases.map(({ loss }) => loss?.name) ?? [];
  return edited.value ? losses.includes("distillation") : strategy.value === "distil";
}

/** Shows what the engine said no to, where it can be mended; `phase` where it was asked about that one alone. */
export function refuse(message: string, phase?: number): void {
  const read = readRefusal(message, plan.value);
  refusal.value = phase === undefined ? read : { ...read, phase };
  expertShown.value = true;
}

/** Which stages a phase trains; those that do not exist are the engine's to refuse. */
export function stagesOf({ train }: Phase, stages: readonly string[]): boolean[] {
  const count = stages.length;
  return stages.map((stage, index) => {
    if (train === "everything") return true;
    if (train === "head") return false;
    if ("last" in train) return index >= count - train.last;
    return "first" in train ? index < train.first : train.stages.includes(stage);
  });
}

/** Stages as a choice that says no more than it has to. */
export function trainOf(chosen: readonly boolean[], stages: readonly string[]): Phase["train"] {
  const names = stages.filter((_, index) => chosen[index]);
  const count = names.length;
  if (count === 0) return "head";
  if (count === stages.length) return "everything";
  const together = chosen.lastIndexOf(true) - chosen.indexOf(true) === count - 1;
  if (together && chosen.at(-1)) return { last: count };
  return together && chosen[0] ? { first: count } : { stages: names };
}
