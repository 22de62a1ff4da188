const STEPS: Record<string, number> = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/**
 * Arrow keys go from radio button to radio button, and Space chooses, where choosing has consequences: the radio group in a
 * toolbar of the ARIA Authoring Practices Guide.
 */
export function rove(event: KeyboardEvent): void {
  const step = STEPS[event.key];
  if (step === undefined) return;
  event.preventDefault();
  const own = event.currentTarget as HTMLInputElement;
  const all = [...document.querySelectorAll<HTMLInputElement>(`input[type=radio][name="${own.name}"]`)];
  all.at((all.indexOf(own) + step) % all.length)!.focus();
}
