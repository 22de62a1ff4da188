import { active, choose, classes } from "../state/doodles.js";
import { addAndName } from "./add-class.js";
import { canUndo, clear, hasInk, keep, undo } from "../state/sheet.js";
import { Sheet } from "./sheet.js";

/** The sheet, what can be done with it, and the class that the doodle goes to. */
export function Draw() {
  return (
    <section class="draw" aria-labelledby="draw-title">
      <h2 id="draw-title" class="visually-hidden">
        Draw
      </h2>
      <Sheet />
      <div class="draw-tools">
        <button type="button" class="tool" disabled={!canUndo.value} onClick={undo} title="Undo (Ctrl+Z)">
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="M7 4 3 8l4 4M3.5 8H12a4.5 4.5 0 0 1 0 9H8" />
          </svg>
          <span>Undo</span>
        </button>
        <button type="button" class="tool" disabled={!hasInk.value} onClick={clear} title="Clear (Esc)">
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="m5 5 10 10M15 5 5 15" />
          </svg>
          <span>Clear</span>
        </button>
        <button
          type="button"
          class={`primary keep colour-${active.value?.colour}`}
          disabled={!active.value}
          onClick={keep}
          title="Add (Enter)"
        >
          <span>Add to {active.value?.name ?? "a class"}</span>
          <kbd aria-hidden="true">↵</kbd>
        </button>
      </div>
      <fieldset class="chips">
        <legend class="visually-hidden">Class for the next doodle</legend>
        {classes.value.map(({ id, name, colour }) => (
          <label key={id} class={`chip colour-${colour}`}>
            <input
              type="radio"
              name="active-class"
              checked={id === active.value?.id}
              onChange={() => choose(id)}
            />
            <span>{name}</span>
          </label>
        ))}
        <button type="button" class="chip-add" onClick={addAndName}>
          + New
          <span class="visually-hidden"> class</span>
        </button>
      </fieldset>
    </section>
  );
}
