import { useState } from "preact/hooks";
import { catalogue, featureMap, inspected, type Catalogued } from "../../state/insight.js";
import { trained } from "../../state/learner.js";
import type { Place } from "../../state/layout.js";
import type { FeatureMap as Mapped } from "../../state/map.js";
import { UNDERSTAND } from "../../words.js";
import { Thumbnail } from "../thumbnail.js";

const { map: words } = UNDERSTAND;

/** More would cover each other, and are dots. */
const MOST_DRAWINGS = 60;

/** The doodles where the network sees them, before and after it was fine-tuned. */
export function FeatureMap() {
  const now = featureMap.value;
  return (
    <section class="feature-map panel" aria-labelledby="map-title">
      <h3 id="map-title">{words.title}</h3>
      <p class="how-to-read">{words.read}</p>
      {now ? <Map map={now} /> : <p class="map-wait">{words.drawing}</p>}
    </section>
  );
}

interface Spot extends Catalogued {
  place: Place;
}

function Map({ map }: { map: Mapped }) {
  const [which, setWhich] = useState<"before" | "after">("after");
  const [at, setAt] = useState<string | null>(null);
  const side = (which === "after" && map.after) || map.before;
  const spots = map.doodles.flatMap((id, index): Spot[] => {
    const found = catalogue.value.get(id);
    return found ? [{ ...found, place: side.places[index]! }] : [];
  });
  const drawings = spots.length <= MOST_DRAWINGS;
  const stop = spots.some(({ doodle }) => doodle.id === at) ? at : spots[0]?.doodle.id;
  const lit = spots.find(({ doodle }) => doodle.id === at);
  const onKeyDown = (event: KeyboardEvent) => {
    const here = spots.find(({ doodle }) => doodle.id === stop);
    const way = WAYS[event.key];
    if (!here || !way) return;
    event.preventDefault();
    const next = nearest(here, spots, way);
    if (next) document.getElementById(`spot-${next.doodle.id}`)!.focus();
  };
  return (
    <div class="map-body">
      <div
        class={`map ${drawings ? "drawings" : "dots"}`}
        role="group"
        aria-labelledby="map-title"
        aria-describedby="map-keys"
        onKeyDown={onKeyDown}
      >
        <div class="map-area">
          {spots.map(({ doodle, one, number, place: [x, y] }) => (
            <button
              key={doodle.id}
              id={`spot-${doodle.id}`}
              type="button"
              class={`spot colour-${one.colour}`}
              style={{ insetInlineStart: `${100 * x}%`, insetBlockStart: `${100 * y}%` }}
              tabIndex={doodle.id === stop ? 0 : -1}
              aria-label={UNDERSTAND.drawn(one.name, number)}
              onPointerEnter={() => setAt(doodle.id)}
              onFocus={() => setAt(doodle.id)}
              onClick={() => void (inspected.value = doodle.id)}
            >
              {drawings && (
                <span aria-hidden="true">
                  <Thumbnail input={doodle.input} label="" />
                </span>
              )}
            </button>
          ))}
        </div>
      </div>
      <div class="map-side">
        {map.after && (
          <fieldset class="segments">
            <legend class="visually-hidden">{words.which}</legend>
            {(["before", "after"] as const).map((name) => (
              <label key={name}>
                <input type="radio" name="map" checked={which === name} onChange={() => setWhich(name)} />
                <span>{words[name]}</span>
              </label>
            ))}
          </fieldset>
        )}
        <p>
          {map.after
            ? words.compare(map.before.agreement, map.after.agreement)
            : words.agreement(map.before.agreement)}
        </p>
        {!map.after && <p class="how-to-read">{trained.value ? words.same : words.untrained}</p>}
        <ul class="map-classes">
          {[...new Set(spots.map(({ one }) => one))].map((one) => (
            <li key={one.id} class={`colour-${one.colour}`}>
              <span class="swatch" />
              {one.name}
            </li>
          ))}
        </ul>
        <figure class={`lens colour-${lit?.one.colour}`}>
          {lit && (
            <span aria-hidden="true">
              <Thumbnail input={lit.doodle.input} label="" />
            </span>
          )}
          <figcaption>{lit ? UNDERSTAND.drawn(lit.one.name, lit.number) : words.lens}</figcaption>
        </figure>
        <p id="map-keys" class="how-to-read">
          {words.keys}
        </p>
      </div>
    </div>
  );
}

/** Arrow keys as directions on the map, which runs as the page is read. */
const WAYS: Record<string, Place> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The next doodle that way: near, and not much aside. */
function nearest(from: Spot, spots: readonly Spot[], [u, v]: Place): Spot | undefined {
  const score = ({ place: [x, y] }: Spot) => {
    const [dx, dy] = [x - from.place[0], y - from.place[1]];
    const [along, aside] = [dx * u + dy * v, Math.abs(dx * v - dy * u)];
    return along > 1e-6 && aside <= 2 * along ? along + 2 * aside : Infinity;
  };
  const [best] = spots
    .filter((one) => one !== from && score(one) < Infinity)
    .toSorted((a, b) => score(a) - score(b));
  return best;
}
