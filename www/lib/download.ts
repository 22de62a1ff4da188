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
    if (!integrity) throw missing(kind, url, "the server could not be reached", cause);
    // A browser does not say whether it is not there or not the same: ask again for whatever there is.
    await request(kind, { url });
    throw mismatch(kind, url, cause);
  }
  // Development servers answer a missing file with a page.
  const page = response.headers.get("content-type")?.startsWith("text/html");
  if (!response.ok) throw missing(kind, url, `the server answered ${response.status}`);
  if (page || !response.body) {
    throw missing(kind, url, "the server answered with a page instead of the file");
  }
  return response;
}

/** Fetches the weights and tells how far it has come; `total` is null where the server does not say. */
export async function fetchWeights(
  { url, integrity }: Asset,
  onProgress: (loaded: number, total: number | null) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  // Pages on http cannot compute a digest. There the browser compares, and hands over nothing before the end.
  const own = isSecureContext;
  const response = await request("weights", { url, integrity: own ? undefined : integrity });
  const length = Number(response.headers.get("content-length"));
  const total = length > 0 && !response.headers.has("content-encoding") ? length : null;
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  try {
    const reader = response.body!.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      chunks.push(read.value);
      loaded += read.value.length;
      onProgress(loaded, total);
    }
  } catch (cause) {
    throw missing("weights", url, "the download broke off", cause);
  }
  const bytes = new Uint8Array(loaded);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  if (own && integrity && (await digest(bytes)) !== integrity) throw mismatch("weights", url);
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
