import type { Input, Loaded } from "../../../lib/index.js";
import { KEEPING, listing } from "../../words.js";
import { COLOURS, freshId, newClass, type Doodle, type Stroke } from "../doodles.js";
import { keepInStep, missing, openFile, tuner, untaught, whyNoTuner } from "../learner.js";
import type { Memory } from "../memory.js";
import { complain, say } from "../notices.js";
import { beginProject, comeToRest, keepMemory, operate, projectName } from "../storage.js";
import { hand } from "./hand.js";
import { fileName } from "./names.js";

/** More than a project can be. */
const MOST_BYTES = 256 * 2 ** 20;

/** Everything in the tuner's own form. */
export async function saveProject(): Promise<void> {
  // A file that is kept in the place of all drawings has to have all of them.
  await keepInStep();
  if (!tuner.peek()) throw new Error(whyNoTuner());
  if (untaught.peek() > 0) throw new Error(KEEPING.notLookedAt(untaught.peek()));
  const bytes = await tuner.peek()!.save();
  await hand(fileName(projectName(), ".doodletune"), new Blob([bytes]));
  if (missing.peek() > 0) complain(KEEPING.missing(missing.peek()));
}

/** What was trained, alone. */
export async function saveModel(format: "safetensors" | "onnx"): Promise<void> {
  if (!tuner.peek()) throw new Error(whyNoTuner());
  const bytes = await tuner.peek()!.export({ format });
  await hand(fileName(projectName(), `.${format}`), new Blob([bytes]));
}

/** Opens a project or a model as a project of its own; a file that is refused changes nothing. */
export async function bringProject(file: File): Promise<void> {
  if (file.size > MOST_BYTES) throw new Error(KEEPING.bigProject(file.name));
  const bytes = new Uint8Array(await file.arrayBuffer());
  await operate(async () => {
    await comeToRest();
    if (!tuner.peek()) throw new Error(whyNoTuner());
    const name = file.name.replace(/\.\w+$/, "") || KEEPING.newProject;
    const { examples, labels } = await openFile(bytes, (loaded) => place(name, loaded));
    say(examples.length > 0 ? KEEPING.brought(name) : KEEPING.broughtModel(listing(labels)));
    await keepMemory();
  });
}

/** Makes what was in a file a project on the page, and says which doodle is which example. */
async function place(name: string, { examples, labels }: Loaded): Promise<Memory["examples"]> {
  const names = [...new Set([...labels, ...examples.map(({ label }) => label)])];
  const classes = new Map(names.map((label, index) => [label, newClass(label, index % COLOURS)]));
  const places: Memory["examples"] = [];
  for (const { label, input } of examples) {
    const one = classes.get(label)!;
    const doodle = { id: freshId(), input: await toDoodle(input) };
    one.doodles.push(doodle);
    places.push({ doodleId: doodle.id, classId: one.id });
  }
  beginProject(name, [...classes.values()]);
  return places;
}

/** An example as the page keeps it: strokes as they are, and pictures as PNG. */
async function toDoodle(input: Input): Promise<Doodle["input"]> {
  if (!(input instanceof ImageData)) return input as Stroke[];
  const canvas = new OffscreenCanvas(input.width, input.height);
  canvas.getContext("2d")!.putImageData(input, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
