// The page in one file, without its model: a script and a style sheet, which the app wraps up with one.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A file has nothing beside it: no weights, no wasm, no worker. All of it comes from the page itself. */
const nothingBeside = {
  name: "nothing-beside",
  enforce: "pre",
  transform(code, id) {
    if (id === path("lib/files.ts")) {
      return 'export const INTEGRITY = {}, WEIGHTS = {}, WASM = () => new URL("data:,");';
    }
    if (id === path("lib/open.ts")) {
      return code.replace(/new Worker\(new URL\([^)]*\), [^)]*\)/, 'new Worker("data:,")');
    }
    return id === path("../pkg/doodletune.js")
      ? code.replace(/new URL\([^)]*import\.meta\.url\)/, '""')
      : null;
  },
};

const NAME = "virtual:standalone";

/**
 * Gives the app the addresses of both as a module. They are named by their content, as the wasm is that they go with:
 * those of two versions do not work together.
 */
export function standalone() {
  let building;
  return {
    name: "standalone",
    configResolved: ({ command }) => {
      building = command === "build";
    },
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    async load(id) {
      if (id !== `\0${NAME}`) return null;
      const { script, style } = await make();
      const address = building
        ? (type, source) =>
            `import.meta.ROLLUP_FILE_URL_${this.emitFile({ type: "asset", name: `standalone.${type}`, source })}`
        : (type, source) => JSON.stringify(`data:,${encodeURIComponent(source)}`);
      return `export const script = ${address("js", script)};\nexport const style = ${address("css", style)};\n`;
    },
  };
}

async function make() {
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
  return {
    script: output.find(({ type }) => type === "chunk").code,
    style: output.find(({ fileName }) => fileName.endsWith(".css")).source,
  };
}
