/** Whoever comes to it waits while it is shut. */
export class Gate {
  #wait = Promise.resolve();
  #release: (() => void) | undefined;

  shut(): void {
    // Shut twice is shut once: those who wait already are let through by the same `open`.
    if (!this.#release) this.#wait = new Promise((resolve) => (this.#release = resolve));
  }

  open(): void {
    this.#release?.();
    this.#release = undefined;
  }

  pass(): Promise<void> {
    return this.#wait;
  }
}
