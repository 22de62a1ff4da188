// How large files are as a server sends them.
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "sizes");

/** Brotli's best quality, which takes a minute or more for the wasm. */
export const BEST = 11;

/** `{ raw, gzip, brotli }` of a file, with brotli at that quality. Answers are kept. */
export async function compressed(file, quality = BEST) {
  const bytes = await readFile(file);
  const kept = join(cache, `${createHash("sha256").update(bytes).digest("hex")}-${quality}.json`);
  const known = await readFile(kept, "utf8").catch(() => undefined);
  if (known) return JSON.parse(known);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const [{ length: gzipped }, { length: brotli }] = await Promise.all([
    promisify(gzip)(bytes, { level: 9 }),
    promisify(brotliCompress)(bytes, { params }),
  ]);
  const sizes = { raw: bytes.length, gzip: gzipped, brotli };
  await mkdir(cache, { recursive: true });
  // The real name appears only when the file is whole.
  const partial = `${kept}.${randomUUID()}`;
  await writeFile(partial, JSON.stringify(sizes));
  await rename(partial, kept);
  return sizes;
}
