import { DoodleTuneError } from "./errors.js";
import { fromWire } from "./input.js";
import type { WireInput, WireLoaded } from "./protocol.js";
import type { ClassSummary, Evaluation, Loaded } from "./types.js";

export interface Example {
  label: string;
  input: WireInput;
  /** The id that the present engine has given; a new engine gives new ones. */
  engineId: number;
  /** Where it is in the file that a new engine begins with, and in which class; undefined if it was added since. */
  origin?: { place: number; label: string };
}

/** What a ledger asks of a new engine. */
export interface Pupil {
  load(file: Uint8Array<ArrayBuffer>): Promise<WireLoaded>;
  add(examples: { label: string; input: WireInput }[]): Promise<number[]>;
  remove(ids: number[]): Promise<void>;
  move(id: number, label: string): Promise<void>;
  renameClass(from: string, to: string): Promise<void>;
}

/** All examples, kept on this side so that a new engine can be taught them again under the same ids. */
export class Ledger {
  /** Counts the changes. */
  revision = 0;
  /** Whether other examples are about to take the place of these. */
  loading = false;

  /** In the order in which the engine has them, and writes them down. */
  readonly #examples = new Map<number, Example>();
  #nextId = 1;
  /** The file that a new engine begins with, if there is one: what was trained is in it. */
  #file: Uint8Array<ArrayBuffer> | undefined;
  /** As of which revision. */
  #kept = -1;
  /** What its classes are called today. */
  #names = new Map<string, string>();

  add(examples: { label: string; input: WireInput }[], engineIds: number[]): number[] {
    this.revision++;
    return examples.map(({ label, input }, index) => {
      const id = this.#nextId++;
      this.#examples.set(id, { label, input, engineId: engineIds[index]! });
      return id;
    });
  }

  /** Begins anew with what an engine has found in a file. */
  load(file: Uint8Array<ArrayBuffer>, { examples, report, ...rest }: WireLoaded): Loaded {
    this.#examples.clear();
    const ids = this.add(
      examples,
      examples.map(({ id }) => id),
    );
    this.keep(file);
    return {
      ...rest,
      examples: examples.map(({ label, input }, place) => ({
        id: ids[place]!,
        label,
        input: fromWire(input),
      })),
      report: report && { ...report, evaluation: report.evaluation && this.own(report.evaluation) },
    };
  }

  /** A new engine is to begin with this file, in which the engine has written down what it knows now. */
  keep(file: Uint8Array<ArrayBuffer>): void {
    this.#file = file;
    this.#kept = this.revision;
    const all = this.examples() as Example[];
    all.forEach((example, place) => (example.origin = { place, label: example.label }));
    this.#names = new Map(all.map(({ label }) => [label, label]));
  }

  /** Whether that file has all examples as they are. */
  get isKept(): boolean {
    return this.#kept === this.revision;
  }

  /** @throws `busy` */
  refuseWhileLoading(): void {
    if (this.loading) throw new DoodleTuneError("busy", "A file is being loaded; wait until that has ended.");
  }

  engineId(id: number): number {
    this.refuseWhileLoading();
    const example = this.#examples.get(id);
    if (!example) throw new DoodleTuneError("unknown-example", `There is no example with the id ${id}.`);
    return example.engineId;
  }

  /** By the engine's ids, those that callers know. */
  ownIds(): Map<number, number> {
    return new Map([...this.#examples].map(([id, { engineId }]) => [engineId, id]));
  }

  /** An engine's evaluation by the callers' ids, without examples that are gone. */
  own(evaluation: Evaluation): Evaluation {
    const own = this.ownIds();
    const there = evaluation.answers.filter(({ id }) => own.has(id));
    return { ...evaluation, answers: there.map((answer) => ({ ...answer, id: own.get(answer.id)! })) };
  }

  examples(): readonly Readonly<Example>[] {
    return [...this.#examples.values()];
  }

  remove(ids: number[]): void {
    this.revision++;
    for (const id of ids) this.#examples.delete(id);
  }

  move(id: number, label: string): void {
    this.revision++;
    this.#examples.get(id)!.label = label;
  }

  renameClass(from: string, to: string): void {
    this.revision++;
    for (const example of this.#examples.values()) if (example.label === from) example.label = to;
    for (const [first, name] of this.#names) if (name === from) this.#names.set(first, to);
  }

  removeClass(label: string): void {
    this.revision++;
    for (const [id, example] of this.#examples) if (example.label === label) this.#examples.delete(id);
  }

  /** Classes that have examples, in the order in which they came. */
  classes(): ClassSummary[] {
    const counts = new Map<string, number>();
    for (const { label } of this.#examples.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
    return [...counts].map(([label, examples]) => ({ label, examples }));
  }

  /** Teaches everything to a new engine: what was loaded, what was changed since, and the rest a few at a time. */
  async replay(pupil: Pupil): Promise<void> {
    const all = [...this.#examples.values()];
    if (this.#file) await this.#reload(this.#file, all, pupil);
    const added = all.filter(({ origin }) => !origin);
    for (let start = 0; start < added.length; start += 16) {
      const some = added.slice(start, start + 16);
      const engineIds = await pupil.add(some.map(({ label, input }) => ({ label, input })));
      some.forEach((example, index) => (example.engineId = engineIds[index]!));
    }
  }

  async #reload(file: Uint8Array<ArrayBuffer>, all: Example[], pupil: Pupil): Promise<void> {
    const { examples } = await pupil.load(file);
    const gone = new Set(examples.map(({ id }) => id));
    const kept = all.filter(({ origin }) => origin);
    for (const example of kept) {
      example.engineId = examples[example.origin!.place]!.id;
      gone.delete(example.engineId);
    }
    if (gone.size > 0) await pupil.remove([...gone]);
    // A class that has another name keeps what was learnt of it; its examples moved one by one would not.
    const names = new Map(kept.map(({ origin }) => [origin!.label, origin!.label]));
    for (let renamed = true; renamed;) {
      renamed = false;
      for (const [first, name] of names) {
        const now = this.#names.get(first)!;
        // A name that is taken may be free when others have theirs.
        if (name === now || [...names.values()].includes(now)) continue;
        await pupil.renameClass(name, now);
        names.set(first, now);
        renamed = true;
      }
    }
    for (const { origin, label, engineId } of kept) {
      if (names.get(origin!.label) !== label) await pupil.move(engineId, label);
    }
  }
}
