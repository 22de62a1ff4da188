import { classes, doodleCount } from "../state/doodles.js";
import { CARDS } from "../words.js";
import { addAndName } from "./add-class.js";
import { ClassCard } from "./class-card.js";
import { Welcome } from "./welcome.js";

/** All classes with their doodles. */
export function Classes() {
  return (
    <section class="classes" aria-labelledby="classes-title">
      <h2 id="classes-title" class="visually-hidden">
        {CARDS.title}
      </h2>
      <ul class="cards">
        {classes.value.map((one) => (
          <ClassCard key={one.id} one={one} />
        ))}
        <li class="add-card">
          <button type="button" id="add-class" onClick={addAndName}>
            <span aria-hidden="true">+</span> {CARDS.add}
          </button>
        </li>
      </ul>
      {doodleCount.value === 0 && <Welcome />}
    </section>
  );
}
