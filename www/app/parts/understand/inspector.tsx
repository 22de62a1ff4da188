import { CloseButton } from "../close-button.js";
import { catalogue, examined, inspected } from "../../state/insight.js";
import { UNDERSTAND } from "../../words.js";
import { Bars } from "../bars.js";
import { DialogNotice } from "../notice.js";
import { useModal } from "../use-modal.js";
import { DoodleActions } from "./doodle-actions.js";
import { HeatMap } from "./heat-map.js";

const { inspect } = UNDERSTAND;
const ROWS = 4;

/** One doodle, closely: where the network looked, what it said, and what can be done about it. */
export function Inspector() {
  const found = catalogue.value.get(inspected.value ?? "");
  const close = () => void (inspected.value = null);
  const modal = useModal(found !== undefined, close);
  const answer = examined.value.find(({ doodle }) => doodle.id === found?.doodle.id);
  return (
    <dialog {...modal} class="inspector" aria-labelledby="inspector-title">
      {found && (
        <div class={`inspector-body colour-${found.one.colour}`}>
          <header>
            <h3 id="inspector-title">{UNDERSTAND.drawn(found.one.name, found.number)}</h3>
            <CloseButton label={inspect.close} onClick={close} />
          </header>
          <HeatMap input={found.doodle.input} />
          {answer && (
            <div class="inspector-answer">
              <p>{inspect.held}</p>
              <Bars
                rows={answer.ranking
                  .slice(0, ROWS)
                  .map(({ name, one, probability }) => ({ label: name, probability, colour: one?.colour }))}
              />
            </div>
          )}
          <DoodleActions {...found} done={close} />
          <DialogNotice />
        </div>
      )}
    </dialog>
  );
}
