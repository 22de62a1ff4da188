import { useState } from "preact/hooks";
import { inSeconds, listing, RACE } from "../../words.js";
import { report } from "../../state/learner.js";
import {
  alone,
  leave,
  record,
  results,
  standings,
  start,
  turns,
  type Result,
} from "../../state/race/game.js";
import { hand } from "../../state/files/hand.js";
import { Thumbnail } from "../thumbnail.js";
import { inkAt } from "../../state/race/ink.js";
import { Confetti } from "./confetti.js";
import { picture } from "./picture.js";
import { Replay } from "./replay.js";
import { Standings } from "./standings.js";
import { useFocus } from "./use-focus.js";

const PICTURE = "doodle-race.png";

/** Who won, with all drawings, to be played once more, or taken home as a picture. */
export function Outcome() {
  const heading = useFocus<HTMLHeadingElement>();
  const [shown, show] = useState<Result | null>(null);
  const save = async () => {
    try {
      await hand(PICTURE, await picture(title(), standings.value, results.value), RACE.pictureTitle);
    } catch (error) {
      report(error);
    }
  };
  return (
    <div class="race-outcome">
      {won() && <Confetti pieces={120} />}
      <section class="panel race-told">
        <h2 tabIndex={-1} ref={heading}>
          {title()}
        </h2>
        {alone.value && record.value && <p class="race-streak">{RACE.newBest}</p>}
        <Standings list={standings.value} />
        <div class="race-actions">
          <button type="button" class="primary big" onClick={start}>
            {RACE.onceMore}
          </button>
          <button type="button" class="tool" onClick={() => void save()}>
            {RACE.savePicture}
          </button>
          <button type="button" class="tool" onClick={leave}>
            {RACE.change}
          </button>
        </div>
      </section>
      <section class="race-drawings" aria-labelledby="race-drawings">
        <h3 id="race-drawings">{RACE.drawings}</h3>
        <ul>
          {results.value.map((result, index) => (
            <li key={index} class={`colour-${result.player.colour}`}>
              <button
                type="button"
                aria-pressed={shown === result}
                onClick={() => show(shown === result ? null : result)}
              >
                <Thumbnail input={inkAt(result.record, result.length)} label={result.word} />
                <span class="race-drawing-word">{result.word}</span>
                {!alone.value && <span class="race-drawing-player">{result.player.name}</span>}
                <span>{result.time === null ? RACE.notRecognised : inSeconds(result.time)}</span>
              </button>
            </li>
          ))}
        </ul>
        {shown && <Replay key={results.value.indexOf(shown)} result={shown} />}
      </section>
    </div>
  );
}

function won(): boolean {
  return standings.value[0]!.points > 0;
}

function title(): string {
  const winners = standings.value.filter(({ place }) => place === 1).map(({ player }) => player.name);
  if (!won() && !alone.value) return RACE.nobody;
  if (alone.value) return RACE.finished(standings.value[0]!.recognised, turns.value.length);
  return winners.length === 1 ? RACE.wins(winners[0]!) : RACE.tie(listing(winners));
}
