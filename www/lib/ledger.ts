import { DoodleTuneError } from "./errors.js";
import { fromWire } from "./input.js";
import type { WireInput, WireLoaded } from "./protocol.js";
import type { ClassSummary, Evaluation, Loaded } from "./types.js";

export interface Example {
  label: string;
  input: WireInput;
  /** The id that the present engine has given; a new engine gives new ones. */
  engineId: number;
  /** Its place in the file that a new engine begins with, and its class there by today's name; undefined if it is younger. */
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

/** Any drawing at all, to hold a place in a class for a moment. */
const DIAGONAL = [0, 1];
const STAND_IN: WireInput = { strokes: [[DIAGONAL, DIAGONAL]] };

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
  /** Its classes by their names of today; undefined once there were others, since engines then forget what was trained. */
  #classes: Set<string> | undefined;
  /** How its classes have come by these names. */
  #renames: { from: string; to: string }[] = [];

  add(examples: { label: string; input: WireInput }[], engineIds: number[]): number[] {
    const ids = examples.map(({ label, input }, index) => {
      const id = this.#nextId++;
      this.#examples.set(id, { label, input, engineId: engineIds[index]! });
      return id;
    });
    if (ids.length > 0) this.#changed();
    return ids;
  }

  /** Begins anew with what an engine has found in a file. */
  load(file: Uint8Array<ArrayBuffer>, { examples, report, ...rest }: WireLoaded): Loaded {
    this.#examples.clear();
    this.revision++;
    const ids = this.add(
      examples,
      examples.map(({ id }) => id),
    );
    this.keep(file);
    // A model alone has classes without examples.
    if (rest.labels.length > 0) this.#classes = new Set(rest.labels);
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
    this.#classes = this.#labels();
    this.#renames = [];
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
    for (const id of ids) this.#examples.delete(id);
    if (ids.length > 0) this.#changed();
  }

  move(id: number, label: string): void {
    this.#examples.get(id)!.label = label;
    this.#changed();
  }

  renameClass(from: string, to: string): void {
    this.revision++;
    const renamed = (label: string) => (label === from ? to : label);
    for (const example of this.#examples.values()) example.label = renamed(example.label);
    if (!this.#classes) return;
    for (const { origin } of this.#examples.values()) if (origin) origin.label = renamed(origin.label);
    this.#classes = new Set([...this.#classes].map(renamed));
    this.#renames.push({ from, to });
  }

  removeClass(label: string): void {
    for (const [id, example] of this.#examples) if (example.label === label) this.#examples.delete(id);
    this.#changed();
  }

  /** To be called after every change of the examples. */
  #changed(): void {
    this.revision++;
    const known = this.#classes;
    if (!known) return;
    const labels = this.#labels();
    if (labels.size !== known.size || ![...labels].every((label) => known.has(label)))
      this.#classes = undefined;
  }

  #labels(): Set<string> {
    return new Set([...this.#examples.values()].map(({ label }) => label));
  }

  /** Classes that have examples, in the order in which they came. */
  classes(): ClassSummary[] {
    const counts = new Map<string, number>();
    for (const { label } of this.#examples.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
    return [...counts].map(([label, examples]) => ({ label, examples }));
  }

  /** Teaches everything to a new engine, which then remembers or has forgotten what was trained as the last one did. */
  async replay(pupil: Pupil): Promise<void> {
    const all = [...this.#examples.values()];
    if (!this.#file) return teach(pupil, all);
    const { examples } = await pupil.load(this.#file);
    const gone = new Set(examples.map(({ id }) => id));
    const kept = all.filter(({ origin }) => origin);
    for (const example of kept) {
      example.engineId = examples[example.origin!.place]!.id;
      gone.delete(example.engineId);
    }
    if (this.isKept) return;
    for (const { from, to } of this.#renames) await pupil.renameClass(from, to);
    // What was trained is kept only if no class is ever empty, whatever moves; one class more, and it is forgotten.
    const labels = this.#classes ?? [`${Math.random()}`];
    const standIns = await pupil.add([...labels].map((label) => ({ label, input: STAND_IN })));
    const added = all.filter(({ origin }) => !origin);
    await teach(pupil, added);
    for (const { origin, label, engineId } of kept) {
      if (origin!.label !== label) await pupil.move(engineId, label);
    }
    await pupil.remove([...gone, ...standIns]);
  }
}

/** A few at a time. */
async function teach(pupil: Pupil, examples: Example[]): Promise<void> {
  for (let start = 0; start < examples.length; start += 16) {
    const some = examples.slice(start, start + 16);
    const engineIds = await pupil.add(some.map(({ label, input }) => ({ label, input })));
    some.forEach((example, index) => (example.engineId = engineIds[index]!));
  }
}
