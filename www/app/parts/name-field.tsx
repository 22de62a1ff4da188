import { useState } from "preact/hooks";

interface NameFieldProps {
  id?: string;
  label: string;
  name: string;
  longest: number;
  /** Takes what was typed, or not. */
  onName: (typed: string) => void;
  onClick?: () => void;
}

/** Always a text field: renaming needs no mode. Escape leaves the name as it was. */
export function NameField({ id, label, name, longest, onName, onClick }: NameFieldProps) {
  // What is being typed outlives a rendering; null while nothing is.
  const [draft, setDraft] = useState<string | null>(null);
  const commit = (field: HTMLInputElement) => {
    if (field.value !== name) onName(field.value);
    // Where it was not taken, nothing else shows the old one again.
    field.value = name;
    setDraft(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return; // the key is the input method's
    const field = event.currentTarget as HTMLInputElement;
    if (event.key === "Escape" && field.value !== name) {
      field.value = name;
      event.preventDefault(); // a dialog around it is not meant
    }
    if (event.key === "Escape" || event.key === "Enter") field.blur();
  };
  return (
    <input
      id={id}
      class="card-name"
      aria-label={label}
      value={draft ?? name}
      maxLength={longest}
      autocomplete="off"
      spellcheck={false}
      onClick={onClick}
      onInput={(event) => setDraft(event.currentTarget.value)}
      onKeyDown={onKeyDown}
      onBlur={(event) => commit(event.currentTarget)}
    />
  );
}
