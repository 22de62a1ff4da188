import type { ComponentChildren } from "preact";
import { active, choose, classes } from "../state/doodles.js";
import { addAndName } from "./add-class.js";
import { canRedo, canUndo, clear, hasInk, keep, redo, undo } from "../state/sheet.js";
import { DRAW, TOOLS } from "../words.js";
import { Prompt } from "./prompt.js";
import { Sheet } from "./sheet.js";

/** The sheet, what can be done with it, and the class that the doodle goes to. */
export function Draw() {
  return (
    <section class="draw" aria-labelledby="draw-title">
      <h2 id="draw-title" class="visually-hidden">
        {DRAW.title}
      </h2>
      <Sheet />
      <Prompt />
      <div class="draw-tools">
        <Tool words={TOOLS.undo} disabled={!canUndo.value} run={undo}>
          <path d="M7 4 3 8l4 4M3.5 8H12a4.5 4.5 0 0 1 0 9H8" />
        </Tool>
        <Tool words={TOOLS.redo} disabled={!canRedo.value} run={redo}>
          <path d="m13 4 4 4-4 4M16.5 8H8a4.5 4.5 0 0 0 0 9h4" />
        </Tool>
        <Tool words={TOOLS.clear} disabled={!hasInk.value} run={clear}>
          <path d="m5 5 10 10M15 5 5 15" />
        </Tool>
        <button
          type="button"
          class={`primary keep colour-${active.value?.colour}`}
          disabled={!active.value}
          onClick={keep}
          title={DRAW.addKey}
        >
          <span>{DRAW.addTo(active.value?.name)}</span>
          <kbd aria-hidden="true">↵</kbd>
        </button>
      </div>
      <fieldset class="chips">
        <legend class="visually-hidden">{DRAW.classForNext}</legend>
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
          <span aria-hidden="true">{DRAW.newShort}</span>
          <span class="visually-hidden">{DRAW.newClass}</span>
        </button>
      </fieldset>
    </section>
  );
}

interface ToolProps {
  words: { name: string; key: string };
  disabled: boolean;
  run: () => void;
  children: ComponentChildren;
}

function Tool({ words, disabled, run, children }: ToolProps) {
  return (
    <button
      type="button"
      class="tool"
      disabled={disabled}
      onClick={run}
      title={`${words.name} (${words.key})`}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        {children}
      </svg>
      <span class="visually-hidden">{words.name}</span>
    </button>
  );
}
