import { Confusion } from "../parts/understand/confusion.js";
import { FeatureMap } from "../parts/understand/feature-map.js";
import { Inspector } from "../parts/understand/inspector.js";
import { Quality } from "../parts/understand/quality.js";
import { Reliability } from "../parts/understand/reliability.js";
import { Doubtful, Surprising } from "../parts/understand/striking.js";
import { enoughToExamine, insight, looking } from "../state/insight.js";
import { failure, tuner, untaught } from "../state/learner.js";
import { running } from "../state/training.js";
import { sentence, UNDERSTAND } from "../words.js";
import "../styles/room.css";
import "../styles/understand.css";

/** What was learnt and what was not, down to the single doodle. */
export function Understand() {
  const now = enoughToExamine.value ? insight.value : null;
  return (
    <main class="understand" aria-busy={looking.value}>
      <header class="room-head">
        <h2>{UNDERSTAND.title}</h2>
        {now && (
          <>
            <p class="verdict">{UNDERSTAND.lead(now.evaluation)}</p>
            <p>{now.fineTuned ? UNDERSTAND.fineTuned : UNDERSTAND.inTurn}</p>
          </>
        )}
        <p role="status">{state()}</p>
      </header>
      {now ? (
        <>
          <div class="understand-column">
            <Confusion insight={now} />
            <Surprising />
            <Doubtful />
          </div>
          <div class="understand-column">
            <Quality insight={now} />
            <Reliability insight={now} />
          </div>
          <FeatureMap />
        </>
      ) : (
        !enoughToExamine.value && <Empty />
      )}
      <Inspector />
    </main>
  );
}

/** Why there is nothing to see, or nothing new. */
function state(): string {
  if (failure.value) return sentence(failure.value);
  if (!tuner.value) return UNDERSTAND.loading;
  if (!enoughToExamine.value) return "";
  if (running.value) return UNDERSTAND.training;
  if (looking.value || untaught.value > 0) return UNDERSTAND.looking;
  return insight.value ? "" : UNDERSTAND.none;
}

function Empty() {
  return (
    <section class="empty-room">
      <svg viewBox="0 0 120 80" aria-hidden="true">
        <path d="M18 62c-8-14-4-36 14-44 22-9 42 4 44 24 1 14-8 24-8 24M30 38h.1M52 38h.1M34 52c4 4 12 4 16 0" />
        <path d="M84 20c4-10 22-10 22 2 0 10-12 10-12 20M94 56v.1" />
      </svg>
      <p>{UNDERSTAND.tooFew}</p>
      <a class="primary" href="#teach">
        {UNDERSTAND.toTeach}
      </a>
    </section>
  );
}
