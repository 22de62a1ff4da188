import { DoodleTuneError } from "./errors.js";
import type { EngineEvent, Request } from "./protocol.js";
import { buffersOf } from "./transfer.js";

/** A way to reach an engine, wherever it runs. */
export interface Port {
  post(request: Request): void;
  close(): void;
}

/** Opens a port; `died` is called when the engine will not answer any more. */
export type OpenPort = (receive: (event: EngineEvent) => void, died: (why: string) => void) => Port;

/** An engine in a worker of its own, whose script is in `folder` where browsers allow that, or else beside this one. */
export const openWorker =
  (folder?: string): OpenPort =>
  (receive, died) => {
    const worker = startWorker(folder);
    worker.onmessage = ({ data }: MessageEvent<EngineEvent>) => receive(data);
    worker.onmessageerror = () => died("a message could not be read");
    worker.onerror = (event) => {
      event.preventDefault();
      died(event.message || "its script could not be loaded");
    };
    return {
      post: (request) => worker.postMessage(request, buffersOf(askedAbout(request)) as ArrayBuffer[]),
      close: () => worker.terminate(),
    };
  };

/** Examples stay here, for engines to come; what is only looked at can go. */
function askedAbout({ command }: Request): unknown {
  return "input" in command ? command.input : undefined;
}

function startWorker(folder: string | undefined): Worker {
  try {
    // No browser starts the script of another origin.
    if (folder && new URL(folder).origin === location.origin) {
      return new Worker(`${folder}lib/worker.js`, { type: "module" });
    }
    return new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  } catch (cause) {
    const message =
      `No worker could be started: ${(cause as Error).message} Serve the package from the origin of the page and name ` +
      `its folder in the option "assets", or compute on this thread with { worker: false }.`;
    throw new DoodleTuneError("no-worker", message, { cause });
  }
}

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
