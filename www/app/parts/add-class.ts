import { addClass } from "../state/doodles.js";
import { onceRendered } from "./once-rendered.js";

/** A new class is named at once. */
export function addAndName(): void {
  const { id } = addClass();
  onceRendered(() => {
    const name = document.getElementById(`name-${id}`) as HTMLInputElement;
    name.focus();
    name.select();
  });
}
