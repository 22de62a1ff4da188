import type { Shrunk } from "./pictures.js";

/** Pictures are kept at this size: enough for the network and for the gallery, and light to store. */
const MAX_SIDE = 512;

addEventListener("message", async ({ data }: MessageEvent<Blob>) => {
  postMessage(await shrink(data).catch((): Shrunk => null));
});

async function shrink(file: Blob): Promise<Shrunk> {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.ceil(bitmap.width * scale), Math.ceil(bitmap.height * scale));
  const pen = canvas.getContext("2d")!;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}
