// What docs/ says of the public API, made from the declarations in pkg/:
//   node tests/package/api-docs.mjs    writes it anew, as `cargo xtask docs` does
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { path, tool } from "./tools.mjs";

const from = (name) => fileURLToPath(new URL(name, import.meta.url));
const ENTRY = from("../../pkg/lib/index.d.ts");
const TSCONFIG = from("tsconfig.json");

/** What is made, by its file. */
export const API_DOCS = {
  "docs/doodletune.api.md": makeReport,
  "docs/api.md": makeReference,
};

/** Makes a file in a folder of its own, which is gone afterwards. */
async function inFolder(make) {
  const folder = await mkdtemp(join(tmpdir(), "doodletune-docs-"));
  try {
    return await readFile(await make(folder), "utf8");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The API without its documentation: what changes in here changes for everybody who uses it. Refuses what nobody explains. */
function makeReport() {
  return inFolder(async (folder) => {
    const { Extractor, ExtractorConfig } = (await tool("@microsoft/api-extractor")).default;
    const quiet = { default: { logLevel: "none" } };
    const config = ExtractorConfig.prepare({
      packageJsonFullPath: from("../../pkg/package.json"),
      configObjectFullPath: undefined,
      configObject: {
        projectFolder: from("../../pkg"),
        mainEntryPointFilePath: ENTRY,
        newlineKind: "lf",
        compiler: { tsconfigFilePath: TSCONFIG },
        apiReport: {
          enabled: true,
          reportFileName: "doodletune",
          reportFolder: folder,
          reportTempFolder: folder,
        },
        docModel: { enabled: false },
        dtsRollup: { enabled: false },
        tsdocMetadata: { enabled: false },
        messages: {
          compilerMessageReporting: quiet,
          extractorMessageReporting: { ...quiet, "ae-undocumented": { logLevel: "warning" } },
          tsdocMessageReporting: quiet,
        },
      },
    });
    const unexplained = [];
    Extractor.invoke(config, {
      localBuild: true,
      messageCallback(message) {
        if (message.messageId === "ae-undocumented") unexplained.push(message.text);
        message.handled = true;
      },
    });
    if (unexplained.length > 0) throw new Error(`www/lib: ${unexplained.join("\n")}`);
    return join(folder, "doodletune.api.md");
  });
}

/** All of it, with its documentation. */
function makeReference() {
  return inFolder(async (folder) => {
    const { Application } = await tool("typedoc");
    const app = await Application.bootstrapWithPlugins({
      plugin: [path("typedoc-plugin-markdown")],
      entryPoints: [ENTRY],
      tsconfig: TSCONFIG,
      out: folder,
      readme: "none",
      name: "The API",
      logLevel: "Error",
      sort: ["source-order"],
      kindSortOrder: ["Class", "TypeAlias", "Interface"],
      excludeExternals: true,
      disableSources: true,
      router: "module",
      hidePageHeader: true,
      hideBreadcrumbs: true,
      hideGroupHeadings: true,
      useCodeBlocks: true,
      expandObjects: true,
      interfacePropertiesFormat: "table",
      typeAliasPropertiesFormat: "table",
      parametersFormat: "table",
      classPropertiesFormat: "table",
    });
    await app.generateOutputs(await app.convert());
    return join(folder, "README.md");
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, make] of Object.entries(API_DOCS)) await writeFile(from(`../../${file}`), await make());
}
