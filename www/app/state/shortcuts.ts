import { clear, keep, redo, undo } from "./sheet.js";
import { view } from "./view.js";

/** Enter keeps the doodle, Ctrl+Z takes back, Ctrl+Y or Ctrl+Shift+Z brings back, Escape empties; text fields and buttons keep their own keys. */
export function listenForShortcuts(): void {
  document.addEventListener("keydown", (event) => {
    const action = actionOf(event);
    if (!action || event.defaultPrevented || event.repeat) return;
    const target = event.target as Element;
    // A button of a dialog that is switched off has lost the focus to the page beneath.
    if (target.closest("dialog") || document.querySelector(":modal")) return;
    if (target.matches("input:not([type=radio]), select")) return;
    if (action === keep && target.matches("button, a, summary")) return;
    event.preventDefault();
    action();
  });
}

function actionOf({ key, ctrlKey, metaKey, shiftKey }: KeyboardEvent): (() => void) | undefined {
  if (view.value !== "teach") return undefined; // where the sheet is
  if (key === "Enter") return keep;
  if (key === "Escape") return clear;
  if (!ctrlKey && !metaKey) return undefined;
  // With Shift, or with caps lock, it is a capital.
  if (key.toLowerCase() === "z") return shiftKey ? redo : undo;
  return key.toLowerCase() === "y" ? redo : undefined;
}
