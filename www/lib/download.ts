import { DoodleTuneError } from "./errors.js";

/** A file that an engine needs: where it is, and what it has to be if that is known. */
export interface Asset {
  url: string;
  integrity?: string | undefined;
}

const NAMES = { wasm: "The WebAssembly", weights: "The network's weights" };
type Kind = keyof typeof NAMES;

/** Asks for a file; what has an `integrity` comes whole, and only if it is what it has to be. */
export async function request(kind: Kind, { url, integrity }: Asset): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, integrity ? { integrity } : {});
  } catch (cause) {
    if (integrity) return again(kind, url, integrity, cause);
    throw missing(kind, url, "the server could not be reached", cause);
  }
  // Development servers answer a missing file with a page.
  const page = response.headers.get("content-type")?.startsWith("text/html");
  if (response.ok && !page && response.body) return response;
  response.body?.cancel().catch(() => {}); // nobody reads it
  const what = response.ok ? "with a page instead of the file" : response.status;
  throw missing(kind, url, `the server answered ${what}`);
}

/** A browser does not say whether a file was not there, broke off or is not the same: asks for whatever there is. */
async function again(kind: Kind, url: string, integrity: string, cause: unknown): Promise<Response> {
  const response = await request(kind, { url });
  const bytes = await read(kind, url, response);
  // Pages on http cannot compute a digest.
  if (isSecureContext && (await digest(bytes)) === integrity) return new Response(bytes, response);
  throw mismatch(kind, url, cause);
}

/** Fetches the weights and tells how far it has come; `total` is null where the server does not say. */
export async function fetchWeights(
  { url, integrity }: Asset,
  onProgress: (loaded: number, total: number | null) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  // Where no digest can be computed, the browser compares, and hands over nothing before the end.
  const own = isSecureContext;
  const response = await request("weights", { url, integrity: own ? undefined : integrity });
  const length = Number(response.headers.get("content-length"));
  const total = length > 0 && !response.headers.has("content-encoding") ? length : null;
  const bytes = await read("weights", url, response, (loaded) => onProgress(loaded, total));
  if (own && integrity && (await digest(bytes)) !== integrity) throw mismatch("weights", url);
  return bytes;
}

/** Reads an answer to its end. */
async function read(
  kind: Kind,
  url: string,
  response: Response,
  onProgress: (loaded: number) => void = () => {},
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  try {
    const reader = response.body!.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      chunks.push(read.value);
      loaded += read.value.length;
      onProgress(loaded);
    }
  } catch (cause) {
    throw missing(kind, url, "the download broke off", cause);
  }
  const bytes = new Uint8Array(loaded);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return `sha256-${btoa(String.fromCharCode(...hash))}`;
}

function missing(kind: Kind, url: string, why: string, cause?: unknown): DoodleTuneError {
  const message = `${NAMES[kind]} (${fileName(url)}) could not be loaded: ${why}. Check that the file is there and try again.`;
  return new DoodleTuneError(`${kind}-missing`, message, { cause });
}

function mismatch(kind: Kind, url: string, cause?: unknown): DoodleTuneError {
  const message =
    `${NAMES[kind]} (${fileName(url)}) is not the file that this version of doodletune was made with: it is damaged, ` +
    `or of another version. Put the files of the same version beside each other, empty the cache and try again.`;
  return new DoodleTuneError("asset-mismatch", message, { cause });
}

function fileName(url: string): string {
  return new URL(url).pathname.split("/").pop()!;
}
