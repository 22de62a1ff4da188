import { zip, type Zippable } from "fflate";
import { KEEPING } from "../../words.js";
import { inkBox, strokePath } from "../../parts/ink.js";
import { classes, type Doodle, type Stroke } from "../doodles.js";
import { say } from "../notices.js";
import { projectName } from "../storage.js";
import { hand } from "./hand.js";
import { fileName } from "./names.js";

/** Side of the pictures, in pixels. */
const SIDE = 512;
const LINE_WIDTH = 15;

/** Drawings as Quick, Draw! has them, one a line, exactly as they were drawn. */
export async function saveDrawings(): Promise<void> {
  const lines: string[] = [];
  let pictures = 0;
  for (const { name, doodles } of classes.value) {
    for (const { id, input } of doodles) {
      if (input instanceof Blob) pictures++;
      else lines.push(JSON.stringify({ word: name, key_id: id, recognized: true, drawing: input }) + "\n");
    }
  }
  await hand(fileName(projectName(), ".ndjson"), new Blob(lines, { type: "application/x-ndjson" }));
  if (pictures > 0) say(KEEPING.pictureMissing(pictures));
}

/** All doodles as pictures, a folder for each class. */
export async function savePictures(): Promise<void> {
  const files: Zippable = {};
  // To some file systems, capitals make no difference.
  const taken = new Set<string>();
  for (const { name, doodles } of classes.value) {
    let folder = fileName(name);
    while (taken.has(folder.toLowerCase())) folder += "_";
    taken.add(folder.toLowerCase());
    for (const [index, { input }] of doodles.entries()) {
      const png = input instanceof Blob ? input : await picture(input);
      files[`${folder}/${String(index + 1).padStart(3, "0")}.png`] = new Uint8Array(await png.arrayBuffer());
    }
  }
  const bytes = await pack(files);
  await hand(fileName(projectName(), ".zip"), new Blob([bytes], { type: "application/zip" }));
}

/** A drawing as it is seen: black on white, in the middle. */
function picture(strokes: Exclude<Doodle["input"], Blob>): Promise<Blob> {
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, SIDE, SIDE);
  const { x, y, side } = inkBox(strokes);
  const scale = SIDE / side;
  pen.setTransform(scale, 0, 0, scale, -x * scale, -y * scale);
  pen.lineWidth = LINE_WIDTH;
  pen.lineCap = pen.lineJoin = "round";
  for (const stroke of strokes as Stroke[]) pen.stroke(new Path2D(strokePath(stroke)));
  return canvas.convertToBlob({ type: "image/png" });
}

function pack(files: Zippable): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) =>
    // PNG is compressed already; without compression, no worker is needed either.
    zip(files, { level: 0 }, (error, bytes) => (error ? reject(error) : resolve(bytes))),
  );
}
