import { useLayoutEffect, useRef } from "preact/hooks";
import { RACE } from "../../words.js";
import { elapsed, giveUp, judging, LIMIT_MS, race, turn, turns } from "../../state/race/game.js";
import { Sheet } from "../sheet.js";
import { usePolite } from "../use-polite.js";

/** How much is left is said at these moments, in seconds. */
const SAID = [10, 5];
const RING = 2 * Math.PI * 21;

/** A turn: the word, the clock, the sheet, and what the network sees. */
export function Drawing() {
  const { player, word, round } = turn.value!;
  const { ink } = race.value!;
  const sheet = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    sheet.current!.scrollIntoView({ block: "nearest" });
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === "z" && (event.ctrlKey || event.metaKey)) ink.undo();
      else if (event.key === "Escape") ink.clear();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [ink]);
  const empty = ink.ink.value.length === 0;
  return (
    <div class={`race-turn colour-${player.colour}`} ref={sheet}>
      <header class="race-task">
        <div>
          <p class="race-round">{RACE.round(round + 1, turns.value.at(-1)!.round + 1)}</p>
          <h2 class="race-word">
            <small>{RACE.draw}</small> {word}
          </h2>
        </div>
        <Clock />
      </header>
      <Sheet paper={ink} label={RACE.sheet(word)} />
      <Mind />
      <div class="draw-tools">
        <button type="button" class="tool" disabled={empty} onClick={() => ink.undo()}>
          {RACE.undo}
        </button>
        <button type="button" class="tool" disabled={empty} onClick={() => ink.clear()}>
          {RACE.clear}
        </button>
        <button type="button" class="tool race-skip" disabled={judging.value} onClick={giveUp}>
          {RACE.giveUp}
        </button>
      </div>
    </div>
  );
}

function Clock() {
  const left = Math.ceil((LIMIT_MS - elapsed.value) / 1000);
  const share = 1 - elapsed.value / LIMIT_MS;
  return (
    <div class={`race-clock${left <= 5 ? " hurry" : ""}`} role="timer" aria-label={RACE.secondsLeft(left)}>
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <circle cx="24" cy="24" r="21" />
        <circle class="left" cx="24" cy="24" r="21" stroke-dasharray={`${RING * share} ${RING}`} />
      </svg>
      <span aria-hidden="true">{left}</span>
      <span class="visually-hidden" aria-live="assertive">
        {SAID.includes(left) ? RACE.secondsLeft(left) : ""}
      </span>
    </div>
  );
}

/** What the network sees at this moment. */
function Mind() {
  const { judge, bar } = race.value!;
  const look = judge.looks.value.at(-1);
  const right = look?.label === turn.value!.word;
  const spoken = usePolite(look?.label ? `${RACE.sees} ${look.label}` : "", 3000);
  return (
    <div class={`race-mind panel${right ? " right" : ""}`}>
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
      {judging.value ? (
        <p>{RACE.judging}</p>
      ) : look?.label ? (
        <>
          <p>
            {RACE.sees} <strong>{look.label}</strong>
          </p>
          <span class="race-sure" aria-hidden="true">
            <span style={{ transform: `scaleX(${look.probability})` }} />
            <i style={{ insetInlineStart: `${100 * bar}%` }} />
          </span>
        </>
      ) : (
        <p class="race-watching">{RACE.nothingYet}</p>
      )}
    </div>
  );
}
