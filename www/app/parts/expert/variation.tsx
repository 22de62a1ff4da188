import { useState } from "preact/hooks";
import type { Variation } from "../../../lib/index.js";
import { MIXING_NAMES, POLICY_NAMES, EXPERT } from "../../words.js";
import { ChoiceFields } from "./choice-fields.js";
import { MIXINGS, PIXEL_OPTIONS, POLICIES, STROKE_OPTIONS } from "./choices.js";
import { NumberField, SwitchField } from "./fields.js";
import { Preview } from "./preview.js";

interface Props {
  phase: number;
  value: Variation;
  onChange: (variation: Variation) => void;
}

/** How drawings and pictures are varied while they are learnt from. */
export function VariationSection({ phase, value, onChange }: Props) {
  const [open, setOpen] = useState(false);
  const { strokes = {}, pixels = {}, mixing, views } = value;
  const none = { name: "none" as const };
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{EXPERT.sections.variation}</summary>
      {open && <Preview phase={phase} variation={value} />}
      <h3>{EXPERT.sections.strokes}</h3>
      <div class="fields tight">
        {STROKE_OPTIONS.map((option) => (
          <NumberField
            key={option}
            option={option}
            phase={phase}
            value={strokes[option] ?? 0}
            onChange={(number) => onChange({ ...value, strokes: { ...strokes, [option]: number } })}
          />
        ))}
      </div>
      <h3>{EXPERT.sections.pixels}</h3>
      <div class="fields tight">
        <SwitchField
          option="flip"
          phase={phase}
          value={pixels.flip ?? false}
          onChange={(flip) => onChange({ ...value, pixels: { ...pixels, flip } })}
        />
        {PIXEL_OPTIONS.map((option) => (
          <NumberField
            key={option}
            option={option}
            phase={phase}
            value={pixels[option] ?? 0}
            onChange={(number) => onChange({ ...value, pixels: { ...pixels, [option]: number } })}
          />
        ))}
        <ChoiceFields
          option="policy"
          phase={phase}
          value={pixels.policy ?? none}
          names={POLICY_NAMES}
          extras={{ ...POLICIES, none: [] }}
          onChange={(policy) =>
            onChange({ ...value, pixels: { ...pixels, policy: policy.name === "none" ? null : policy } })
          }
        />
        <ChoiceFields
          option="mixing"
          phase={phase}
          value={mixing ?? none}
          names={MIXING_NAMES}
          extras={{ ...MIXINGS, none: [] }}
          onChange={(mixing) => onChange({ ...value, mixing: mixing.name === "none" ? null : mixing })}
        />
        <NumberField
          option="views"
          phase={phase}
          whole
          value={views ?? 4}
          onChange={(views) => onChange({ ...value, views })}
        />
      </div>
    </details>
  );
}
