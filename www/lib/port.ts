import { DoodleTuneError } from "./errors.js";
import type { EngineEvent, Request } from "./protocol.js";
import { buffersOf } from "./transfer.js";

/** A way to reach an engine, wherever it runs. */
export interface Port {
  post(request: Request): void;
  close(): void;
}

/** Opens a port; `died` is called when the engine will not answer any more, with another error than `worker-died` if need be. */
export type OpenPort = (
  receive: (event: EngineEvent) => void,
  died: (why: string | DoodleTuneError) => void,
) => Port;

/** Why there is no worker, and what to do. */
export function noWorker(why: string, cause?: unknown): DoodleTuneError {
  const message =
    `No worker could be started: ${why} Serve the package from the origin of the page and name its folder in the option ` +
    `"assets", let the page's policy allow workers, or compute on this thread with { worker: false }.`;
  return new DoodleTuneError("no-worker", message, { cause });
}

/** An engine in a worker that has just been started. */
export function portTo(worker: Worker, ...[receive, died]: Parameters<OpenPort>): Port {
  let started = false;
  worker.onmessage = ({ data }: MessageEvent<EngineEvent>) => {
    started = true;
    receive(data);
  };
  worker.onmessageerror = () => died("a message could not be read");
  worker.onerror = (event) => {
    event.preventDefault();
    const why = event.message || "its script could not be loaded";
    died(started ? why : noWorker(`${why}.`));
  };
  return {
    post: (request) => worker.postMessage(request, buffersOf(askedAbout(request)) as ArrayBuffer[]),
    close: () => worker.terminate(),
  };
}

/** Examples stay here, for engines to come; what is only looked at can go. */
function askedAbout({ command }: Request): unknown {
  return "input" in command ? command.input : undefined;
}
