import { DoodleTuneError } from "./errors.js";
import type { WireInput } from "./protocol.js";
import type { ClassSummary, Evaluation } from "./types.js";

export interface Example {
  label: string;
  input: WireInput;
  /** The id that the present engine has given; a new engine gives new ones. */
  engineId: number;
}

/** All examples, kept on this side so that a new engine can be taught them again under the same ids. */
export class Ledger {
  readonly #examples = new Map<number, Example>();
  #nextId = 1;

  add(examples: { label: string; input: WireInput }[], engineIds: number[]): number[] {
    return examples.map(({ label, input }, index) => {
      const id = this.#nextId++;
      this.#examples.set(id, { label, input, engineId: engineIds[index]! });
      return id;
    });
  }

  engineId(id: number): number {
    const example = this.#examples.get(id);
    if (!example) throw new DoodleTuneError("unknown-example", `There is no example with the id ${id}.`);
    return example.engineId;
  }

  /** The id that callers know an engine's example by; -1 if it is gone. */
  ownId(engineId: number): number {
    for (const [id, example] of this.#examples) if (example.engineId === engineId) return id;
    return -1;
  }

  /** An engine's evaluation by the callers' ids, without examples that are gone. */
  own(evaluation: Evaluation): Evaluation {
    const answers = evaluation.answers.map((answer) => ({ ...answer, id: this.ownId(answer.id) }));
    return { ...evaluation, answers: answers.filter(({ id }) => id >= 0) };
  }

  examples(): readonly Readonly<Example>[] {
    return [...this.#examples.values()];
  }

  remove(ids: number[]): void {
    for (const id of ids) this.#examples.delete(id);
  }

  move(id: number, label: string): void {
    this.#examples.get(id)!.label = label;
  }

  renameClass(from: string, to: string): void {
    for (const example of this.#examples.values()) if (example.label === from) example.label = to;
  }

  removeClass(label: string): void {
    for (const [id, example] of this.#examples) if (example.label === label) this.#examples.delete(id);
  }

  /** Classes that have examples, in the order in which they came. */
  classes(): ClassSummary[] {
    const counts = new Map<string, number>();
    for (const { label } of this.#examples.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
    return [...counts].map(([label, examples]) => ({ label, examples }));
  }

  /** Teaches everything to a new engine, a few at a time. */
  async replay(add: (examples: { label: string; input: WireInput }[]) => Promise<number[]>): Promise<void> {
    const all = [...this.#examples.values()];
    for (let start = 0; start < all.length; start += 16) {
      const some = all.slice(start, start + 16);
      const engineIds = await add(some.map(({ label, input }) => ({ label, input })));
      some.forEach((example, index) => (example.engineId = engineIds[index]!));
    }
  }
}
