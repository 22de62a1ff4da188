import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/** As strict as it gets: whatever passes under it runs anywhere. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob: data:",
  "style-src 'self' 'unsafe-inline'",
].join("; ");

/**
 * Serves folders by their path prefix, under the strict policy or another one.
 * `weights` makes the server fail on purpose: "missing" answers 404, "truncated" sends half of the file. `moved` says by
 * path where things have gone. `policy` is what every answer says of what may run.
 */
export async function serve(folders, { weights = "whole", moved = {}, policy = POLICY } = {}) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const prefix = Object.keys(folders).find((prefix) => path.startsWith(prefix));
    const name = prefix && join(folders[prefix], path.slice(prefix.length) || "index.html");
    const found = name && (await stat(name).catch(() => undefined));
    const isWeights = extname(path) === ".safetensors";
    if (path in moved) return void response.writeHead(301, { location: moved[path] }).end();
    response.setHeader("content-security-policy", policy);
    if (!found?.isFile() || (isWeights && weights === "missing"))
      return void response.writeHead(404).end("not here");
    const end = isWeights && weights === "truncated" ? Math.floor(found.size / 2) : found.size;
    response.setHeader("content-length", end);
    response.setHeader("content-type", TYPES[extname(name)] ?? "application/octet-stream");
    createReadStream(name, { end: end - 1 }).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
