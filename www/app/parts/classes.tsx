import { classes, doodleCount } from "../state/doodles.js";
import { addAndName } from "./add-class.js";
import { ClassCard } from "./class-card.js";

/** All classes with their doodles. */
export function Classes() {
  return (
    <section class="classes" aria-labelledby="classes-title">
      <h2 id="classes-title" class="visually-hidden">
        Classes
      </h2>
      <ul class="cards">
        {classes.value.map((one) => (
          <ClassCard key={one.id} one={one} />
        ))}
        <li class="add-card">
          <button type="button" id="add-class" onClick={addAndName}>
            <span aria-hidden="true">+</span> Add a class
          </button>
        </li>
      </ul>
      {doodleCount.value === 0 && <HowTo />}
    </section>
  );
}

/** What to do, while nothing has been done. */
function HowTo() {
  const [first, second] = classes.value;
  return (
    <ol class="how-to">
      <li>
        Draw {first ? `“${first.name}”` : "something"} and press <b>Add</b>. Do it again, a little
        differently.
      </li>
      <li>
        Do the same for {second ? `“${second.name}”` : "something else"}. The names are yours to change.
      </li>
      <li>
        Press <b>Train</b>, then draw, and watch it guess.
      </li>
    </ol>
  );
}
