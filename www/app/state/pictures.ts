import { addDoodle } from "./doodles.js";
import { complain } from "./notices.js";

/** Pictures are kept at this size: enough for the network and for the gallery, and light to store. */
const MAX_SIDE = 512;

/** Takes in the pictures among the files, one after the other. */
export async function importPictures(
  classId: string,
  files: Iterable<File> | null | undefined,
): Promise<void> {
  for (const file of [...(files ?? [])]) {
    try {
      addDoodle(classId, await shrink(file));
    } catch {
      complain(`“${file.name}” is not a picture that your browser can read.`);
    }
  }
}

/** A picture that is dropped beside a class must not take the place of the page. */
export function ignoreStrayDrops(): void {
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault());
}

async function shrink(file: File): Promise<Blob> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale));
  const pen = canvas.getContext("2d")!;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
