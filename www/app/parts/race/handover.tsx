import { RACE } from "../../words.js";
import { alone, count, fair, leave, ready, turn, turns } from "../../state/race/game.js";
import { useFocus } from "./use-focus.js";

/** Who draws next; nobody sees the word before it is their turn. */
export function Handover() {
  const { player, round } = turn.value!;
  const button = useFocus<HTMLButtonElement>();
  return (
    <section class={`race-card panel colour-${player.colour}`}>
      <p class="race-round">{RACE.round(round + 1, lastRound())}</p>
      <h2>{alone.value ? RACE.getReady : RACE.handOver(player.name)}</h2>
      <p role="status">{fair.value ? RACE.handOverNote : RACE.unfair}</p>
      <button type="button" class="primary big" ref={button} disabled={!fair.value} onClick={ready}>
        {alone.value ? RACE.showWord : RACE.iAm(player.name)}
      </button>
      <button type="button" class="quiet" onClick={leave}>
        {RACE.quit}
      </button>
    </section>
  );
}

/** The word, and three seconds to think. */
export function Countdown() {
  const { player, word, round } = turn.value!;
  const heading = useFocus<HTMLHeadingElement>();
  return (
    <section class={`race-card panel colour-${player.colour}`}>
      <p class="race-round">{RACE.round(round + 1, lastRound())}</p>
      <h2 class="race-word" tabIndex={-1} ref={heading}>
        <small>{RACE.draw}</small> {word}
      </h2>
      <p class="race-count" key={count.value} role="timer">
        {count.value}
      </p>
    </section>
  );
}

function lastRound(): number {
  return turns.value.at(-1)!.round + 1;
}
