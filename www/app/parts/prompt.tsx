import { hasInk } from "../state/sheet.js";
import { guess } from "../state/guess.js";
import { prompt, surprise } from "../state/prompt.js";
import { PROMPT } from "../words.js";

/** Something to draw, for those who cannot think of anything. */
export function Prompt() {
  const word = prompt.value;
  const right = word !== null && hasInk.value && guess.value?.label === word;
  return (
    <div class="prompt">
      <p aria-live="polite" class={right ? "right" : ""}>
        {word !== null && (right ? PROMPT.right(word) : PROMPT.draw(word))}
      </p>
      <button type="button" class="text-button" onClick={surprise}>
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M4 4h12v12H4zM7.5 7.5v.1M12.5 7.5v.1M10 10v.1M7.5 12.5v.1M12.5 12.5v.1" />
        </svg>
        {PROMPT.surprise}
      </button>
    </div>
  );
}
