import { useId, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { refusal } from "../../state/plan.js";
import { EXPERT, OPTIONS, sentence, type OptionName } from "../../words.js";

/** Where a field stands in the plan, so that a refusal finds it. */
interface Place {
  /** The option as the engine names it. */
  option: string;
  /** Which phase it belongs to; absent for the plan as a whole. */
  phase?: number | undefined;
  /** What it is called here, where the engine's name alone would not tell. */
  words?: OptionName;
}

/** A number; `null` stands for none where there need not be one. */
type NumberProps<Value> = Place & {
  value: Value;
  /** What an empty field means; without it there has to be a number. */
  none?: string;
  whole?: boolean;
  onChange: (value: Value) => void;
};

export function NumberField<Value extends number | null>(props: NumberProps<Value>) {
  const { value, none, whole = false, onChange } = props;
  // What is being typed is nobody's business but the typist's, until it is a number.
  const [draft, setDraft] = useState<string | null>(null);
  const problem = draft === null || readable(draft, whole, none) ? undefined : EXPERT.noNumber(whole);
  const take = (text: string) => {
    setDraft(text);
    if (!readable(text, whole, none)) return;
    onChange((text.trim() === "" ? null : toNumber(text)) as Value);
  };
  return (
    <Field place={props} problem={problem}>
      {(described) => (
        <input
          {...described}
          type="text"
          inputMode={whole ? "numeric" : "decimal"}
          autocomplete="off"
          placeholder={none}
          value={draft ?? (value === null ? "" : String(value))}
          onInput={(event) => take(event.currentTarget.value)}
          onBlur={() => setDraft(null)}
        />
      )}
    </Field>
  );
}

function toNumber(text: string): number {
  return Number(text.trim().replace(",", "."));
}

function readable(text: string, whole: boolean, none: string | undefined): boolean {
  if (text.trim() === "") return none !== undefined;
  const value = toNumber(text);
  return whole ? Number.isSafeInteger(value) && value >= 0 : Number.isFinite(value);
}

type ChoiceProps<Name extends string> = Place & {
  value: Name;
  names: Readonly<Record<Name, string>>;
  onChange: (name: Name) => void;
};

/** One of several, each with its name for people. */
export function ChoiceField<Name extends string>(props: ChoiceProps<Name>) {
  const { value, names, onChange } = props;
  return (
    <Field place={props}>
      {(described) => (
        <select
          {...described}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value as Name)}
        >
          {Object.entries<string>(names).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

type SwitchProps = Place & { value: boolean; onChange: (value: boolean) => void };

export function SwitchField(props: SwitchProps) {
  return (
    <Field place={props} kind="switch">
      {(described) => (
        <input
          {...described}
          type="checkbox"
          checked={props.value}
          onChange={(event) => props.onChange(event.currentTarget.checked)}
        />
      )}
    </Field>
  );
}

interface Described {
  id: string;
  "aria-describedby": string;
  "aria-invalid": boolean;
  "data-option": string;
}

interface FieldProps {
  place: Place & { value: unknown };
  kind?: "switch";
  problem?: string | undefined;
  children: (described: Described) => ComponentChildren;
}

/** The name, the field, what it is good for, and what is wrong with it. */
function Field({ place, kind, problem, children }: FieldProps) {
  const id = useId();
  const { label, hint } = OPTIONS[place.words ?? (place.option as OptionName)];
  const wrong = problem ?? refused(place);
  const described = {
    id,
    "aria-describedby": `${id}-hint`,
    "aria-invalid": wrong !== undefined,
    "data-option": place.option,
  };
  return (
    <div class={`field${kind ? ` ${kind}` : ""}${wrong ? " wrong" : ""}`}>
      <label for={id}>{label}</label>
      {children(described)}
      <p id={`${id}-hint`} class={wrong ? "field-problem" : "field-hint"} role={wrong ? "alert" : undefined}>
        {wrong ? sentence(wrong) : hint}
      </p>
    </div>
  );
}

/** What the engine said about this field, if it was this one. */
function refused({ option, phase, value }: Place & { value: unknown }): string | undefined {
  const no = refusal.value;
  if (!no || no.field !== option || no.phase !== phase) return undefined;
  const other = no.value !== undefined && Number(no.value) !== Number(value);
  return other ? undefined : no.message;
}
