import { useState } from "preact/hooks";
import { classes, moveDoodle, removeDoodle } from "../../state/doodles.js";
import type { Catalogued } from "../../state/insight.js";
import { say } from "../../state/notices.js";
import { UNDERSTAND } from "../../words.js";
import { single } from "../single.js";

/** What can be done about a doodle on the spot; `done` says that it may be gone from here. */
export function DoodleActions({ doodle, one, number, done }: Catalogued & { done: () => void }) {
  // Arrow keys go through the list, so that it is not the list that moves it.
  const [toClassId, setToClassId] = useState("");
  const move = () => {
    const name = classes.value.find(({ id }) => id === toClassId)!.name;
    done();
    setToClassId("");
    const putBack = moveDoodle(doodle.id, toClassId);
    say(UNDERSTAND.moved(name), { label: UNDERSTAND.undo, run: putBack });
  };
  const remove = () => {
    done();
    const putBack = removeDoodle(one.id, doodle.id);
    say(UNDERSTAND.deleted, { label: UNDERSTAND.undo, run: putBack });
  };
  return (
    <div class="doodle-actions">
      <select
        aria-label={UNDERSTAND.moveLabel(one.name, number)}
        value={toClassId}
        onChange={(event) => setToClassId(event.currentTarget.value)}
      >
        <option value="" disabled>
          {UNDERSTAND.moveTo}
        </option>
        {classes.value
          .filter(({ id }) => id !== one.id)
          .map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
      </select>
      {toClassId && (
        <button type="button" class="move" onClick={single(move)}>
          {UNDERSTAND.move}
        </button>
      )}
      <button
        type="button"
        class="icon"
        aria-label={UNDERSTAND.delete(one.name, number)}
        title={UNDERSTAND.delete(one.name, number)}
        onClick={single(remove)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6" />
        </svg>
      </button>
    </div>
  );
}
