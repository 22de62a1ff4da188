import { signal } from "@preact/signals";

/** Whether projects and files are on show. */
export const keepingOpen = signal(false);
