// Builds work with the weights that are there: those of doodle always, others once they have been made.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const LINE = /^.*new URL\("[^"]*(models\/[^"/]+\.safetensors)", import\.meta\.url\),?$/gm;

/** The code of www/lib/files without the lines whose file is missing. */
export function withoutMissingWeights(code) {
  return code.replace(LINE, (line, file) => (existsSync(new URL(`../${file}`, import.meta.url)) ? line : ""));
}

/** The same for Vite, which would warn of a missing file, and leave its address in the page. */
export const presentWeights = {
  name: "present-weights",
  enforce: "pre",
  transform(code, id) {
    return id === fileURLToPath(new URL("lib/files.ts", import.meta.url))
      ? withoutMissingWeights(code)
      : null;
  },
};
