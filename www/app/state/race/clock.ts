/** Counts milliseconds, but not while the page is out of sight: nobody can draw then. */
export class Clock {
  #before = 0;
  #since: number | null = null;
  readonly #listening = new AbortController();

  constructor() {
    this.#follow();
    document.addEventListener("visibilitychange", () => this.#follow(), { signal: this.#listening.signal });
  }

  now = (): number => this.#before + (this.#since === null ? 0 : performance.now() - this.#since);

  stop(): void {
    this.#listening.abort();
    this.#before = this.now();
    this.#since = null;
  }

  #follow(): void {
    this.#before = this.now();
    this.#since = document.hidden ? null : performance.now();
  }
}
