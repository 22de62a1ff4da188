import { script as scriptUrl, style as styleUrl } from "virtual:standalone";
import { WASM, WEIGHTS } from "../../../lib/files.js";
import type { About } from "../../../standalone/about.js";
import { pack } from "../../../standalone/parts.js";
import { STANDALONE } from "../../words.js";
import { classes } from "../doodles.js";
import { tuner } from "../learner.js";
import { network } from "../network.js";
import { projectName } from "../storage.js";
import { hand } from "./hand.js";
import { fileName } from "./names.js";

/** Whatever is in the file, it can ask for nothing else. */
const POLICY = "default-src 'none'; script-src 'unsafe-inline' 'wasm-unsafe-eval'; style-src 'unsafe-inline'";

/** What was trained as a page in one file, which recognises drawings wherever it is opened. No doodle is in it. */
export async function saveWebpage(): Promise<void> {
  const model = await tuner.value!.export({ format: "safetensors" });
  const [script, style, ...parts] = await Promise.all([
    ask(new URL(scriptUrl)).then((blob) => blob.text()),
    ask(new URL(styleUrl)).then((blob) => blob.text()),
    ask(WASM()).then(pack),
    ask(WEIGHTS[network.value]!()).then(pack),
    pack(new Blob([model])),
  ]);
  const about: About = {
    title: projectName(),
    size: tuner.value!.backbone.size,
    colours: Object.fromEntries(classes.value.map(({ name, colour }) => [name, colour])),
  };
  const part = (id: string, content: string) => `<script type="text/plain" id="${id}">${content}</script>\n`;
  const html = [
    `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8" />\n`,
    `<meta name="viewport" content="width=device-width, initial-scale=1" />\n`,
    `<meta name="color-scheme" content="light dark" />\n`,
    `<meta http-equiv="Content-Security-Policy" content="${POLICY}" />\n`,
    `<title>${escape(projectName())}</title>\n<style>${style}</style>\n</head>\n<body>\n<div id="app"></div>\n`,
    part("about", JSON.stringify(about).replaceAll("<", "\\u003c")),
    ...["wasm", "weights", "model"].map((id, index) => part(id, parts[index]!)),
    // What would end the script early is the same to JavaScript with a backslash in it.
    `<script>${script.replaceAll("</script", "<\\/script")}</script>\n</body>\n</html>\n`,
  ];
  await hand(fileName(projectName(), ".html"), new Blob(html, { type: "text/html" }));
}

async function ask(url: URL): Promise<Blob> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) throw new Error(STANDALONE.partMissing(url.pathname.split("/").at(-1)!));
  return response.blob();
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
}
