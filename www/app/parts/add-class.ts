import { addClass } from "../state/doodles.js";

/** A new class is named at once. */
export function addAndName(): void {
  const { id } = addClass();
  requestAnimationFrame(() => {
    const name = document.getElementById(`name-${id}`) as HTMLInputElement;
    name.focus();
    name.select();
  });
}
