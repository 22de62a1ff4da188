import { DoodleTuneError } from "./errors.js";
import { portTo, type OpenPort } from "./port.js";

/** An engine in a worker of its own, whose script is in `folder` where browsers allow that, or else beside this one. */
export const openWorker =
  (folder?: string): OpenPort =>
  (receive, died) =>
    portTo(startWorker(folder), receive, died);

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
