/** Pictures are kept at this size: enough for the network and for the gallery, and light to store. */
const MAX_SIDE = 512;

/**
 * A picture as it is kept. It is decoded and scaled away from this thread, which a photo of 50 megapixels would otherwise
 * hold for a second.
 *
 * Rejects if the browser cannot read it.
 */
export async function shrink(file: Blob): Promise<Blob> {
  const { width, height } = await measure(file);
  const scale = Math.min(1, MAX_SIDE / Math.max(width, height));
  const [resizeWidth, resizeHeight] = [width, height].map((side) => Math.max(1, Math.round(side * scale)));
  const bitmap = await createImageBitmap(file, { resizeWidth, resizeHeight, resizeQuality: "high" });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}

/** How large a picture is, as its first bytes tell. */
async function measure(file: Blob): Promise<{ width: number; height: number }> {
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    await new Promise((resolve, reject) => {
      image.onload = resolve;
      image.onerror = reject;
      image.src = url;
    });
    return { width: image.naturalWidth, height: image.naturalHeight };
  } finally {
    URL.revokeObjectURL(url);
  }
}
