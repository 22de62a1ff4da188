import { CloseButton } from "../close-button.js";
import { DialogNotice } from "../notice.js";
import { useModal } from "../use-modal.js";
import { useEffect } from "preact/hooks";
import type { Strategy } from "../../../lib/index.js";
import { chooseStrategy, edited, expertShown, plan, refusal, strategy } from "../../state/plan.js";
import { running, train } from "../../state/training.js";
import { EXPERT, sentence, STRATEGIES } from "../../words.js";
import { PhaseCard } from "./phase.js";
import { WholePlan } from "./whole-plan.js";

/** Everything that the engine can be told, for those who want to know. */
export function ExpertDrawer() {
  const shown = expertShown.value;
  const modal = useModal(shown, close);
  const no = refusal.value;
  useEffect(() => {
    // Where the engine says no, there the cursor should be.
    const dialog = modal.ref.current!;
    const field = dialog.querySelector<HTMLElement>("[aria-invalid=true]");
    field?.closest("details")?.setAttribute("open", "");
    if (!dialog.contains(document.activeElement) || !isField(document.activeElement)) field?.focus();
  }, [no]);
  return (
    <dialog {...modal} class="drawer" aria-labelledby="expert-title">
      {shown && <Content />}
    </dialog>
  );
}

function Content() {
  const now = plan.value;
  const no = refusal.value;
  const title = STRATEGIES[strategy.value].title;
  return (
    <div class="drawer-content">
      <header class="drawer-head">
        <h2 id="expert-title">{EXPERT.title}</h2>
        <CloseButton label={EXPERT.close} onClick={close} />
      </header>
      <div class="drawer-body">
        <div class="strategy">
          <label for="strategy">{EXPERT.strategy}</label>
          <select
            id="strategy"
            value={strategy.value}
            onChange={(event) => chooseStrategy(event.currentTarget.value as Strategy)}
          >
            {Object.entries(STRATEGIES).map(([name, { title }]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
          <p class="strategy-sentence">{STRATEGIES[strategy.value].sentence}</p>
        </div>
        {no && no.phase === undefined && (
          <p class="field-problem" role="alert">
            {sentence(no.message)}
          </p>
        )}
        {now ? (
          <>
            <ol class="phases">
              {now.phases.map((one, index) => (
                <PhaseCard key={index} one={one} index={index} count={now.phases.length} />
              ))}
            </ol>
            <WholePlan plan={now} />
          </>
        ) : (
          <p class="field-hint">{EXPERT.noPlan}</p>
        )}
      </div>
      <DialogNotice />
      <footer class="drawer-foot">
        <p>{edited.value ? EXPERT.byHand(title) : EXPERT.asNamed(title)}</p>
        {edited.value && (
          <button type="button" class="text-button" onClick={() => chooseStrategy(strategy.value)}>
            {EXPERT.reset}
          </button>
        )}
        <button type="button" class="primary" disabled={running.value} onClick={trainSo}>
          {EXPERT.train}
        </button>
      </footer>
    </div>
  );
}

function close(): void {
  expertShown.value = false;
}

/** Gives the view free to watch; a refusal opens it again. */
function trainSo(): void {
  close();
  void train();
}

function isField(element: Element | null): boolean {
  return element?.matches("input, select") ?? false;
}
