import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** A program of the system's: the one that the environment names, or the first of these on the PATH. */
export function program(variable, names) {
  const found = process.env[variable] ?? find(names);
  if (!found) throw new Error(`Install ${names[0]}, or name it in ${variable}: it is not on the PATH.`);
  return found;
}

function find(names) {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
