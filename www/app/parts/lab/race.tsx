import { useRef, useState } from "preact/hooks";
import { contenders, racing, spotlight, type Contender } from "../../state/lab.js";
import { LAB, percent, raceProgress, STRATEGIES } from "../../words.js";
import { LabChart, lookOf, type Across } from "./chart.js";
import { LabSave } from "./save.js";
import { usePolite } from "../use-polite.js";

/** The curves while they grow, with who is who. */
export function LabRace() {
  const [across, setAcross] = useState<Across>("rounds");
  const charts = useRef<HTMLDivElement>(null);
  const all = contenders.value;
  const now = all.findIndex(({ state }) => ["preparing", "teacher", "learning"].includes(state));
  const progress = now >= 0 ? raceProgress(all[now]!.strategy, now + 1, all.length, all[now]!.state) : "";
  const over = all.length > 0 && !racing.value ? LAB.over : "";
  const spoken = usePolite(progress || over, 3000);
  return (
    <section class="lab-race panel" aria-labelledby="lab-race-title">
      <header class="lab-race-head">
        <h2 id="lab-race-title">{LAB.charts}</h2>
        <p class="lab-progress">{progress}</p>
        <fieldset class="segments">
          <legend class="visually-hidden">{LAB.across}</legend>
          {(["rounds", "seconds"] as const).map((name) => (
            <label key={name}>
              <input type="radio" name="across" checked={across === name} onChange={() => setAcross(name)} />
              <span>{LAB[name]}</span>
            </label>
          ))}
        </fieldset>
      </header>
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
      {all.length === 0 ? (
        <p class="lab-empty">{LAB.empty}</p>
      ) : (
        <>
          <Legend all={all} />
          <div class="lab-charts" ref={charts}>
            <LabChart
              title={LAB.accuracy}
              contenders={all}
              across={across}
              spotlight={spotlight.value}
              height={320}
              read={({ accuracy }) => accuracy}
              format={percent}
              top={1}
              marks
            />
            <LabChart
              title={LAB.loss}
              contenders={all}
              across={across}
              spotlight={spotlight.value}
              height={200}
              read={({ loss }) => loss}
              format={(value) => value.toFixed(1)}
            />
          </div>
          <p class="how-to-read">{LAB.howToRead}</p>
          {!racing.value && <LabSave charts={charts} />}
        </>
      )}
    </section>
  );
}

function Legend({ all }: { all: readonly Contender[] }) {
  return (
    <ul class="lab-legend" aria-label={LAB.legend}>
      {all.map(({ strategy, state, readings }) => {
        const last = readings.at(-1);
        const show = () => void (spotlight.value = strategy);
        const hide = () => void (spotlight.value = null);
        return (
          <li key={strategy} class={`${lookOf(strategy)} ${state}`}>
            <button type="button" onPointerEnter={show} onPointerLeave={hide} onFocus={show} onBlur={hide}>
              <svg viewBox="0 0 26 8" aria-hidden="true">
                <path class="line" d="M2 4H24" />
              </svg>
              <b>{STRATEGIES[strategy].title}</b>
              <span>{last ? percent(last.accuracy) : LAB.states[state]}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
