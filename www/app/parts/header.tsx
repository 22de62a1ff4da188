import { keepingOpen } from "./keep/open.js";
import { view, VIEWS } from "../state/view.js";
import { projectName } from "../state/storage.js";
import { KEEPING, MASTHEAD, ROOMS } from "../words.js";

export function Header() {
  return (
    <header class="masthead">
      <h1>
        <svg viewBox="0 0 64 32" aria-hidden="true">
          <path d="M3 22C10-2 17-2 20 12s8 14 14 3 12-12 15-2 6 10 12 4" />
        </svg>
        doodle<b>tune</b>
      </h1>
      <nav aria-label={MASTHEAD.rooms}>
        {VIEWS.map((name) => (
          <a key={name} href={`#${name}`} aria-current={view.value === name ? "page" : undefined}>
            {ROOMS[name]}
          </a>
        ))}
      </nav>
      <button
        type="button"
        class="masthead-project"
        aria-haspopup="dialog"
        aria-label={KEEPING.open(projectName())}
        onClick={() => (keepingOpen.value = true)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M3 5h5l2 2h7v9H3z" />
        </svg>
        <span>{projectName()}</span>
      </button>
      <p class="privacy">
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M5 9V7a5 5 0 0 1 10 0v2M4 9h12v8H4z" />
        </svg>
        {MASTHEAD.privacy}
      </p>
    </header>
  );
}
