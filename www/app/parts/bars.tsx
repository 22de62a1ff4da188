import { percent } from "../words.js";

interface Bar {
  label: string;
  probability: number;
  /** Which of the palette's colours; none for what is no class of one's own. */
  colour?: number | undefined;
}

/** How probable things are, the most probable first. `kind` is a class of styles more. */
export function Bars({ rows, kind = "" }: { rows: readonly Bar[]; kind?: string }) {
  return (
    <ol class={`bars ${kind}`}>
      {rows.map(({ label, probability, colour }) => (
        <li
          key={label}
          class={colour === undefined ? "bar" : `bar colour-${colour}`}
          data-probability={probability}
        >
          <span class="bar-label">{label}</span>
          <span class="bar-track">
            <span class="bar-fill" style={{ transform: `scaleX(${probability})` }} />
          </span>
          <span class="bar-value">{percent(probability)}</span>
        </li>
      ))}
    </ol>
  );
}
