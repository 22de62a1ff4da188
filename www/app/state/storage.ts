import { batch, computed, effect, signal } from "@preact/signals";
import { KEEPING } from "../words.js";
import { choose, classes, doodleCount, firstClasses, freshId, type DoodleClass } from "./doodles.js";
import { freeName } from "./free-name.js";
import { memorise, recall } from "./learner.js";
import type { Memory } from "./memory.js";
import { complain, dismiss, notice, say } from "./notices.js";
import { queue } from "./queue.js";
import { lastingShelf, passingShelf } from "./shelf.js";
import { endTraining, forgetTraining, running, train, trainings } from "./training.js";
import { Vault, type Catalogue, type ProjectInfo } from "./vault.js";

/** How long after the start things that nobody refers to are swept out: the page before may still have been writing. */
const SWEEP_MS = 5000;

/** On a reload, the page before may not have let go yet. It is asked for again, not waited for: a slow machine is no other tab. */
const CLAIMS = 5;
const CLAIM_MS = 50;

/** What could not be written is tried again with the next change, or after this long: room may have been made. */
const AGAIN_MS = 10_000;

/** All projects, in the order in which they came. */
export const projects = signal<readonly ProjectInfo[]>([{ id: freshId(), name: KEEPING.firstProject }]);
/** The one on the page. */
export const current = signal(projects.value[0]!.id);
/** Whether what is drawn is meant to outlive this visit. */
const lasting = signal(false);
/** Whether it could not be written. */
const failing = signal(false);
/** Whether what is drawn outlives this visit. */
export const saving = computed(() => lasting.value && !failing.value);

let vault = new Vault(passingShelf());
/** Everything that is written or read waits for what came before it. */
const inTurn = queue();
/** So does everything that changes which projects there are, or which is open; it is decided when its turn comes. */
const operations = queue();
/** What has not been written yet, by its project; it stays until it has. */
const unsaved = new Map<string, readonly DoodleClass[]>();

/** Brings back what was saved, then saves every change. Storage that is refused only costs the memory. */
export async function restore(): Promise<void> {
  const kept = new Vault(lastingShelf());
  // Before anything is read: whoever saves has the last word until then.
  const mine = await claimSaving();
  try {
    const saved = await kept.open(KEEPING.firstProject);
    if (saved) await takeOut(kept, saved);
    if (mine) vault = kept;
    lasting.value = mine;
    if (!mine) keepToOneself();
  } catch {
    say(KEEPING.refused);
  }
  keepSaving();
  keepTrainings();
  if (!lasting.value) return;
  tellOfInterruption();
  setTimeout(() => inTurn(() => kept.sweep()).catch(() => {}), SWEEP_MS);
}

/** What the other tab keeps is its own; this one has what it shows. */
function keepToOneself(): void {
  projects.value = projects.value.filter(({ id }) => id === current.value);
  complain(KEEPING.otherTab);
}

/** Puts on the page what was saved. Whoever was quick enough to draw before this moment keeps that too. */
async function takeOut(vault: Vault, saved: Catalogue): Promise<void> {
  const brought = await vault.read(saved.current);
  const memory = await readMemory(vault, saved.current);
  const early = classes.value.filter(({ doodles }) => doodles.length > 0);
  const taken = new Set(brought.map(({ name }) => name));
  const renamed = early.map((one) => (taken.has(one.name) ? { ...one, name: KEEPING.again(one.name) } : one));
  batch(() => {
    projects.value = saved.projects;
    show(saved.current, [...brought, ...renamed], memory);
  });
}

/** Without what was trained there are still the doodles. */
async function readMemory(vault: Vault, id: string): Promise<Memory | undefined> {
  try {
    return await vault.readMemory(id);
  } catch {
    say(KEEPING.memoryLost);
    return undefined;
  }
}

function show(id: string, shown: readonly DoodleClass[], memory?: Memory): void {
  batch(() => {
    recall(memory);
    forgetTraining();
    // What could be taken back was another project's.
    const action = notice.peek()?.action;
    if (action && !action.anywhere) dismiss();
    current.value = id;
    classes.value = shown;
    if (shown[0]) choose(shown[0].id);
  });
}

/** Whether this tab is the one that saves, from now until it is closed: two would overwrite each other. */
async function claimSaving(): Promise<boolean> {
  if (!navigator.locks) return claimByAsking(); // as on a plain http address
  for (let tries = 0; tries < CLAIMS; tries++) {
    if (await claim()) return true;
    await new Promise((resolve) => setTimeout(resolve, CLAIM_MS));
  }
  return false;
}

function claim(): Promise<boolean> {
  return new Promise((resolve) => {
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    };
    // Refused altogether, nobody else can have it either.
    navigator.locks.request("doodletune", { ifAvailable: true }, hold).catch(() => resolve(true));
  });
}

/** The same where the browser has no locks: each draws a number, and the lowest has it. Whoever saves already has zero. */
async function claimByAsking(): Promise<boolean> {
  const channel = new BroadcastChannel("doodletune");
  let own = 1 - Math.random();
  const answer = () => channel.postMessage(own);
  const taken = await new Promise<boolean>((resolve) => {
    channel.onmessage = ({ data }) => (data < own ? resolve(true) : answer());
    answer();
    setTimeout(() => resolve(false), CLAIMS * CLAIM_MS);
  });
  if (taken) channel.close();
  else own = 0;
  return !taken;
}

function keepSaving(): void {
  let changes = 0;
  let again: ReturnType<typeof setTimeout> | undefined;
  const attempt = async () => {
    clearTimeout(again);
    try {
      await save();
      if (failing.peek()) say(KEEPING.savedAfterAll);
      failing.value = false;
      if (doodleCount.peek() > 0) askToKeep();
    } catch {
      if (!failing.peek()) complain(KEEPING.full(doodleCount.peek()));
      failing.value = true;
      clearTimeout(again);
      again = setTimeout(attempt, AGAIN_MS);
    }
  };
  effect(() => {
    void projects.value;
    unsaved.set(current.value, classes.value);
    changes++;
    void attempt();
  });
  // What it was told once may be forgotten by whoever closes the page an hour later.
  addEventListener("beforeunload", (event) => {
    if (!saving.peek() && changes > 1 && doodleCount.peek() > 0) event.preventDefault();
  });
}

/** Writes what is unsaved. */
function save(): Promise<void> {
  return inTurn(async () => {
    if (unsaved.size === 0) return;
    const pages = new Map(unsaved);
    unsaved.clear();
    try {
      await vault.write(catalogue(), pages);
    } catch (error) {
      // To be tried again, unless it is out of date.
      for (const [id, page] of pages) if (!unsaved.has(id)) unsaved.set(id, page);
      throw error;
    }
  });
}

let asked = false;

/** When the disk runs full, browsers clear away what nobody has asked them to keep. */
function askToKeep(): void {
  if (asked || !lasting.peek()) return;
  asked = true;
  navigator.storage?.persist?.().catch(() => {});
}

/** Keeps what every training comes to. */
function keepTrainings(): void {
  effect(() => {
    if (trainings.value > 0) void keepMemory();
  });
}

let keeping = Promise.resolve();

/** Keeps what the tuner knows now. The tuner takes its time to tell; what is drawn meanwhile is saved all the same. */
export function keepMemory(): Promise<void> {
  const id = current.peek();
  keeping = keeping.then(async () => {
    try {
      const memory = await memorise();
      // Nobody knows what another project has been taught.
      if (memory && id === current.peek()) await inTurn(() => vault.writeMemory(id, memory));
    } catch {
      complain(KEEPING.memoryNotKept);
    }
  });
  return keeping;
}

const TRAINING = "doodletune.training";

/** A page that is closed in the middle of a training has lost its work, but not the doodles: that is worth a word. */
function tellOfInterruption(): void {
  const remembered = (run: (storage: Storage) => void) => {
    try {
      run(localStorage);
    } catch {
      // Then nobody will be told.
    }
  };
  remembered((storage) => {
    if (storage.getItem(TRAINING) === current.value)
      say(KEEPING.interrupted, { label: KEEPING.train, run: () => void train() });
  });
  effect(() => {
    const id = running.value ? current.peek() : null;
    remembered((storage) => (id ? storage.setItem(TRAINING, id) : storage.removeItem(TRAINING)));
  });
}

function catalogue(): Catalogue {
  return { projects: [...projects.peek()], current: current.peek() };
}

/** Runs an operation on projects when its turn has come, and tells of what it was refused with. */
export function operate<T>(operation: () => Promise<T>): Promise<T | undefined> {
  return operations(operation).catch((error) => {
    complain(error);
    return undefined;
  });
}

/**
 * What the project on the page is, and what it has learnt, is kept before another one takes its place; to be awaited in an
 * operation, which is refused where drawings cannot be saved.
 */
export async function comeToRest(): Promise<void> {
  do {
    await endTraining();
    await keeping;
    await saveOrRefuse();
    // While it was saved, somebody may have pressed Train.
  } while (running.peek());
}

async function saveOrRefuse(): Promise<void> {
  await save().catch(() => {
    throw new Error(KEEPING.full(doodleCount.peek()));
  });
}

/** Opens another project; the one that was open is saved, as it always is. */
export function openProject(id: string): Promise<void> {
  return operate(() => open(id));
}

async function open(id: string): Promise<void> {
  // It may have been deleted while this was waiting.
  if (id === current.peek() || !projects.peek().some((one) => one.id === id)) return;
  const brought = await inTurn(async () => unsaved.get(id) ?? vault.read(id)).catch(() => {
    throw new Error(KEEPING.unreadable);
  });
  const memory = await inTurn(() => readMemory(vault, id));
  await comeToRest();
  show(id, brought, memory);
}

/** Begins a project with the classes of a first visit. */
export function addProject(name: string): Promise<void> {
  return operate(() => add(name));
}

async function add(name: string): Promise<void> {
  await comeToRest();
  beginProject(name, firstClasses());
}

/** Puts a new project on the page; the one that is there has come to rest. */
export function beginProject(name: string, begin: readonly DoodleClass[]): void {
  const id = freshId();
  batch(() => {
    projects.value = [...projects.value, { id, name: freeProjectName(name) }];
    show(id, begin);
  });
}

export function renameProject(id: string, name: string): void {
  projects.value = projects.value.map((one) => (one.id === id ? { ...one, name } : one));
}

/** A second one of the same, beside it; it is not opened. */
export function duplicateProject(id: string): Promise<void> {
  return operate(async () => {
    const original = projects.peek().find((one) => one.id === id);
    if (!original) return;
    await keeping;
    await saveOrRefuse();
    const copy = { id: freshId(), name: freeProjectName(original.name) };
    // Its page is written first, so that the catalogue never names what is not there.
    await inTurn(() => vault.copy(id, copy.id)).catch(() => {
      throw new Error(KEEPING.full(doodleCount.peek()));
    });
    projects.value = projects.value.toSpliced(placeOf(id) + 1, 0, copy);
  });
}

/**
 * Takes a project from the list; resolves to what puts it back, or to nothing where it had to stay. Its things are swept out
 * after the next start.
 */
export function removeProject(id: string): Promise<(() => void) | undefined> {
  return operate(async () => {
    if (placeOf(id) < 0) return undefined;
    const wasOpen = id === current.peek();
    if (projects.peek().length === 1) await add(KEEPING.firstProject);
    else if (wasOpen) await open(neighbourOf(id));
    const index = placeOf(id);
    const removed = projects.peek()[index]!;
    projects.value = projects.value.toSpliced(index, 1);
    return () =>
      void operate(async () => {
        projects.value = projects.value.toSpliced(index, 0, removed);
        if (wasOpen) await open(id);
      });
  });
}

function placeOf(id: string): number {
  return projects.peek().findIndex((one) => one.id === id);
}

function neighbourOf(id: string): string {
  const place = placeOf(id);
  return projects.peek()[place === 0 ? 1 : place - 1]!.id;
}

function freeProjectName(name: string): string {
  return freeName(
    name,
    projects.peek().map((one) => one.name),
  );
}

/** What the open project is called. */
export function projectName(): string {
  return projects.value.find(({ id }) => id === current.value)!.name;
}
