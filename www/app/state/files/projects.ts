import type { Input, Loaded } from "../../../lib/index.js";
import { KEEPING, listing } from "../../words.js";
import { COLOURS, freshId, newClass, type Doodle, type Stroke } from "../doodles.js";
import { openFile, tuner } from "../learner.js";
import type { Memory } from "../memory.js";
import { complain, say } from "../notices.js";
import { beginProject, comeToRest, keepMemory, projectName } from "../storage.js";
import { hand } from "./hand.js";
import { fileName } from "./names.js";

/** Everything in the tuner's own form. */
export async function saveProject(): Promise<void> {
  await comeToRest();
  const bytes = await tuner.value!.save();
  await hand(fileName(projectName(), ".doodletune"), new Blob([bytes]));
}

/** What was trained, alone. */
export async function saveModel(format: "safetensors" | "onnx"): Promise<void> {
  const bytes = await tuner.value!.export({ format });
  await hand(fileName(projectName(), `.${format}`), new Blob([bytes]));
}

/** Opens a project or a model as a project of its own; a file that is refused changes nothing. */
export async function bringProject(file: File): Promise<void> {
  if (!tuner.value) return say(KEEPING.notReady);
  const name = file.name.replace(/\.\w+$/, "") || KEEPING.newProject;
  await comeToRest();
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    const { examples, labels } = await openFile(bytes, (loaded) => place(name, loaded));
    say(examples.length > 0 ? KEEPING.brought(name) : KEEPING.broughtModel(listing(labels)));
  } catch (error) {
    return complain(error);
  }
  await keepMemory().catch(() => complain(KEEPING.memoryNotKept));
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
