import { useEffect, useRef, useState } from "preact/hooks";
import { inSeconds, RACE } from "../../words.js";
import { SHEET } from "../../state/doodles.js";
import type { Result } from "../../state/race/game.js";
import { inkAt } from "../../state/race/ink.js";
import { opinions } from "../../state/race/judge.js";
import { calm } from "../../state/calm.js";
import { strokePath } from "../ink.js";

/** How much faster than life. */
const SPEED = 3;

/** The drawing as it came about, and what the network made of it on the way. */
export function Replay({ result }: { result: Result }) {
  const { record, looks, length, word } = result;
  const [time, setTime] = useState(calm() ? length : 0);
  const [playing, setPlaying] = useState(!calm());
  const from = useRef(0);
  useEffect(() => {
    if (!playing) return;
    let frame = requestAnimationFrame(function show(start: number) {
      frame = requestAnimationFrame(function step(now: number) {
        const at = Math.min(length, from.current + (now - start) * SPEED);
        setTime(at);
        if (at < length) frame = requestAnimationFrame(step);
        else setPlaying(false);
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, length]);
  const play = () => {
    from.current = 0;
    setPlaying(true);
  };
  const scrub = (to: number) => {
    setPlaying(false);
    setTime(to);
  };
  const list = opinions(looks, length);
  return (
    <figure class="replay">
      <svg class="replay-ink" viewBox={`0 0 ${SHEET} ${SHEET}`} role="img" aria-label={word}>
        <path d={inkAt(record, time).map(strokePath).join("")} />
      </svg>
      <figcaption>
        <span class="replay-title">{RACE.mind}</span>
        <button type="button" class="quiet" onClick={play} disabled={playing}>
          {RACE.replay}
        </button>
      </figcaption>
      <div class="timeline">
        <ol>
          {list.map(({ label, from, to }) => (
            <li
              key={from}
              class={label === word ? "right" : label ? "" : "nothing"}
              style={{ flexGrow: to - from }}
              title={RACE.from(label ?? RACE.nothing, from)}
            >
              <span>{label}</span>
            </li>
          ))}
        </ol>
        <input
          type="range"
          aria-label={RACE.moment}
          aria-valuetext={inSeconds(time)}
          min={0}
          max={Math.round(length)}
          step={50}
          value={Math.round(time)}
          onInput={(event) => scrub(event.currentTarget.valueAsNumber)}
        />
      </div>
    </figure>
  );
}
