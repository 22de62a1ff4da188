import { clear, keep, undo } from "./sheet.js";
import { view } from "./view.js";

/** Enter keeps the doodle, Ctrl+Z takes back, Escape empties; text fields and buttons keep their own keys. */
export function listenForShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action || event.defaultPrevented || event.repeat) return;
    const target = event.target as Element;
    if (target.matches("input:not([type=radio])")) return;
    if (action === keep && target.matches("button, a, summary")) return;
    event.preventDefault();
    action();
  });
}

function actionOf({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent): (() => void) | undefined {
  if (view.value !== "teach") return undefined; // where the sheet is
  if (key === "Enter") return keep;
  if (key === "Escape") return clear;
  return key === "z" && (ctrlKey || metaKey) && !shiftKey ? undo : undefined;
}
