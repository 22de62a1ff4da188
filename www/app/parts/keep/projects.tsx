import { KEEPING } from "../../words.js";
import { say } from "../../state/notices.js";
import {
  addProject,
  current,
  duplicateProject,
  openProject,
  projects,
  removeProject,
  renameProject,
} from "../../state/storage.js";
import type { ProjectInfo } from "../../state/vault.js";
import { NameField } from "../name-field.js";
import { rove } from "../roving.js";
import { single } from "../single.js";

/** All projects: to be opened, named, copied and deleted. */
export function Projects() {
  return (
    <section aria-labelledby="projects-title">
      <h3 id="projects-title">{KEEPING.projects}</h3>
      <ul class="projects">
        {projects.value.map((one) => (
          <Project key={one.id} one={one} />
        ))}
      </ul>
      <button
        type="button"
        class="chip-add"
        id="new-project"
        onClick={() => void addProject(KEEPING.newProject)}
      >
        + {KEEPING.newProject}
      </button>
    </section>
  );
}

function Project({ one }: { one: ProjectInfo }) {
  const open = one.id === current.value;
  const choose = async () => {
    await openProject(one.id);
    // The button that was pressed is on, whatever has come of it.
    for (const radio of document.querySelectorAll<HTMLInputElement>("[name=project]"))
      radio.checked = radio.value === current.peek();
  };
  const remove = async () => {
    document.getElementById("new-project")?.focus();
    const putBack = await removeProject(one.id);
    if (putBack) say(KEEPING.removed(one.name), { label: KEEPING.undo, run: putBack, anywhere: true });
  };
  return (
    <li class={open ? "project active" : "project"}>
      <input
        type="radio"
        name="project"
        value={one.id}
        aria-label={KEEPING.openProject(one.name)}
        checked={open}
        onKeyDown={rove}
        onChange={() => void choose()}
      />
      <NameField
        label={KEEPING.nameOfProject}
        name={one.name}
        longest={60}
        onName={(typed) => rename(one, typed)}
      />
      <button
        type="button"
        class="icon"
        aria-label={KEEPING.duplicate(one.name)}
        title={KEEPING.duplicate(one.name)}
        onClick={() => void duplicateProject(one.id)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M7 7h10v10H7zM13 7V3H3v10h4" />
        </svg>
      </button>
      <button
        type="button"
        class="icon"
        aria-label={KEEPING.remove(one.name)}
        title={KEEPING.remove(one.name)}
        onClick={single(() => void remove())}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6" />
        </svg>
      </button>
    </li>
  );
}

/** Two projects may have the same name; an empty one leaves it as it was. */
function rename({ id }: ProjectInfo, typed: string): void {
  const name = typed.trim().replace(/\s+/g, " ");
  if (name) renameProject(id, name);
}
