import { RACE } from "../../words.js";
import type { Standing } from "../../state/race/game.js";

/** Who has how many points. */
export function Standings({ list }: { list: readonly Standing[] }) {
  const most = Math.max(1, ...list.map(({ points }) => points));
  return (
    <ol class="standings" aria-label={RACE.standing}>
      {list.map(({ player, points, place }) => (
        <li key={player.id} class={`colour-${player.colour}`}>
          <span class="standing-place">{place}</span>
          <span class="standing-name">{player.name}</span>
          <span class="standing-bar" aria-hidden="true">
            <span style={{ transform: `scaleX(${points / most})` }} />
          </span>
          <b>{RACE.points(points)}</b>
        </li>
      ))}
    </ol>
  );
}
