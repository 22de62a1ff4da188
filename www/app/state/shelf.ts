import { createStore, delMany, getMany, keys, setMany } from "idb-keyval";

/** Where things are kept under keys. */
export interface Shelf {
  read(keys: readonly string[]): Promise<unknown[]>;
  /** All of it or nothing. */
  write(entries: readonly [key: string, value: unknown][]): Promise<void>;
  drop(keys: readonly string[]): Promise<void>;
  keys(): Promise<string[]>;
}

/** The browser's storage; every call rejects where it is refused, or full. */
export function lastingShelf(): Shelf {
  const store = createStore("doodletune", "doodles");
  return {
    read: (keys) => getMany([...keys], store),
    write: (entries) => setMany([...entries], store),
    drop: (keys) => delMany([...keys], store),
    keys: () => keys<string>(store),
  };
}

/** As long as the page is open: where the browser keeps nothing, or another tab does. */
export function passingShelf(): Shelf {
  const kept = new Map<string, unknown>();
  return {
    read: async (keys) => keys.map((key) => kept.get(key)),
    write: async (entries) => entries.forEach(([key, value]) => kept.set(key, value)),
    drop: async (keys) => keys.forEach((key) => kept.delete(key)),
    keys: async () => [...kept.keys()],
  };
}
