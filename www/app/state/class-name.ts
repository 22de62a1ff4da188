/** How long the name of a class may be, in characters. */
export const LONGEST_NAME = 40;

/** A name for a class that the engine takes too, of whatever was typed or stands in a file; empty if nothing is left. */
export function className(text: string): string {
  const clean = text.replace(/[\s\p{Cc}\p{Cs}]+/gu, " ").trim();
  return [...clean].slice(0, LONGEST_NAME).join("").trim();
}
