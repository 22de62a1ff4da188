import { DoodleTuneError } from "./errors.js";

/** Fetches the weights and tells how far it has come; `total` is null where the server does not say. */
export async function fetchWeights(
  url: string,
  onProgress: (loaded: number, total: number | null) => void,
): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    throw missing(url, "the server could not be reached", cause);
  }
  // Development servers answer a missing file with a page.
  const page = response.headers.get("content-type")?.startsWith("text/html");
  if (!response.ok) throw missing(url, `the server answered ${response.status}`);
  if (page || !response.body) throw missing(url, "the server answered with a page instead of the file");

  const length = Number(response.headers.get("content-length"));
  const total = length > 0 && !response.headers.has("content-encoding") ? length : null;
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  try {
    const reader = response.body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      chunks.push(read.value);
      loaded += read.value.length;
      onProgress(loaded, total);
    }
  } catch (cause) {
    throw missing(url, "the download broke off", cause);
  }
  const bytes = new Uint8Array(loaded);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function missing(url: string, why: string, cause?: unknown): DoodleTuneError {
  const name = new URL(url).pathname.split("/").pop();
  const message = `The network's weights (${name}) could not be loaded: ${why}. Check that the file is there and try again.`;
  return new DoodleTuneError("weights-missing", message, { cause });
}
