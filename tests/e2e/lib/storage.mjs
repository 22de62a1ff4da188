// What the page shows, and what the browser keeps of it.
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";

export const doodles = (page) => page.locator(".gallery .thumbnail").count();
export const classNames = (page) =>
  page.locator(".card .card-name").evaluateAll((fields) => fields.map(({ value }) => value));

/** What lies in the browser's storage under these keys. */
export const stored = (page, ...keys) => page.evaluate(storage, { keys });

/** Waits until the open project is stored as it is shown; `trained`, with a model. */
export async function kept(page, { trained = false } = {}) {
  const same = async () => {
    const shown = [await classNames(page), await doodles(page)];
    const [catalogue] = await stored(page, "projects");
    const [project] = await stored(page, `project:${catalogue?.current}`);
    const classes = project?.classes ?? [];
    const there = [classes.map(({ name }) => name), classes.flatMap(({ doodles }) => doodles).length];
    return isDeepStrictEqual(there, shown) && (!trained || project.memory !== undefined);
  };
  await until(page, same, "what is shown is stored");
}

/** Changes the browser's storage, to `keep` alone or by `change`, and reads from it. Runs in the page. */
export async function storage({ keys = [], keep, change = [] }) {
  const database = await new Promise((resolve) => {
    const request = indexedDB.open("doodletune");
    request.onupgradeneeded = () => request.result.createObjectStore("doodles"); // ahead of the page
    request.onsuccess = () => resolve(request.result);
  });
  const store = database.transaction("doodles", "readwrite").objectStore("doodles");
  if (keep) store.clear();
  for (const [key, value] of keep ?? change) store.put(value, key);
  const requests = keys.map((key) => store.get(key));
  await new Promise((resolve) => (store.transaction.oncomplete = resolve));
  database.close();
  return requests.map(({ result }) => result);
}

/** Looks again and again, as what is asked for cannot be waited for in the page. */
export async function until(page, done, what) {
  for (const from = Date.now(); !(await done()); await page.waitForTimeout(20))
    assert.ok(Date.now() - from < 60_000, what);
}
