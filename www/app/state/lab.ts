import { computed, signal } from "@preact/signals";
import type {
  BackboneName,
  CreateOptions,
  DoodleTune,
  Plan,
  Strategy,
  TrainEvent,
  TrainOptions,
  TrainReport,
  TrainRun,
} from "../../lib/index.js";
import { figuresOf, type Figures } from "./learning-curve.js";
import { keepInStepUntil, readable, tuner } from "./learner.js";
import { network, optionsFromAddress } from "./network.js";
import { textOf } from "./notices.js";
import { lessons, pupil, type Lesson } from "./pupil.js";
import { projectName } from "./storage.js";

/** Share of each class that is held back as a test, the same drawings for all. */
const HELD_BACK = 0.25;
/** Fewer, and a class holds nothing back. */
const FEWEST_A_CLASS = 4;
/** How the teacher of a student learns. */
const TEACHER: Strategy = "lp-ft";
/** What all others are compared with. */
export const CONTROL: Strategy = "from-scratch";

export type ContenderState = "waiting" | "preparing" | "teacher" | "learning" | "done" | "stopped" | "failed";

/** How the drawings held back are recognised after an epoch. */
export interface Reading {
  phase: string;
  /** Since the training began; a teacher's time counts too. */
  seconds: number;
  accuracy: number;
  loss: number;
}

export interface Contender {
  strategy: Strategy;
  state: ContenderState;
  readings: readonly Reading[];
  /** How many epochs it is about to do, as far as that is known. */
  epochs: number;
  report: TrainReport | null;
  /** What it took to learn, with its teacher. */
  seconds: number | null;
  problem: string | null;
}

/** What a race rests on; later changes of the page do not change it. */
export interface RaceFacts {
  /** Its name at that time. */
  project: string;
  network: BackboneName;
  classes: number;
  learning: number;
  tested: number;
  seed: number;
  epochs: number | null;
}

export interface Settings {
  strategies: ReadonlySet<Strategy>;
  /** The most epochs of each phase; null for the strategies' own. */
  epochs: number | null;
  seed: number;
}

export const settings = signal<Settings>({
  strategies: new Set<Strategy>(["feature-extraction", "full", "lp-ft", CONTROL]),
  epochs: 20,
  seed: 0,
});
export const racing = signal(false);
/** The race under way or the last one; outlives leaving the room. */
export const contenders = signal<readonly Contender[]>([]);
export const facts = signal<RaceFacts | null>(null);
/** The one that is pointed at. */
export const spotlight = signal<Strategy | null>(null);

/** Whether drawings can be held back in two classes at least. */
export const enoughToRace = computed(
  () => readable.value.filter(({ doodles }) => doodles.length >= FEWEST_A_CLASS).length >= 2,
);

/** What came of a contender, as the table shows it. */
export interface Result {
  contender: Contender;
  figures: Figures | null;
  /** Over the control; null for itself, and where there is none. */
  gain: Pick<Figures, "start" | "slope" | "asymptote"> | null;
}

export const results = computed((): Result[] => {
  const all = contenders.value.filter(ended).map((contender) => ({
    contender,
    figures: figuresOf(contender.readings.map(({ accuracy }) => accuracy)),
  }));
  const control = all.find(({ contender }) => contender.strategy === CONTROL)?.figures;
  return all.map(({ contender, figures }) => {
    const compared = figures && control && contender.strategy !== CONTROL;
    const gain = compared && {
      start: figures.start - control.start,
      slope: figures.slope - control.slope,
      asymptote: figures.asymptote - control.asymptote,
    };
    return { contender, figures, gain: gain || null };
  });
});

export function ended({ state }: Contender): boolean {
  return state === "done" || state === "stopped" || state === "failed";
}

/** What is the same for all who take part. */
interface Terms {
  lessons: readonly Lesson[];
  epochs: number | null;
  seed: number;
  /** The network may be changed on the page meanwhile, but not in the race. */
  options: CreateOptions;
}

let stopping = new AbortController();
let run: TrainRun | undefined;

/** Ends the strategy that learns, which keeps its best so far, and lets none of the others begin. */
export function stopRace(): void {
  stopping.abort();
  run?.stop();
}

/** Has the chosen strategies learn one after the other, each with a tuner of its own. */
export async function race(): Promise<void> {
  const { strategies, epochs, seed } = settings.peek();
  if (racing.peek() || !tuner.peek()) return;
  const options = { ...optionsFromAddress(), device: tuner.peek()!.device.kind };
  stopping = new AbortController();
  racing.value = true;
  facts.value = null;
  contenders.value = [...strategies].map((strategy) => ({
    strategy,
    state: "waiting",
    readings: [],
    epochs: 0,
    report: null,
    seconds: null,
    problem: null,
  }));
  const base = { network: network.peek(), seed, epochs };
  // Until all have been looked at, nobody knows which cannot be read.
  await keepInStepUntil(stopping.signal);
  const terms: Terms = { lessons: lessons(), epochs, seed, options };
  const project = projectName();
  const classes = new Set(terms.lessons.map(({ label }) => label)).size;
  for (const { strategy } of contenders.peek()) {
    if (stopping.signal.aborted) break;
    try {
      const report = await attempt(strategy, terms);
      // The engine deals, so that it is asked how many.
      if (report) {
        const { trainingExamples: learning, validationExamples: tested } = report;
        facts.value = { ...base, project, classes, learning, tested };
      }
    } catch (error) {
      update(strategy, () => ({ state: "failed", problem: textOf(error) }));
    }
  }
  // Who never began was not in the race.
  contenders.value = contenders.peek().filter(ended);
  racing.value = false;
}

function begin({ lessons, options }: Terms): Promise<DoodleTune> {
  return pupil(lessons, options, stopping.signal);
}

async function attempt(strategy: Strategy, terms: Terms): Promise<TrainReport | undefined> {
  update(strategy, () => ({ state: "preparing" }));
  const student = await begin(terms);
  let teacher: DoodleTune | undefined;
  try {
    if (stopping.signal.aborted) return undefined;
    const plan = await planOf(student, strategy, terms);
    let before = 0;
    if (plan.phases.some(({ loss }) => loss?.name === "distillation")) {
      update(strategy, () => ({ state: "teacher" }));
      teacher = await begin(terms);
      if (stopping.signal.aborted) return undefined;
      before = (await follow(teacher, { plan: await planOf(teacher, TEACHER, terms) }))?.seconds ?? 0;
    }
    const report = await follow(student, { plan, ...(teacher && { teacher }) }, (event, seconds) =>
      note(strategy, event, before + seconds, plan),
    );
    if (report) finish(strategy, report, before);
    return report;
  } finally {
    run = undefined;
    student.dispose();
    teacher?.dispose();
  }
}

/** The strategy's plan on the race's terms: the same drawings held back, and not learnt from in the end. */
async function planOf(tuner: DoodleTune, strategy: Strategy, { epochs, seed }: Terms): Promise<Plan> {
  const plan = await tuner.plan(strategy);
  const phases = plan.phases.map((phase) => ({
    ...phase,
    epochs: Math.min(phase.epochs, epochs ?? phase.epochs),
  }));
  return { ...plan, phases, seed, validation: HELD_BACK, refit: false };
}

/** Trains, unless it shall stop; tells of each event with the seconds since the start. */
async function follow(
  tuner: DoodleTune,
  options: TrainOptions,
  onEvent?: (event: TrainEvent, seconds: number) => void,
): Promise<TrainReport | undefined> {
  if (stopping.signal.aborted) return undefined;
  const begun = performance.now();
  run = tuner.train(options);
  for await (const event of run) onEvent?.(event, (performance.now() - begun) / 1000);
  return run.result;
}

function note(strategy: Strategy, event: TrainEvent, seconds: number, plan: Plan): void {
  const epochs = plan.phases.reduce((sum, { epochs }) => sum + epochs, 0);
  const reading = readingOf(event, seconds);
  update(strategy, ({ readings }) => ({
    epochs,
    state: "learning",
    readings: reading ? [...readings, reading] : readings,
  }));
}

/** On the way to a head that is solved for there are no epochs: it counts as one, where it ends. */
function readingOf(event: TrainEvent, seconds: number): Reading | undefined {
  const { phase, rate, best, validationAccuracy: accuracy, validationLoss: loss } = event;
  if (accuracy === null || loss === null || (rate === null && !best)) return undefined;
  return { phase, seconds, accuracy, loss };
}

function finish(strategy: Strategy, report: TrainReport, before: number): void {
  const undone = new Set(report.phases.filter(({ rolledBack }) => rolledBack).map(({ phase }) => phase));
  update(strategy, ({ readings }) => ({
    state: report.reason === "stopped" ? "stopped" : "done",
    readings: readings.filter(({ phase }) => !undone.has(phase)),
    report,
    seconds: before + report.seconds,
  }));
}

function update(strategy: Strategy, change: (one: Contender) => Partial<Contender>): void {
  contenders.value = contenders
    .peek()
    .map((one) => (one.strategy === strategy ? { ...one, ...change(one) } : one));
}
