import { failure, startLearner } from "../state/learner.js";
import { edited, expertShown, strategy } from "../state/plan.js";
import { progress } from "../state/progress.js";
import { events, outcome, pausable, paused, pauseOrResume, running, stop, train } from "../state/training.js";
import { EXPERT, NOTICES, STRATEGIES, TRAIN } from "../words.js";
import { Curves } from "./curves.js";
import { PlanPicture } from "./plan-picture.js";
import { single } from "./single.js";
import { usePolite } from "./use-polite.js";

/** The button, how far it has come, and what has come of it. */
export function Train() {
  const { text, share } = progress.value;
  const spoken = usePolite(text, 3000);
  return (
    <section class="train panel" aria-labelledby="train-title">
      <h2 id="train-title" class="visually-hidden">
        {TRAIN.train}
      </h2>
      <div class="train-buttons">
        <button
          type="button"
          class={`primary big ${running.value ? "stop" : ""}`}
          aria-describedby="train-progress"
          // Begun by a double-click, it goes on.
          onClick={running.value ? single(stop) : () => void train()}
        >
          {running.value ? TRAIN.stop : outcome.value ? TRAIN.again : TRAIN.train}
        </button>
        {pausable.value && (
          <button type="button" class="primary big stop" onClick={pauseOrResume}>
            {paused.value ? TRAIN.resume : TRAIN.pause}
          </button>
        )}
      </div>
      <progress aria-label={TRAIN.progress} max={1} value={share ?? 0} data-idle={share === undefined} />
      <div class="train-progress">
        <p id="train-progress">{text}</p>
        {failure.value && (
          <button type="button" class="tool" onClick={startLearner}>
            {NOTICES.again}
          </button>
        )}
      </div>
      <PlanPicture />
      <button
        type="button"
        class="expert-button"
        aria-haspopup="dialog"
        onClick={() => (expertShown.value = true)}
      >
        <svg viewBox="0 0 20 20" aria-hidden="true">
          <path d="M3 6h8M15 6h2M13 4v4M3 14h3M10 14h7M8 12v4" />
        </svg>
        {EXPERT.open}
        <span class="expert-now">
          {edited.value ? EXPERT.byHand(STRATEGIES[strategy.value].title) : STRATEGIES[strategy.value].title}
        </span>
      </button>
      <Curves events={events.value} running={running.value} />
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
    </section>
  );
}
