import { effect } from "@preact/signals";
import { tuner } from "./learner.js";

/** Keeps the page for use without a network, once what it needs first is there. */
export function keepForOffline(): void {
  // While the page is being worked on, nobody wants yesterday's.
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  const stop = effect(() => {
    if (!tuner.value) return;
    queueMicrotask(() => stop());
    // Refused in some private windows: the page then needs a network, as any page does.
    navigator.serviceWorker.register(new URL("service-worker.js", document.baseURI)).catch(() => {});
  });
}
