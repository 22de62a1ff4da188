import { portTo, type OpenPort } from "./port.js";

declare function importScripts(...urls: string[]): void;

/** An engine in another worker of the same script, wherever a bundler has put it. For workers only. */
export const openSibling: OpenPort = (receive, died) =>
  portTo(new Worker(location.href, { type: kind() }), receive, died);

/** What this worker's script is: some bundlers make no module of it. */
function kind(): WorkerType {
  try {
    importScripts();
    return "classic";
  } catch {
    return "module"; // which is not allowed to ask
  }
}
