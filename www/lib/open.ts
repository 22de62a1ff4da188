import { DoodleTuneError } from "./errors.js";
import { noWorker, portTo, type OpenPort } from "./port.js";

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
    throw noWorker((cause as Error).message, cause);
  }
}

/** The engines on this thread, which share one memory. */
const here = new Set<{ waiting: number; end: () => void }>();
/** What has trapped in it: nothing there can be trusted any more. */
let trap: string | undefined;

/** An engine on the calling thread; its code is only loaded when it is asked for. */
export const openHere: OpenPort = (receive, died) => {
  const end = () =>
    died(
      new DoodleTuneError(
        "internal",
        `The computation on the page's thread has failed (${trap}). Load the page again, or compute in a worker.`,
      ),
    );
  const own = { waiting: 0, end };
  here.add(own);
  addEventListener("error", onError);
  addEventListener("unhandledrejection", onRejection);
  const engine = import("./engine.js").then(
    ({ Engine }) =>
      new Engine((event) => {
        if (event.type === "crash") return endAll(event.message);
        if (event.type === "answer" || event.type === "refusal") own.waiting--;
        receive(event);
      }),
  );
  engine.then(
    () => trap && end(),
    (error: unknown) => died(String(error)),
  );
  const noEngine = () => {}; // which `died` has been told
  return {
    // In its own task, as in a worker: a request has begun when the next one comes.
    post: (request) => {
      own.waiting++;
      engine.then((engine) => setTimeout(() => engine.handle(request)), noEngine);
    },
    close: () => {
      here.delete(own);
      if (here.size === 0) {
        removeEventListener("error", onError);
        removeEventListener("unhandledrejection", onRejection);
      }
      engine.then((engine) => engine.close(), noEngine);
    },
  };
};

// A trap in the midst of a promise would otherwise leave its caller waiting. It may be somebody else's if nobody waits.
function trapped(error: unknown): void {
  const ours = [...here].some(({ waiting }) => waiting > 0);
  if (ours && error instanceof WebAssembly.RuntimeError) endAll(error.message);
}

function endAll(why: string): void {
  trap = why;
  for (const { end } of [...here]) end();
}

function onError({ error }: ErrorEvent): void {
  trapped(error);
}

function onRejection({ reason }: PromiseRejectionEvent): void {
  trapped(reason);
}
