import { inspected, type Catalogued } from "../../state/insight.js";
import { UNDERSTAND } from "../../words.js";
import { Thumbnail } from "../thumbnail.js";

/** A doodle that can be looked at closely. */
export function DoodleButton({ doodle, one, number }: Catalogued) {
  const label = UNDERSTAND.drawn(one.name, number);
  return (
    <button
      type="button"
      class={`doodle-button colour-${one.colour}`}
      title={label}
      onClick={() => void (inspected.value = doodle.id)}
    >
      <Thumbnail input={doodle.input} label={label} />
    </button>
  );
}
