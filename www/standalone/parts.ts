/** The text of a part of the page. */
export function read(part: string): string {
  return document.getElementById(part)!.textContent!;
}

/** The bytes of a part of the page, which are compressed and written in base64. */
export async function unpack(part: string): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Uint8Array.from(atob(read(part)), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** The other way round: bytes as a part of a page. */
export async function pack(bytes: Blob): Promise<string> {
  const packed = await new Response(bytes.stream().pipeThrough(new CompressionStream("gzip"))).blob();
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^.*,/, ""));
    reader.onerror = () => reject(reader.error!);
    reader.readAsDataURL(packed);
  });
}
