import { useEffect, useRef } from "preact/hooks";
import { KEEPING } from "../../words.js";
import { saving } from "../../state/storage.js";
import { DialogNotice } from "../notice.js";
import { CloseButton } from "../close-button.js";
import { BringIn } from "./bring-in.js";
import { keepingOpen } from "./open.js";
import { Projects } from "./projects.js";
import { TakeHome } from "./take-home.js";

/** Projects, and what goes in and out as files. */
export function Keeping() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = keepingOpen.value;
  useEffect(() => {
    if (open) dialog.current!.showModal();
    else dialog.current!.close();
  }, [open]);
  const close = () => void (keepingOpen.value = false);
  return (
    <dialog
      ref={dialog}
      class="keeping"
      aria-labelledby="keeping-title"
      onClose={close}
      // Beside it is outside of it.
      onClick={(event) => event.target === dialog.current && close()}
    >
      {open && (
        <div class="keeping-inside">
          <header>
            <h2 id="keeping-title">{KEEPING.title}</h2>
            <CloseButton label={KEEPING.close} onClick={close} />
          </header>
          <p class="keeping-note">{saving.value ? KEEPING.lasting : KEEPING.passing}</p>
          <Projects />
          <TakeHome />
          <BringIn />
          <DialogNotice />
        </div>
      )}
    </dialog>
  );
}
