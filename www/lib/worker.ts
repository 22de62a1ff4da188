import { Engine } from "./engine.js";
import type { EngineEvent, Request } from "./protocol.js";
import { openSibling } from "./sibling.js";

const post = (event: EngineEvent, transfer: Transferable[] = []) => postMessage(event, { transfer });
const engine = new Engine(post, openSibling);

addEventListener("message", ({ data }: MessageEvent<Request>) => void engine.handle(data));

// A trap in the midst of a promise would otherwise leave its caller waiting.
addEventListener("unhandledrejection", ({ reason }) => {
  if (reason instanceof WebAssembly.RuntimeError) post({ type: "crash", message: reason.message });
});
