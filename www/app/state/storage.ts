import { effect } from "@preact/signals";
import { createStore, delMany, entries, setMany, type UseStore } from "idb-keyval";
import { choose, classes, doodleCount, type Doodle, type DoodleClass } from "./doodles.js";
import { say } from "./notices.js";

/** Under this key: the classes with the ids of their doodles. Under every other key: one doodle. */
const INDEX = "classes";
type Index = (Omit<DoodleClass, "doodles"> & { doodles: string[] })[];

/** Brings back what was saved, then saves every change. Storage that is refused only costs the memory. */
export async function restore(): Promise<void> {
  let store: UseStore;
  let saved: DoodleClass[] | undefined;
  try {
    store = createStore("doodletune", "doodles");
    saved = await load(store);
  } catch {
    say("Your browser does not let this page store doodles, so they will be gone when you close it.");
    return;
  }
  if (saved) {
    // Whoever was quick enough to draw before this moment keeps that too.
    const early = classes.value.filter(({ doodles }) => doodles.length > 0);
    const taken = new Set(saved.map(({ name }) => name));
    const renamed = early.map((one) => (taken.has(one.name) ? { ...one, name: `${one.name} (again)` } : one));
    classes.value = [...saved, ...renamed];
    const first = classes.value[0];
    if (first) choose(first.id);
  }
  if (!(await claimSaving()))
    return say("This page is open in another tab, and only that one saves; what you draw here is not kept.");
  keepSaved(store, new Set(saved?.flatMap(({ doodles }) => doodles.map(({ id }) => id))));
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

async function load(store: UseStore): Promise<DoodleClass[] | undefined> {
  const all = new Map<IDBValidKey, unknown>(await entries(store));
  const index = all.get(INDEX) as Index | undefined;
  return index?.map(({ doodles, ...rest }) => ({
    ...rest,
    doodles: doodles.flatMap((id) => {
      const input = all.get(id) as Doodle["input"] | undefined;
      return input ? [{ id, input }] : [];
    }),
  }));
}

function keepSaved(store: UseStore, known: Set<string>): void {
  let saving = Promise.resolve();
  let failed = false;
  effect(() => {
    const now = classes.value;
    saving = saving
      .then(() => save(store, now, known))
      .catch(() => {
        if (!failed)
          say(`The browser would not save your ${doodleCount.value} doodles: its storage may be full.`);
        failed = true;
      });
  });
}

/** Writes the index and what is new in one transaction, then drops what is gone. */
async function save(store: UseStore, now: readonly DoodleClass[], known: Set<string>): Promise<void> {
  const doodles = now.flatMap(({ doodles }) => doodles);
  const added = doodles.filter(({ id }) => !known.has(id));
  const index: Index = now.map((one) => ({ ...one, doodles: one.doodles.map(({ id }) => id) }));
  await setMany([[INDEX, index], ...added.map(({ id, input }): [string, unknown] => [id, input])], store);
  for (const { id } of added) known.add(id);

  const present = new Set(doodles.map(({ id }) => id));
  const gone = [...known].filter((id) => !present.has(id));
  if (gone.length > 0) await delMany(gone, store);
  for (const id of gone) known.delete(id);
}
