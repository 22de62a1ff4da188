import { RACE, listing } from "../../words.js";
import { failure, knownThings, tuner } from "../../state/learner.js";
import { start } from "../../state/race/game.js";
import { available, ownWords } from "../../state/race/guessers.js";
import { CloseButton } from "../close-button.js";
import { onceRendered } from "../once-rendered.js";
import {
  addPlayer,
  changePlayer,
  MOST_PLAYERS,
  nameOf,
  note,
  removePlayer,
  ROUNDS,
  settings,
  type Player,
  type Source,
} from "../../state/race/settings.js";

/** Who plays, for how many words, and who guesses. */
export function Setup() {
  const { players, rounds, source, best } = settings.value;
  const ready = available.value[source];
  const record = players.length === 1 ? best[`${source}-${rounds}`] : undefined;
  return (
    <div class="race-setup">
      <header>
        <h2>{RACE.title}</h2>
        <p class="race-invitation">{RACE.invitation}</p>
      </header>
      <form
        class="panel"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) start();
        }}
      >
        <fieldset>
          <legend>{RACE.players}</legend>
          <ul class="players">
            {players.map((player, index) => (
              <PlayerRow key={player.id} player={player} index={index} />
            ))}
          </ul>
          {players.length < MOST_PLAYERS && (
            <button type="button" class="chip-add" id="add-player" onClick={addAndName}>
              + {RACE.addPlayer}
            </button>
          )}
        </fieldset>
        <fieldset>
          <legend>{RACE.words}</legend>
          <div class="race-rounds">
            {ROUNDS.map((number) => (
              <label key={number} class="chip">
                <input
                  type="radio"
                  name="rounds"
                  checked={number === rounds}
                  onChange={() => note({ rounds: number })}
                />
                <span>{number}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <fieldset>
          <legend>{RACE.whoGuesses}</legend>
          <SourceChoice value="ready-made" title={RACE.readyMade} text={readyMadeText()} />
          <SourceChoice value="own" title={RACE.own} text={ownText()} />
        </fieldset>
        <button type="submit" class="primary big" disabled={!ready}>
          {ready || tuner.value || failure.value ? RACE.start : RACE.waking}
        </button>
        <p class="race-best">{record ? RACE.best(record) : ""}</p>
      </form>
      <p class="race-rules">{RACE.rules}</p>
    </div>
  );
}

function PlayerRow({ player, index }: { player: Player; index: number }) {
  const name = nameOf(player, index);
  const several = settings.value.players.length > 1;
  const remove = () => {
    removePlayer(player.id);
    onceRendered(() => document.getElementById("add-player")?.focus());
  };
  return (
    <li class={`player colour-${player.colour}`}>
      <span class="player-dot" aria-hidden="true" />
      <input
        id={`player-${player.id}`}
        aria-label={RACE.nameOfPlayer(index + 1)}
        value={player.name}
        placeholder={name}
        maxLength={20}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => changePlayer(player.id, { name: event.currentTarget.value })}
      />
      {several && <CloseButton label={RACE.removePlayer(name)} onClick={remove} />}
    </li>
  );
}

function SourceChoice({ value, title, text }: { value: Source; title: string; text: string }) {
  return (
    <label class="race-source">
      <input
        type="radio"
        name="source"
        checked={settings.value.source === value}
        onChange={() => note({ source: value })}
      />
      <span>
        <b>{title}</b>
        <small>{text}</small>
      </span>
    </label>
  );
}

function readyMadeText(): string {
  if (failure.value) return failure.value;
  return tuner.value ? RACE.readyMadeNote(knownThings.value) : RACE.waking;
}

function ownText(): string {
  if (!available.value.own) return RACE.ownMissing;
  return RACE.ownNote(listing(ownWords.value));
}

function addAndName(): void {
  addPlayer();
  const { id } = settings.value.players.at(-1)!;
  onceRendered(() => document.getElementById(`player-${id}`)?.focus());
}
