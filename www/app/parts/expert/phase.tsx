import type { Phase } from "../../../lib/index.js";
import { tuner } from "../../state/learner.js";
import {
  advancePhase,
  editPhase,
  refusal,
  removePhase,
  repeatPhase,
  stagesOf,
  trainOf,
} from "../../state/plan.js";
import {
  DESCENT_NAMES,
  EXPERT,
  NORMS,
  OPTIMIZER_NAMES,
  LOSS_NAMES,
  SCHEDULE_NAMES,
  sentence,
} from "../../words.js";
import { phaseRates } from "../plan-picture.js";
import { Stages } from "../stages.js";
import { ChoiceFields } from "./choice-fields.js";
import { DESCENTS, LOSSES, OPTIMIZERS, SCHEDULES } from "./choices.js";
import { ChoiceField, NumberField, SwitchField } from "./fields.js";
import { RateCurve } from "./rate-curve.js";
import { VariationSection } from "./variation.js";

/** One phase of the plan, with everything that can be said about it. */
export function PhaseCard({ one, index, count }: { one: Phase; index: number; count: number }) {
  const stages = tuner.value?.backbone.stages ?? [];
  const trains = stagesOf(one, stages);
  const set = (change: Partial<Phase>) => editPhase(index, (phase) => ({ ...phase, ...change }));
  const number = (option: keyof Phase, usual: number, whole = false) => (
    <NumberField
      option={option}
      phase={index}
      whole={whole}
      value={(one[option] as number | undefined) ?? usual}
      onChange={(value) => set({ [option]: value })}
    />
  );
  const optimizer = one.optimizer ?? { name: "adamw" as const };
  const no = refusal.value;
  // What is about no single field stands at the head of the phase.
  const general =
    no?.phase === index && (no.field === undefined || no.field === "train") ? no.message : undefined;
  return (
    <li class="phase" aria-label={EXPERT.phase(index + 1, one.name ?? "")}>
      <div class="phase-head">
        <span class="phase-number" aria-hidden="true">
          {index + 1}
        </span>
        <input
          class="phase-name"
          aria-label={EXPERT.phaseName}
          value={one.name}
          maxLength={40}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => set({ name: event.currentTarget.value })}
        />
        {index > 0 && (
          <button type="button" class="text-button" onClick={() => advancePhase(index)}>
            {EXPERT.earlier}
          </button>
        )}
        <button type="button" class="text-button" onClick={() => repeatPhase(index)}>
          {EXPERT.repeat}
        </button>
        {count > 1 && (
          <button type="button" class="text-button" onClick={() => removePhase(index)}>
            {EXPERT.remove}
          </button>
        )}
      </div>
      {general && (
        <p class="field-problem" role="alert">
          {sentence(general)}
        </p>
      )}
      <Stages
        names={stages}
        rates={phaseRates(one, trains)}
        onToggle={(stage) => set({ train: trainOf(trains.with(stage, !trains[stage]), stages) })}
      />
      <div class="presets" role="group" aria-label={EXPERT.whatTrains}>
        {EXPERT.presets.map(({ words, train }) => (
          <button key={words} type="button" class="text-button" onClick={() => set({ train })}>
            {words}
          </button>
        ))}
      </div>
      <div class="fields">
        <ChoiceFields
          option="optimizer"
          phase={index}
          value={optimizer}
          names={OPTIMIZER_NAMES}
          extras={OPTIMIZERS}
          onChange={(optimizer) => set({ optimizer })}
        />
        {optimizer.name === "lookahead" && (
          <ChoiceFields
            option="inner"
            phase={index}
            value={optimizer.inner ?? { name: "radam" as const }}
            names={DESCENT_NAMES}
            extras={DESCENTS}
            onChange={(inner) => set({ optimizer: { ...optimizer, inner } })}
          />
        )}
      </div>
      {optimizer.name === "logistic" ? (
        <p class="field-hint">{EXPERT.solved}</p>
      ) : (
        <>
          <div class="fields">
            {number("epochs", 1, true)}
            {number("rate", 0.001)}
            {number("batchSize", 16, true)}
            {number("stageDecay", 1)}
          </div>
          <div class="fields with-curve">
            <RateCurve phase={one} />
            {number("warmUp", 0)}
            <ChoiceFields
              option="schedule"
              phase={index}
              value={one.schedule ?? { name: "constant" as const }}
              names={SCHEDULE_NAMES}
              extras={SCHEDULES}
              onChange={(schedule) => set({ schedule })}
            />
          </div>
          <details>
            <summary>{EXPERT.sections.loss}</summary>
            <div class="fields">
              <ChoiceFields
                option="loss"
                phase={index}
                value={one.loss ?? { name: "cross-entropy" as const }}
                names={LOSS_NAMES}
                extras={LOSSES}
                onChange={(loss) => set({ loss })}
              />
              <ChoiceField
                option="norm"
                phase={index}
                value={one.norm ?? "running"}
                names={NORMS}
                onChange={(norm) => set({ norm })}
              />
            </div>
          </details>
          <VariationSection
            phase={index}
            value={one.augmentation ?? {}}
            onChange={(augmentation) => set({ augmentation })}
          />
          <details>
            <summary>{EXPERT.sections.care}</summary>
            <div class="fields">
              <NumberField
                option="clip"
                phase={index}
                none={EXPERT.anyLength}
                value={one.clip ?? null}
                onChange={(clip) => set({ clip })}
              />
              {number("averaging", 0)}
              <NumberField
                option="patience"
                phase={index}
                whole
                none={EXPERT.never}
                value={one.patience ?? null}
                onChange={(patience) => set({ patience })}
              />
              <SwitchField
                option="keepBest"
                phase={index}
                value={one.keepBest ?? true}
                onChange={(keepBest) => set({ keepBest })}
              />
              <SwitchField
                option="rollBack"
                phase={index}
                value={one.rollBack ?? false}
                onChange={(rollBack) => set({ rollBack })}
              />
              <SwitchField
                option="interpolate"
                phase={index}
                value={one.interpolate ?? false}
                onChange={(interpolate) => set({ interpolate })}
              />
            </div>
          </details>
        </>
      )}
    </li>
  );
}
