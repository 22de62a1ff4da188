import type { EngineEvent, Request } from "./protocol.js";

/** A way to reach an engine, wherever it runs. */
export interface Port {
  post(request: Request): void;
  close(): void;
}

/** Opens a port; `died` is called when the engine will not answer any more. */
export type OpenPort = (receive: (event: EngineEvent) => void, died: (why: string) => void) => Port;

/** An engine in a worker of its own. */
export const openWorker: OpenPort = (receive, died) => {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<EngineEvent>) => receive(data);
  worker.onmessageerror = () => died("a message could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    died(event.message || "its script could not be loaded");
  };
  return {
    post: (request) => worker.postMessage(request),
    close: () => worker.terminate(),
  };
};

/** An engine on the calling thread; its code is only loaded when it is asked for. */
export const openHere: OpenPort = (receive, died) => {
  const engine = import("./engine.js").then(({ Engine }) => new Engine(receive));
  engine.catch((error: unknown) => died(String(error)));
  return {
    // In its own task, as in a worker: a request has begun when the next one comes.
    post: (request) => void engine.then((engine) => setTimeout(() => engine.handle(request))),
    close: () => void engine.then((engine) => engine.close()),
  };
};
