const LONGEST = 60;

/** A value of the wrong kind, as it fits into a sentence. */
export function describe(value: unknown): string {
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  if (value === null || typeof value !== "object") return shortened(String(value));
  return value.constructor?.name ? `a ${value.constructor.name}` : "an object";
}

function shortened(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
