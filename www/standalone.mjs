// The page in one file, without its model: standalone.js and standalone.css, which the app wraps up with one.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A file has nothing beside it: no weights, no wasm, no worker. All of it comes from the page itself. */
const nothingBeside = {
  name: "nothing-beside",
  enforce: "pre",
  transform(code, id) {
    if (id === path("lib/models.ts")) return "export const WEIGHTS = {};";
    if (id === path("lib/port.ts")) {
      return code.replace(/new Worker\(new URL\([^)]*\), [^)]*\)/, 'new Worker("data:,")');
    }
    return id === path("../pkg/doodletune.js")
      ? code.replace(/new URL\([^)]*import\.meta\.url\)/, '""')
      : null;
  },
};

/** Builds it beside the page. */
export function standalone() {
  return {
    name: "standalone",
    apply: "build",
    async generateBundle() {
      const [{ output }] = await build({
        configFile: false,
        logLevel: "warn",
        publicDir: false,
        plugins: [nothingBeside],
        define: { "process.env.NODE_ENV": '"production"' },
        build: {
          target: "es2022",
          write: false,
          lib: { entry: path("standalone/main.tsx"), formats: ["iife"], name: "standalone" },
        },
      });
      for (const { fileName, code, source } of output) {
        const ending = /\.css$/.test(fileName) ? "css" : "js";
        this.emitFile({ type: "asset", fileName: `standalone.${ending}`, source: code ?? source });
      }
    },
  };
}
