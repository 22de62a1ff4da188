import { useRef } from "preact/hooks";
import { RACE } from "../../words.js";
import { alone, latest, next, standings, turn } from "../../state/race/game.js";
import { Confetti } from "./confetti.js";
import { Replay } from "./replay.js";
import { Standings } from "./standings.js";
import { useFocus } from "./use-focus.js";

const STRAY_TAP_MS = 500;

/** What came of the turn, and how. */
export function Verdict() {
  const result = latest.value!;
  const { player, word, time, points, streak, looks } = result;
  const button = useFocus<HTMLButtonElement>();
  const shownAt = useRef(performance.now());
  // A tap that was meant for the sheet, which was here a moment ago, is no answer; a key is.
  const goOn = ({ detail, timeStamp }: MouseEvent) => {
    if (detail === 0 || timeStamp - shownAt.current > STRAY_TAP_MS) next();
  };
  return (
    <div class={`race-verdict colour-${player.colour}`}>
      {time !== null && <Confetti pieces={40} />}
      <section class="race-told">
        <div role="status">
          <h2>{time === null ? RACE.missed(word) : RACE.recognised(word)}</h2>
          <p>{time === null ? RACE.instead(looks.at(-1)?.label ?? null) : RACE.after(time)}</p>
        </div>
        <p class="race-points">
          <b>{RACE.points(points)}</b>
          {streak > 1 && <span class="race-streak">{RACE.streak(streak)}</span>}
        </p>
        {!alone.value && <Standings list={standings.value} />}
        <button type="button" class="primary big" ref={button} onClick={goOn}>
          {!turn.value ? RACE.toTheResult : alone.value ? RACE.nextWord : RACE.nextPlayer}
        </button>
      </section>
      <Replay key={word + player.id} result={result} />
    </div>
  );
}
