import type { Plan } from "../../../lib/index.js";
import { edit } from "../../state/plan.js";
import { ACTIVATIONS, EXPERT, HEAD_STARTS, INPUTS, WEIGHTS } from "../../words.js";
import { ChoiceField, NumberField, SwitchField } from "./fields.js";

/** What holds for all phases. */
export function WholePlan({ plan }: { plan: Plan }) {
  const { head = {} } = plan;
  const hidden = head.hidden ?? null;
  const set = (change: Partial<Plan>) => edit((before) => ({ ...before, ...change }));
  const setHead = (change: Plan["head"]) => set({ head: { ...head, ...change } });
  return (
    <details>
      <summary>{EXPERT.sections.whole}</summary>
      <div class="fields">
        <NumberField
          option="validation"
          value={plan.validation ?? 0.15}
          onChange={(validation) => set({ validation })}
        />
        <NumberField option="seed" whole value={plan.seed ?? 0} onChange={(seed) => set({ seed })} />
        <SwitchField option="refit" value={plan.refit ?? false} onChange={(refit) => set({ refit })} />
        <ChoiceField
          option="weights"
          value={plan.weights ?? "pretrained"}
          names={WEIGHTS}
          onChange={(weights) => set({ weights })}
        />
        <ChoiceField
          option="input"
          value={plan.input ?? "repeat"}
          names={INPUTS}
          onChange={(input) => set({ input })}
        />
        <NumberField
          option="cacheMegabytes"
          whole
          value={plan.cacheMegabytes ?? 256}
          onChange={(cacheMegabytes) => set({ cacheMegabytes })}
        />
      </div>
      <h3>{EXPERT.sections.head}</h3>
      <div class="fields">
        <SwitchField
          option="directions"
          value={head.directions ?? true}
          onChange={(directions) => setHead({ directions })}
        />
        <ChoiceField
          option="start"
          value={head.start ?? "prototype"}
          names={HEAD_STARTS}
          onChange={(start) => setHead({ start })}
        />
        <NumberField
          option="size"
          whole
          none={EXPERT.noLayer}
          value={hidden ? (hidden.size ?? 128) : null}
          onChange={(size) => setHead({ hidden: size === null ? null : { ...hidden, size } })}
        />
        {hidden && (
          <ChoiceField
            option="activation"
            value={hidden.activation ?? "relu"}
            names={ACTIVATIONS}
            onChange={(activation) => setHead({ hidden: { ...hidden, activation } })}
          />
        )}
      </div>
    </details>
  );
}
