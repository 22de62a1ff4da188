import type { EngineEvent, Request } from "./protocol.js";
import { buffersOf } from "./transfer.js";

/** A way to reach an engine, wherever it runs. */
export interface Port {
  post(request: Request): void;
  close(): void;
}

/** Opens a port; `died` is called when the engine will not answer any more. */
export type OpenPort = (receive: (event: EngineEvent) => void, died: (why: string) => void) => Port;

/** An engine in a worker that has just been started. */
export function portTo(worker: Worker, ...[receive, died]: Parameters<OpenPort>): Port {
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
}

/** Examples stay here, for engines to come; what is only looked at can go. */
function askedAbout({ command }: Request): unknown {
  return "input" in command ? command.input : undefined;
}
