import { signal } from "@preact/signals";
import { DoodleTuneError } from "../../lib/index.js";
import { ERRORS } from "../words.js";

/** What can be done about it. */
export interface Action {
  label: string;
  run: () => void;
  /** Whether it is of use whichever project is open; else it goes when another one comes. */
  anywhere?: boolean;
}

export interface Notice {
  text: string;
  kind: "info" | "problem";
  action: Action | undefined;
}

/** How long a notice stays that is no problem, three times as long if it offers something; it waits while it is pointed at or focused. */
export const NOTICE_MS = 10_000;

/** The one notice on show; a newer one takes its place. */
export const notice = signal<Notice | null>(null);

export function say(text: string, action?: Action): void {
  notice.value = { text, kind: "info", action };
}

/** Says what went wrong, and offers what can be done about it. */
export function complain(error: unknown, action?: Action): void {
  notice.value = { text: textOf(error), kind: "problem", action };
}

/** Whether that is what the library refused with. */
export function isCode(error: unknown, code: DoodleTuneError["code"]): boolean {
  return error instanceof DoodleTuneError && error.code === code;
}

/** What went wrong, in words for those who draw. */
export function textOf(error: unknown): string {
  const words = error instanceof DoodleTuneError && ERRORS[error.code];
  // Those who write programs find the engine's own on the console.
  if (words) console.warn(error);
  return words || (error instanceof Error ? error.message : String(error));
}

export function dismiss(): void {
  notice.value = null;
}
