import { computed, effect, signal } from "@preact/signals";
import {
  DoodleTune,
  type BackboneName,
  type DeviceReport,
  type Loaded,
  type Status,
} from "../../lib/index.js";
import { classes, doodleCount, removeDoodle, type Doodle, type DoodleClass } from "./doodles.js";
import { network, noteNetwork, optionsFromAddress } from "./network.js";
import type { Memory } from "./memory.js";
import { complain, dismiss, isCode, notice, say, textOf } from "./notices.js";
import { KEEPING, NOTICES } from "../words.js";

/** So many that there is something to share among workers, and so few that one sees it go on. */
const BATCH = 40;

const WAKING: Status = { state: "prepare", message: "Waking up" };

export const status = signal<Status>(WAKING);
export const tuner = signal<DoodleTune | null>(null);
export const device = signal<DeviceReport | null>(null);
/** Why there is no tuner, and will be none without help. */
export const failure = signal<string | null>(null);
/** Counts every change in what the tuner would answer, so that guesses can be asked for again. */
export const knowledge = signal(0);
/** Whether what was learnt last still holds: other examples, or another engine, and it does not. */
export const trained = signal(false);
/** Counts the changes of the examples that the tuner has. */
export let changes = 0;

/** What the tuner has been taught: doodle id to the tuner's own id and the class. */
const taught = new Map<string, { id: number; classId: string }>();
/** The tuner's labels by class id; they follow the names of the classes. */
const labels = new Map<string, string>();

/** What a model that came without examples can tell apart; it answers until it is given one. */
export const borrowed = signal<readonly string[]>([]);

/** Classes that can be told apart now; counts only what has been taught. */
export const taughtClasses = computed(() => {
  void knowledge.value;
  return new Set([...taught.values()].map(({ classId }) => classId)).size;
});

/** Whether there is an answer of one's own classes. */
export const answers = computed(() => taughtClasses.value >= 2 || borrowed.value.length > 0);

/** How many things the network can guess without being taught. */
export const knownThings = computed(() => tuner.value?.backbone.labels.length ?? 0);

/** The ids of the classes by what the tuner calls them. */
export function classesByLabel(): Map<string, string> {
  return new Map([...labels].map(([classId, label]) => [label, classId]));
}

/** The ids of the doodles by those that the tuner knows them by as examples. */
export function doodlesByExample(): Map<number, string> {
  return new Map([...taught].map(([doodleId, { id }]) => [id, doodleId]));
}

/** Pictures that could not be read: they stay, as it may be that this device has no memory for them just now. */
const unreadable = new Set<string>();

/** Doodles that the tuner has not looked at yet. */
export const untaught = computed(() => {
  void knowledge.value;
  return classes.value.reduce(
    (sum, { doodles }) => sum + doodles.filter(({ id }) => !taught.has(id) && !unreadable.has(id)).length,
    0,
  );
});

/** The classes without the doodles that could not be read. */
export const readable = computed(() => {
  void knowledge.value;
  return classes.value.map((one) => ({
    ...one,
    doodles: one.doodles.filter(({ id }) => !unreadable.has(id)),
  }));
});

/** How many doodles are here that could not be read. */
export const missing = computed(
  () => doodleCount.value - readable.value.reduce((sum, { doodles }) => sum + doodles.length, 0),
);

let starts = 0;

/** Loads the network; from then on it is kept in step with the doodles. */
export function startLearner(): void {
  tuner.value?.dispose();
  tuner.value = device.value = null;
  forgetFailure();
  status.value = WAKING;
  anew = remembered !== undefined;
  forgetExamples();
  const start = ++starts;
  // Another may have been asked for while this one was on its way.
  const wanted = () => start === starts;
  DoodleTune.create({ ...optionsFromAddress(), onStatus: (next) => wanted() && follow(next) })
    .then(async (created) => {
      const bytes = await created.save().catch((error) => {
        created.dispose();
        throw error;
      });
      if (!wanted()) return created.dispose();
      blank = bytes;
      device.value = created.device;
      tuner.value = created;
    })
    .catch((error) => wanted() && giveUp(textOf(error)));
}

/** Takes another network, which is taught all doodles anew. */
export function changeNetwork(name: BackboneName): void {
  if (name === network.value) return;
  noteNetwork(name);
  startLearner();
}

effect(() => {
  void classes.value;
  if (tuner.value) void keepInStep();
});

/** Tells of what a call to the tuner was refused with, unless it is known: a tuner that has given up, or was replaced. */
export function report(error: unknown): void {
  const replaced = isCode(error, "disposed");
  if (!failure.value && !replaced) complain(error);
}

function giveUp(why: string): void {
  failure.value = why;
  tellOfFailure();
}

/** Says why there is no tuner, and offers to try again: another notice may have taken the place of the first. */
export function tellOfFailure(): void {
  complain(failure.peek(), { label: NOTICES.again, run: startLearner, anywhere: true });
}

function forgetFailure(): void {
  failure.value = null;
  if (notice.peek()?.action?.run === startLearner) dismiss();
}

/** Why nothing can be asked of the tuner, where there is none. */
export function whyNoTuner(): string {
  return failure.value ? KEEPING.noNetwork : KEEPING.notReady;
}

let inStep: Promise<void> = Promise.resolve();
let waiting = false;

/** Resolves when the tuner knows exactly the doodles on the page. */
export function keepInStep(): Promise<void> {
  if (waiting) return inStep;
  waiting = true;
  inStep = inStep.then(async () => {
    waiting = false;
    try {
      if (tuner.peek()) await reconcile(tuner.peek()!);
    } catch (error) {
      report(error);
    }
  });
  return inStep;
}

/** The same, or sooner: as soon as nobody wants to wait any more. */
export async function keepInStepUntil(signal: AbortSignal): Promise<void> {
  const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
  await Promise.race([keepInStep(), aborted]);
}

/** What was trained on the doodles of the page, as it was kept last. */
let remembered: Memory | undefined;
/** Whether the tuner is to begin anew: with what is remembered, or with nothing. */
let anew = false;
/** A tuner that has been taught nothing, as a file. */
let blank: Uint8Array<ArrayBuffer>;
/** What the training came to that was remembered last. */
export const revived = signal<Loaded["report"]>(null);

/**
 * The page is about to show another project: the tuner forgets the last one, and is given what was trained on the doodles of
 * this one, instead of being taught them anew.
 */
export function recall(memory: Memory | undefined): void {
  remembered = memory;
  anew = true;
  revived.value = null;
  forgetExamples();
}

/** What the tuner has been taught and trained, to be recalled another time; nothing while it is not in step. */
export function memorise(): Promise<Memory | undefined> {
  const result = keepInStep().then(async () => {
    if (!tuner.peek() || anew) return undefined;
    const examples = [...taught].toSorted(([, one], [, other]) => one.id - other.id);
    const memory = {
      examples: examples.map(([doodleId, { classId }]) => ({ doodleId, classId })),
      trained: trained.peek(),
    };
    remembered = { ...memory, bytes: await tuner.peek()!.save() };
    return remembered;
  });
  // Whatever changes the examples waits until they have been written down.
  inStep = result.then(
    () => {},
    () => {},
  );
  return result;
}

/**
 * Opens a file in the place of what the tuner has. `place` makes its examples the doodles of the page, and says which is
 * which; a file that is refused changes nothing.
 */
export function openFile(
  bytes: Uint8Array<ArrayBuffer>,
  place: (loaded: Loaded) => Promise<Memory["examples"]>,
): Promise<Loaded> {
  const result = keepInStep().then(async () => {
    const loaded = await tuner.peek()!.load(bytes);
    // From here on the tuner is not what it was: should anything fail, it begins anew.
    anew = true;
    forgetExamples();
    try {
      adopt(loaded, await place(loaded), isOfItsExamples(loaded));
    } finally {
      if (anew) void keepInStep();
    }
    return loaded;
  });
  inStep = result.then(
    () => {},
    () => {},
  );
  return result;
}

/** Gives the tuner what is remembered; whatever else it knew is gone. */
async function begin(tuner: DoodleTune): Promise<void> {
  anew = false;
  forgetExamples();
  try {
    if (remembered && (await remember(tuner, remembered))) return;
    await tuner.load(blank);
    examplesChanged();
  } catch (error) {
    anew = true;
    throw error;
  }
}

/** Whether what is remembered can be used. */
async function remember(tuner: DoodleTune, { bytes, examples, trained }: Memory): Promise<boolean> {
  try {
    const loaded = await tuner.load(bytes);
    if (loaded.examples.length !== examples.length) throw new Error("The doodles are not those of the file.");
    // Unless another project has come meanwhile, whose turn is next.
    if (!anew) adopt(loaded, examples, trained);
    return true;
  } catch (error) {
    // That says nothing of what is remembered.
    if (isCode(error, "busy") || isCode(error, "disposed")) throw error;
    const other = isCode(error, "other-backbone");
    say(other ? KEEPING.otherNetwork : KEEPING.memoryLost);
    return false;
  }
}

/** Takes note of what a file has brought. */
function adopt(loaded: Loaded, examples: Memory["examples"], ofThese: boolean): void {
  anew = false;
  loaded.examples.forEach(({ id, label }, index) => {
    const { doodleId, classId } = examples[index]!;
    taught.set(doodleId, { id, classId });
    labels.set(classId, label);
  });
  examplesChanged();
  borrowed.value = loaded.examples.length === 0 ? loaded.labels : [];
  trained.value = loaded.labels.length > 0 && ofThese;
  revived.value = loaded.report;
}

/** Whether what is trained in a file was trained on as many examples as are in it: they may have changed since. */
function isOfItsExamples({ examples, report }: Loaded): boolean {
  if (!report || examples.length === 0) return true;
  const { trainingExamples, validationExamples, evaluation } = report;
  // A cross-validation holds back each in its turn.
  return examples.length === trainingExamples + (evaluation ? validationExamples : 0);
}

/** Makes the fewest calls that bring the tuner to what the page shows. */
async function reconcile(tuner: DoodleTune): Promise<void> {
  if (anew) await begin(tuner);

  const now = classes.peek();
  const present = new Set(now.flatMap(({ doodles }) => doodles.map(({ id }) => id)));
  const gone = [...taught].filter(([doodleId]) => !present.has(doodleId));
  if (gone.length > 0) {
    await tuner.removeExamples(gone.map(([, { id }]) => id));
    for (const [doodleId] of gone) taught.delete(doodleId);
    forgetEmptyClasses();
    examplesChanged();
  }

  await rename(tuner, now);
  await move(tuner, now);

  const fresh = now.flatMap((one) =>
    one.doodles
      .filter(({ id }) => !taught.has(id) && !unreadable.has(id))
      .map((doodle) => ({ doodle, classId: one.id, label: one.name })),
  );
  // Until another project comes: its doodles are taught next.
  for (let start = 0; start < fresh.length && !anew; start += BATCH)
    await teach(tuner, fresh.slice(start, start + BATCH));
}

/** Gives the tuner's classes their names of `now`. Names may have been swapped, and a taken one is refused. */
async function rename(tuner: DoodleTune, now: readonly DoodleClass[]): Promise<void> {
  const renamed = now.filter(({ id, name }) => labels.has(id) && labels.get(id) !== name);
  if (renamed.length === 0) return;
  const to = async (id: string, label: string) => {
    await tuner.renameClass(labels.get(id)!, label);
    labels.set(id, label);
  };
  const taken = new Set(labels.values());
  // Those in the way step aside, under a name that nobody else can have.
  if (renamed.some(({ name }) => taken.has(name))) for (const { id } of renamed) await to(id, id);
  for (const { id, name } of renamed) await to(id, name);
  knowledge.value++;
}

/** Puts examples into the classes that their doodles have been moved to. */
async function move(tuner: DoodleTune, now: readonly DoodleClass[]): Promise<void> {
  for (const { id: classId, name, doodles } of now) {
    for (const doodle of doodles) {
      const known = taught.get(doodle.id);
      if (!known || known.classId === classId) continue;
      await tuner.moveExample(known.id, name);
      known.classId = classId;
      labels.set(classId, name);
      forgetEmptyClasses();
      examplesChanged();
    }
  }
}

/** With its last example, the tuner forgets a class; its name is free again. */
function forgetEmptyClasses(): void {
  const kept = new Set([...taught.values()].map(({ classId }) => classId));
  for (const classId of labels.keys()) if (!kept.has(classId)) labels.delete(classId);
}

interface Lesson {
  doodle: Doodle;
  classId: string;
  label: string;
}

async function teach(tuner: DoodleTune, lessons: Lesson[]): Promise<void> {
  let ids: number[];
  try {
    ids = await tuner.addExamples(lessons.map(({ label, doodle }) => ({ label, input: doodle.input })));
  } catch (error) {
    if (!isAboutInput(error)) throw error;
    // One of them is at fault; find it, and let the others in.
    if (lessons.length > 1) {
      for (const lesson of lessons) await teach(tuner, [lesson]);
      return;
    }
    const [{ classId, doodle }] = lessons as [Lesson];
    if (isCode(error, "bad-input")) {
      unreadable.add(doodle.id);
      knowledge.value++;
    } else {
      removeDoodle(classId, doodle.id);
    }
    complain(error);
    return;
  }
  lessons.forEach(({ doodle, classId, label }, index) => {
    taught.set(doodle.id, { id: ids[index]!, classId });
    labels.set(classId, label);
  });
  examplesChanged();
}

function forgetExamples(): void {
  unreadable.clear();
  taught.clear();
  labels.clear();
  examplesChanged();
}

function examplesChanged(): void {
  borrowed.value = [];
  trained.value = false;
  changes++;
  knowledge.value++;
}

function isAboutInput(error: unknown): boolean {
  return isCode(error, "empty-drawing") || isCode(error, "bad-input");
}

function follow(next: Status): void {
  status.value = next;
  if (next.state === "restart") say(next.message);
  if (next.state === "failed") giveUp(next.message);
  // It may have come back by itself.
  if (next.state === "ready") forgetFailure();
  if (next.state === "ready" && tuner.value) {
    device.value = tuner.value.device;
    // The new engine knows what the one before did; it may be another device that answers.
    knowledge.value++;
  }
}
