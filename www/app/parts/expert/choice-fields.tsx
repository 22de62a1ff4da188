import type { OptionName } from "../../words.js";
import type { Extra } from "./choices.js";
import { ChoiceField, NumberField } from "./fields.js";

interface Props<Choice extends { name: string }> {
  option: OptionName;
  phase: number;
  value: Choice;
  names: Readonly<Record<Choice["name"], string>>;
  extras: Readonly<Record<Choice["name"], readonly Extra[]>>;
  onChange: (choice: Choice) => void;
}

/** One of several ways, with the numbers that the chosen one takes. */
export function ChoiceFields<Choice extends { name: string }>(props: Props<Choice>) {
  const { option, phase, value, names, extras, onChange } = props;
  const numbers: Record<string, unknown> = { ...value };
  return (
    <>
      <ChoiceField<Choice["name"]>
        option={option}
        phase={phase}
        value={value.name}
        names={names}
        onChange={(name) => onChange({ name } as Choice)}
      />
      {extras[value.name as Choice["name"]].map(({ option, usual, ...rest }) => (
        <NumberField
          key={option}
          option={option}
          phase={phase}
          value={(numbers[option] as number | undefined) ?? usual}
          onChange={(number) => onChange({ ...value, [option]: number })}
          {...rest}
        />
      ))}
    </>
  );
}
