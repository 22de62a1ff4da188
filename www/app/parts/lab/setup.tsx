import type { Strategy } from "../../../lib/index.js";
import { complain } from "../../state/notices.js";
import { enoughToRace, race, racing, settings, stopRace, contenders } from "../../state/lab.js";
import { failure, tuner } from "../../state/learner.js";
import { LAB, sentence, STRATEGIES } from "../../words.js";
import { lookOf } from "./chart.js";

const ALL = Object.keys(STRATEGIES) as Strategy[];

/** Who takes part, for how long, and the button. */
export function LabSetup() {
  const { strategies, epochs, seed } = settings.value;
  const busy = racing.value;
  const choose = (some: Iterable<Strategy>) => {
    const wanted = new Set(some);
    // They start in the order in which they are listed.
    settings.value = { ...settings.value, strategies: new Set(ALL.filter((one) => wanted.has(one))) };
  };
  const toggle = (one: Strategy) =>
    choose(strategies.has(one) ? [...strategies].filter((other) => other !== one) : [...strategies, one]);
  const why = whyNot(strategies);
  return (
    <section class="lab-setup panel" aria-labelledby="lab-setup-title">
      <fieldset class="lab-strategies" disabled={busy}>
        <legend id="lab-setup-title">{LAB.setUp}</legend>
        <p class="lab-choices">
          <button type="button" class="room-button" onClick={() => choose(ALL)}>
            {LAB.all}
          </button>
          <button type="button" class="room-button" onClick={() => choose([])}>
            {LAB.none}
          </button>
        </p>
        <ul>
          {ALL.map((one) => (
            <li key={one} class={lookOf(one)}>
              <label>
                <input
                  type="checkbox"
                  name={one}
                  checked={strategies.has(one)}
                  onChange={() => toggle(one)}
                  aria-describedby={`about-${one}`}
                />
                <span>
                  <b>{STRATEGIES[one].title}</b>
                  <small id={`about-${one}`}>{STRATEGIES[one].sentence}</small>
                </span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      <div class="lab-numbers">
        <label>
          {LAB.epochs}
          <input
            type="number"
            name="epochs"
            min={1}
            max={1000}
            disabled={busy}
            value={epochs ?? ""}
            aria-describedby="epochs-hint"
            onChange={(event) => setEpochs(event.currentTarget)}
          />
          <small id="epochs-hint">{LAB.epochsHint}</small>
        </label>
        <label>
          {LAB.seed}
          <input
            type="number"
            name="seed"
            min={0}
            max={999999}
            disabled={busy}
            value={seed}
            aria-describedby="seed-hint"
            onChange={(event) => setSeed(event.currentTarget)}
          />
          <small id="seed-hint">{LAB.seedHint}</small>
        </label>
      </div>
      {!busy && why && (
        <p id="lab-why" class="lab-why">
          {why} {why === LAB.tooFew && <a href="#teach">{LAB.toTeach}</a>}
        </p>
      )}
      <div class="lab-go">
        <button
          type="button"
          class={`primary big${busy ? " stop" : ""}`}
          disabled={!busy && why !== null}
          aria-describedby={why ? "lab-why" : undefined}
          onClick={() => (busy ? stopRace() : start())}
        >
          {busy ? LAB.stop : contenders.value.length > 0 ? LAB.again : LAB.start}
        </button>
      </div>
    </section>
  );
}

/** Why there can be no race yet, if there cannot. */
function whyNot(strategies: ReadonlySet<Strategy>): string | null {
  if (!tuner.value) return failure.value ? sentence(failure.value) : LAB.loading;
  if (!enoughToRace.value) return LAB.tooFew;
  return strategies.size === 0 ? LAB.nobody : null;
}

/** On a phone, the race is further down than one can see. */
function start(): void {
  void race();
  const charts = document.querySelector(".lab-race")!;
  if (charts.getBoundingClientRect().top > innerHeight / 2) charts.scrollIntoView();
}

function setEpochs(field: HTMLInputElement): void {
  const { epochs } = settings.value;
  const next = field.value === "" && !field.validity.badInput ? null : Number(field.value);
  if (next !== null && !(Number.isInteger(next) && next >= 1 && next <= 1000)) {
    complain(LAB.badEpochs);
    field.value = String(epochs ?? "");
    return;
  }
  settings.value = { ...settings.value, epochs: next };
}

function setSeed(field: HTMLInputElement): void {
  const next = Number(field.value);
  if (field.value === "" || !(Number.isInteger(next) && next >= 0 && next <= 999_999)) {
    complain(LAB.badSeed);
    field.value = String(settings.value.seed);
    return;
  }
  settings.value = { ...settings.value, seed: next };
}
