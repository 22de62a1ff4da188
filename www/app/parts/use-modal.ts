import type { TargetedMouseEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { focusRoom } from "./focus-room.js";

/** What a `<dialog>` needs to be modal while `open`; `close` is for when somebody closes it: Escape, or beside it. */
export function useModal(open: boolean, close: () => void) {
  const ref = useRef<HTMLDialogElement>(null);
  // Before the next frame, so that no key that comes until then is lost.
  useLayoutEffect(() => {
    const dialog = ref.current!;
    if (open === dialog.open) return;
    if (open) return dialog.showModal();
    dialog.close();
    focusRoom(); // what had opened it may be gone by now
  }, [open]);
  return {
    ref,
    // The event comes late: by then it may have been opened anew, to say what was wrong.
    onClose: () => void (ref.current!.open || close()),
    onClick: (event: TargetedMouseEvent<HTMLDialogElement>) => void (event.target === ref.current && close()),
  };
}
