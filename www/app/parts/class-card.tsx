import { useRef, useState } from "preact/hooks";
import { className, LONGEST_NAME } from "../state/class-name.js";
import {
  active,
  choose,
  colourClass,
  COLOURS,
  nameTaken,
  removeClass,
  renameClass,
  type DoodleClass,
} from "../state/doodles.js";
import { ACCEPTED, bringIn } from "../state/files/bring-in.js";
import { complain, say } from "../state/notices.js";
import { CARDS } from "../words.js";
import { Gallery } from "./gallery.js";
import { DRAGGED, moveTo } from "./move.js";
import { NameField } from "./name-field.js";
import { single } from "./single.js";

/** A class: its name, its doodles, and pictures in by file or drop. */
export function ClassCard({ one }: { one: DoodleClass }) {
  const [dropping, setDropping] = useState(false);
  const [painting, setPainting] = useState(false);
  const isActive = active.value?.id === one.id;
  const count = one.doodles.length;
  const onDrop = (event: DragEvent) => {
    event.preventDefault();
    setDropping(false);
    const doodleId = event.dataTransfer?.getData(DRAGGED);
    if (doodleId) moveTo(doodleId, one);
    else void bringIn(event.dataTransfer?.files, one.id);
  };
  const onDragOver = (event: DragEvent) => {
    event.preventDefault(); // says that a drop is welcome here
    setDropping(true);
  };
  return (
    <li
      class={`card colour-${one.colour}${isActive ? " active" : ""}${dropping ? " dropping" : ""}`}
      aria-label={CARDS.card(one.name, count)}
      onDragOver={onDragOver}
      onDragLeave={() => setDropping(false)}
      onDrop={onDrop}
    >
      <div class="card-head">
        <button
          type="button"
          class="paint"
          title={CARDS.colour(one.name)}
          aria-label={CARDS.colour(one.name)}
          aria-expanded={painting}
          onClick={() => setPainting(!painting)}
        />
        <NameField
          id={`name-${one.id}`}
          label={CARDS.name}
          name={one.name}
          longest={LONGEST_NAME}
          onName={(typed) => rename(one, typed)}
          onClick={() => choose(one.id)}
        />
        <span class="count">{count}</span>
        <PictureButton one={one} />
        <button
          type="button"
          class="icon"
          title={CARDS.remove(one.name)}
          aria-label={CARDS.remove(one.name)}
          onClick={single(() => drop(one))}
        >
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6" />
          </svg>
        </button>
      </div>
      {painting && <Palette one={one} />}
      {count > 0 ? (
        <Gallery one={one} />
      ) : (
        <button type="button" class="card-empty" onClick={() => startDrawing(one.id)}>
          {isActive ? CARDS.drawFirst : CARDS.choose(one.name)}
        </button>
      )}
    </li>
  );
}

/** An empty or a taken name leaves it as it was. */
function rename({ id, name: before }: DoodleClass, typed: string): void {
  const name = className(typed);
  if (!name || name === before) return;
  if (nameTaken(name, id)) complain(CARDS.taken(name));
  else renameClass(id, name);
}

function Palette({ one }: { one: DoodleClass }) {
  return (
    <div class="palette" role="radiogroup" aria-label={CARDS.colour(one.name)}>
      {Array.from({ length: COLOURS }, (_, colour) => (
        <input
          key={colour}
          type="radio"
          class={`colour-${colour}`}
          name={`colour-${one.id}`}
          aria-label={CARDS.colours[colour]}
          checked={colour === one.colour}
          onChange={() => colourClass(one.id, colour)}
        />
      ))}
    </div>
  );
}

function PictureButton({ one }: { one: DoodleClass }) {
  const picker = useRef<HTMLInputElement>(null);
  const label = CARDS.addPictures(one.name);
  const onChange = () => {
    void bringIn(picker.current!.files, one.id);
    picker.current!.value = "";
  };
  return (
    <>
      <input ref={picker} type="file" accept={ACCEPTED} multiple hidden onChange={onChange} />
      <button
        type="button"
        class="icon"
        title={label}
        aria-label={label}
        onClick={() => picker.current!.click()}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M3 5h14v11H3zM3 14l4-4 3 3 3-3 4 4M13 8.2v.1" />
        </svg>
      </button>
    </>
  );
}

function startDrawing(classId: string): void {
  choose(classId);
  document.querySelector(".sheet")!.scrollIntoView({ block: "nearest" });
}

function drop(one: DoodleClass): void {
  const putBack = removeClass(one.id);
  document.getElementById("add-class")!.focus();
  say(CARDS.gone(one.name), { label: CARDS.undo, run: putBack });
}
