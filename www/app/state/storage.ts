import { batch, effect, signal } from "@preact/signals";
import { KEEPING } from "../words.js";
import { choose, classes, doodleCount, firstClasses, freshId, type DoodleClass } from "./doodles.js";
import { memorise, recall, revived, trained } from "./learner.js";
import type { Memory } from "./memory.js";
import { say } from "./notices.js";
import { lastingShelf, passingShelf } from "./shelf.js";
import { endTraining, forgetTraining, outcome, running, train } from "./training.js";
import { Vault, type Catalogue, type ProjectInfo } from "./vault.js";

/** All projects, in the order in which they came. */
export const projects = signal<readonly ProjectInfo[]>([{ id: freshId(), name: KEEPING.firstProject }]);
/** The one on the page. */
export const current = signal(projects.value[0]!.id);
/** Whether what is drawn outlives this visit. */
export const lasting = signal(false);

let vault = new Vault(passingShelf());
/** Everything that is written or read waits for what came before it. */
let order: Promise<unknown> = Promise.resolve();

/** Brings back what was saved, then saves every change. Storage that is refused only costs the memory. */
export async function restore(): Promise<void> {
  const lastingVault = new Vault(lastingShelf());
  let saved: Catalogue | undefined;
  try {
    saved = await lastingVault.open(KEEPING.firstProject);
    if (saved) await takeOut(lastingVault, saved);
  } catch {
    say(KEEPING.refused);
    keepSaving();
    return keepMemories();
  }
  if (await claimSaving()) {
    vault = lastingVault;
    lasting.value = true;
  } else {
    // What the other tab keeps is its own; this one has what it shows.
    projects.value = projects.value.filter(({ id }) => id === current.value);
    say(KEEPING.otherTab);
  }
  keepSaving();
  keepMemories();
  tellOfInterruption();
  if (lasting.value) void inTurn(() => lastingVault.sweep(catalogue())).catch(() => {});
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
    current.value = id;
    classes.value = shown;
    if (shown[0]) choose(shown[0].id);
  });
}

/** Whether this tab is the one that saves, from now until it is closed: two would overwrite each other. */
function claimSaving(): Promise<boolean> {
  if (!navigator.locks) return Promise.resolve(true); // as on a plain http address
  return new Promise((resolve) => {
    const hold = () => {
      resolve(true);
      return new Promise(() => {});
    };
    // Not `ifAvailable`: on a reload the page before may not have let go yet.
    navigator.locks
      .request("doodletune", { signal: AbortSignal.timeout(200) }, hold)
      .catch((error: Error) => resolve(error.name !== "TimeoutError"));
  });
}

function keepSaving(): void {
  let failed = false;
  effect(() => {
    const [now, id, list] = [classes.value, current.value, catalogue()];
    inTurn(() => vault.write(list, id, now)).then(
      () => {
        failed = false;
        if (doodleCount.peek() > 0) askToKeep();
      },
      () => {
        if (!failed) say(KEEPING.full(doodleCount.peek()));
        failed = true;
      },
    );
  });
}

let asked = false;

/** When the disk runs full, browsers clear away what nobody has asked them to keep. */
function askToKeep(): void {
  if (asked || !lasting.peek()) return;
  asked = true;
  navigator.storage?.persist?.().catch(() => {});
}

/** Keeps what was trained, whenever something was. */
function keepMemories(): void {
  effect(() => {
    if (outcome.value && outcome.value !== revived.peek() && trained.peek())
      keepMemory().catch(() => say(KEEPING.memoryNotKept));
  });
}

/** Keeps what the tuner knows now. */
export async function keepMemory(): Promise<void> {
  const id = current.peek();
  await inTurn(async () => {
    const memory = await memorise();
    // Nobody knows what another project has been taught.
    if (memory && id === current.peek()) await vault.writeMemory(id, memory);
  });
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
  return { projects: [...projects.value], current: current.value };
}

function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const result = order.then(task);
  order = result.catch(() => {});
  return result;
}

/** What the project on the page has learnt is kept before another one takes its place. */
export async function comeToRest(): Promise<void> {
  await endTraining();
  await inTurn(async () => {});
}

/** Opens another project; the one that was open is saved, as it always is. */
export async function openProject(id: string): Promise<void> {
  if (id === current.value) return;
  try {
    await comeToRest();
    const brought = await inTurn(() => vault.read(id));
    show(id, brought, await inTurn(() => readMemory(vault, id)));
  } catch {
    say(KEEPING.unreadable);
  }
}

/** Begins a project with the classes of a first visit. */
export async function addProject(name: string): Promise<void> {
  await comeToRest();
  beginProject(name, firstClasses());
}

/** The same with classes of which the tuner knows already. */
export function beginProject(name: string, begin: readonly DoodleClass[]): void {
  const id = freshId();
  batch(() => {
    projects.value = [...projects.value, { id, name: freeName(name) }];
    show(id, begin);
  });
}

export function renameProject(id: string, name: string): void {
  projects.value = projects.value.map((one) => (one.id === id ? { ...one, name } : one));
}

/** A second one of the same, beside it; it is not opened. */
export async function duplicateProject(id: string): Promise<void> {
  const index = projects.value.findIndex((one) => one.id === id);
  const copy = { id: freshId(), name: freeName(projects.value[index]!.name) };
  // Its page is written first, so that the catalogue never names what is not there.
  const list = { ...catalogue(), projects: projects.value.toSpliced(index + 1, 0, copy) };
  try {
    await inTurn(() => vault.copy(list, id, copy.id));
    projects.value = list.projects;
  } catch {
    say(KEEPING.full(doodleCount.value));
  }
}

/** Takes a project from the list; what it returns puts it back. Its things are swept out at the next start. */
export async function removeProject(id: string): Promise<() => void> {
  const index = projects.value.findIndex((one) => one.id === id);
  const removed = projects.value[index]!;
  const wasOpen = id === current.value;
  if (projects.value.length === 1) await addProject(KEEPING.firstProject);
  else if (wasOpen) await openProject(projects.value[index === 0 ? 1 : index - 1]!.id);
  projects.value = projects.value.filter((one) => one.id !== id);
  return () => {
    projects.value = projects.value.toSpliced(index, 0, removed);
    if (wasOpen) void openProject(id);
  };
}

function freeName(name: string): string {
  const taken = new Set(projects.value.map((one) => one.name));
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name} ${number}`)) number++;
  return `${name} ${number}`;
}

/** What the open project is called. */
export function projectName(): string {
  return projects.value.find(({ id }) => id === current.value)!.name;
}
