import { removeDoodle, type DoodleClass } from "../state/doodles.js";
import { say } from "../state/notices.js";
import { Thumbnail } from "./thumbnail.js";

/** The doodles of a class, the newest first: that is the one just drawn. */
export function Gallery({ one }: { one: DoodleClass }) {
  const numbered = one.doodles.map((doodle, index) => ({ ...doodle, number: index + 1 }));
  return (
    <ul class="gallery">
      {numbered.toReversed().map(({ id, input, number }) => (
        <li key={id}>
          <Thumbnail input={input} label={`${one.name}, doodle ${number}`} />
          <button
            type="button"
            class="delete"
            aria-label={`Delete doodle ${number} of ${one.name}`}
            onClick={(event) => deleteDoodle(event.currentTarget, one.id, id)}
          >
            <svg viewBox="0 0 20 20" aria-hidden="true">
              <path d="m6 6 8 8M14 6l-8 8" />
            </svg>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Focus goes on to the neighbour, so that a keyboard is never left nowhere. */
function deleteDoodle(button: HTMLElement, classId: string, doodleId: string): void {
  const item = button.closest("li")!;
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  (neighbour?.querySelector("button") ?? document.getElementById(`name-${classId}`))?.focus();
  say("Doodle deleted.", { label: "Undo", run: removeDoodle(classId, doodleId) });
}
