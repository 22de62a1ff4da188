import { signal } from "@preact/signals";
import { CloseButton } from "./close-button.js";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { dismiss, notice, NOTICE_MS } from "../state/notices.js";
import { NOTICES, sentence } from "../words.js";
import { focusRoom } from "./focus-room.js";
import { onceRendered } from "./once-rendered.js";

/** How many dialogs show the notice: what lies beneath one can be neither seen nor pressed. */
const dialogs = signal(0);

/** The notice of the page, unless a dialog has it. */
export function PageNotice() {
  return dialogs.value === 0 && <Notice />;
}

/** The notice in a dialog, for as long as that is open. */
export function DialogNotice() {
  useLayoutEffect(() => {
    dialogs.value++;
    return () => void dialogs.value--;
  }, []);
  return <Notice />;
}

/** One sentence at the bottom of the window; never in the way, never lost on a screen reader. */
function Notice() {
  const now = notice.value;
  const held = useRef(false);
  useEffect(() => {
    // What was in it is gone, and says no more that anybody is there.
    if (!now) held.current = false;
    if (now?.kind !== "info") return;
    const timer = setInterval(() => held.current || dismiss(), now.action ? 3 * NOTICE_MS : NOTICE_MS);
    return () => clearInterval(timer);
  }, [now]);
  const hold = () => void (held.current = true);
  const release = () => void (held.current = false);
  return (
    <div
      class="notices"
      role="status"
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocusIn={hold}
      onFocusOut={release}
    >
      {now && (
        <div class={`notice ${now.kind}`}>
          <p>{sentence(now.text)}</p>
          {now.action && (
            <button type="button" class="notice-action" onClick={() => act(now.action!.run)}>
              {now.action.label}
            </button>
          )}
          <CloseButton label={NOTICES.dismiss} onClick={dismiss} />
        </div>
      )}
    </div>
  );
}

function act(run: () => void): void {
  dismiss();
  run();
  onceRendered(focusRoom); // the button is gone
}
