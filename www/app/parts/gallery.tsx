import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { classes, removeDoodle, type DoodleClass } from "../state/doodles.js";
import { say } from "../state/notices.js";
import { CARDS } from "../words.js";
import { DRAGGED, moveTo } from "./move.js";
import { single } from "./single.js";
import { Thumbnail } from "./thumbnail.js";

/** So many are shown at first, and twice as many more each time: a thousand pictures would hold the page up. */
const SOME = 30;

/** The doodles of a class, the newest first: that is the one just drawn. */
export function Gallery({ one }: { one: DoodleClass }) {
  const [most, setMost] = useState(SOME);
  const [picked, setPicked] = useState<string | null>(null);
  const numbered = one.doodles.map((doodle, index) => ({ ...doodle, number: index + 1 })).toReversed();
  const open = numbered.find(({ id }) => id === picked);
  const hidden = numbered.length - most;
  // Classes are never changed, only replaced: with hundreds of them, those that are as they were cost nothing.
  const list = useMemo(
    () => (
      <ul class="gallery">
        {numbered.slice(0, most).map(({ id, input, number }) => (
          <li
            key={id}
            draggable
            onDragStart={(event) => event.dataTransfer?.setData(DRAGGED, id)}
            class={id === picked ? "picked" : ""}
          >
            <button
              type="button"
              class="pick"
              aria-label={CARDS.pick(number, one.name)}
              aria-expanded={id === picked}
              onClick={() => setPicked(id === picked ? null : id)}
            >
              <Thumbnail input={input} label={CARDS.doodle(number, one.name)} />
            </button>
            <button
              type="button"
              class="delete"
              aria-label={CARDS.deleteDoodle(number, one.name)}
              onClick={single((event) => deleteDoodle(event.currentTarget as HTMLElement, one.id, id))}
            >
              <svg viewBox="0 0 20 20" aria-hidden="true">
                <path d="m6 6 8 8M14 6l-8 8" />
              </svg>
            </button>
          </li>
        ))}
        {hidden > 0 && (
          <li class="more">
            <button type="button" onClick={() => setMost(most + 2 * SOME)}>
              {CARDS.more(hidden)}
            </button>
          </li>
        )}
      </ul>
    ),
    [one, most, picked],
  );
  return (
    <>
      {list}
      {open && <Tray doodleId={open.id} number={open.number} one={one} close={() => setPicked(null)} />}
    </>
  );
}

interface TrayProps {
  doodleId: string;
  number: number;
  one: DoodleClass;
  close: () => void;
}

/** Where the doodle could go instead, for those who do not drag. */
function Tray({ doodleId, number, one, close }: TrayProps) {
  const others = classes.value.filter(({ id }) => id !== one.id);
  const tray = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => tray.current!.querySelector("button")?.focus(), [doodleId]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    tray.current!.parentElement!.querySelector<HTMLElement>(".picked .pick")?.focus();
    close();
  };
  return (
    <div ref={tray} class="tray" role="group" aria-label={CARDS.pick(number, one.name)} onKeyDown={onKeyDown}>
      <p>{others.length > 0 ? CARDS.moveTo(number) : CARDS.nowhere}</p>
      {others.map((other) => (
        <button
          key={other.id}
          type="button"
          class={`tray-class colour-${other.colour}`}
          onClick={() => {
            const card = tray.current!.parentElement!;
            focusBeside(card, card.querySelector(".picked"), ".pick");
            moveTo(doodleId, other);
            close();
          }}
        >
          {other.name}
        </button>
      ))}
    </div>
  );
}

function deleteDoodle(button: HTMLElement, classId: string, doodleId: string): void {
  focusBeside(button.closest(".card")!, button.closest("li"), ".delete");
  say(CARDS.deleted, { label: CARDS.undo, run: removeDoodle(classId, doodleId) });
}

/**
 * Focus goes on to the neighbour of an item that goes, so that a keyboard is never left nowhere; where there is none, not to
 * the name, a text field, for which a tablet would put up its keyboard.
 */
function focusBeside(card: Element, item: Element | null, button: ".pick" | ".delete"): void {
  const [next] = [item?.nextElementSibling, item?.previousElementSibling].flatMap(
    (neighbour) => neighbour?.querySelector<HTMLElement>(button) ?? [],
  );
  (next ?? card.querySelector<HTMLElement>(".paint")!).focus();
}
