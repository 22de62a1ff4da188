import { KEEPING } from "../../words.js";
import { saving } from "../../state/storage.js";
import { DialogNotice } from "../notice.js";
import { CloseButton } from "../close-button.js";
import { useModal } from "../use-modal.js";
import { BringIn } from "./bring-in.js";
import { keepingOpen } from "./open.js";
import { Projects } from "./projects.js";
import { TakeHome } from "./take-home.js";

/** Projects, and what goes in and out as files. */
export function Keeping() {
  const open = keepingOpen.value;
  const close = () => void (keepingOpen.value = false);
  const modal = useModal(open, close);
  return (
    <dialog {...modal} class="keeping" aria-labelledby="keeping-title">
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
