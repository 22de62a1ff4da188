// A tuner of the npm package, and beside it a plain model of what it should know. Runs in the browser.
import { random } from "/lib/shapes.mjs";
import { DoodleTune, DoodleTuneError } from "/pkg/lib/index.js";

/** The most examples, so that memory has no reason to grow. */
const MOST = 36;
const CLASSES = ["pond", "kite", "leaf", "moon"];

/** A star of so many points; no two numbers draw it alike. */
export function drawing(points, number) {
  const at = Array.from({ length: 2 * points + 1 }, (_, i) => (Math.PI * i) / points);
  const radius = (i) => (i % 2 ? 40 + (number % 17) : 100) * (1 + 0.05 * Math.sin(number * i));
  return [
    [at.map((angle, i) => radius(i) * Math.cos(angle)), at.map((angle, i) => radius(i) * Math.sin(angle))],
  ];
}

/** So many stars of `classes` kinds, as examples. */
export function stars(count, classes) {
  const star = (n) => ({ label: `${n % classes}`, input: drawing(3 + (n % classes), n) });
  return Array.from({ length: count }, (_, n) => star(n));
}

/** How many seconds `work` takes. */
export async function timed(work) {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

export class Pupil {
  /** What it should know: by the id of an example its class. */
  examples = new Map();
  /** Whether what was trained should answer. */
  trained = false;
  statuses = [];
  #next;
  /** Whether it always computes the same to the bit. */
  #exact;
  #numbers = 0;
  /** The classes of the last training or loading: what is younger is not deleted as a whole. */
  #settled = new Set();

  static async create(options, seed) {
    const pupil = new Pupil();
    pupil.#next = random(seed);
    pupil.#exact = options.device === "cpu";
    const onStatus = (status) => pupil.statuses.push({ ...status, at: performance.now() });
    pupil.tuner = await DoodleTune.create({ onStatus, size: 32, ...options });
    for (const label of CLASSES.slice(0, 2)) await pupil.#add(label, 3);
    return pupil;
  }

  below(count) {
    return Math.floor(this.#next() * count);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  classes() {
    const counts = new Map();
    for (const label of this.examples.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
    return counts;
  }

  async #add(label, count) {
    const points = 3 + (label.charCodeAt(0) % 5);
    const list = Array.from({ length: count }, () => ({ label, input: drawing(points, ++this.#numbers) }));
    if (!this.classes().has(label)) this.trained = false;
    const ids = await this.tuner.addExamples(list);
    ids.forEach((id) => this.examples.set(id, label));
  }

  /** Those that are not the last of their class. */
  #spare() {
    const counts = this.classes();
    return [...this.examples.keys()].filter((id) => counts.get(this.examples.get(id)) > 1);
  }

  add() {
    return this.examples.size < MOST ? this.#add(this.pick(CLASSES), 1 + this.below(3)) : this.remove();
  }

  async remove() {
    const spare = this.#spare();
    if (spare.length < 3) return this.add();
    const id = this.pick(spare);
    await this.tuner.removeExample(id);
    this.examples.delete(id);
  }

  async move() {
    const spare = this.#spare();
    if (spare.length === 0) return this.add();
    const [id, label] = [this.pick(spare), this.pick([...this.classes().keys()])];
    await this.tuner.moveExample(id, label);
    this.examples.set(id, label);
  }

  /** There and back, so that the names stay few. */
  async rename() {
    const label = this.pick([...this.classes().keys()]);
    await this.tuner.renameClass(label, `${label} by another name`);
    await this.tuner.renameClass(`${label} by another name`, label);
  }

  async removeClass() {
    const settled = [...this.classes().keys()].filter((label) => this.#settled.has(label));
    if (settled.length < 3) return this.add();
    const label = this.pick(settled);
    await this.tuner.removeClass(label);
    for (const [id, of] of this.examples) if (of === label) this.examples.delete(id);
    this.trained = false;
  }

  /** An answer, without what no two runs have alike. */
  async predict() {
    const { head, ranking } = await this.tuner.predict(drawing(5, 1000));
    if (head !== (this.trained ? "linear" : "prototype"))
      throw new Error(`The head that answers is ${head}.`);
    return { head, ranking };
  }

  plan() {
    const descents = [
      { train: "head", epochs: 12 },
      { train: { last: 1 }, epochs: 8 },
    ];
    const logistic = { train: "head", epochs: 1, optimizer: { name: "logistic" } };
    const seed = this.below(1000);
    if (this.#exact) return { phases: [this.pick([...descents, logistic])], seed };
    // The best epoch, temperature or strength may hang by a hair, and another device adds up in another order.
    return { phases: [{ ...this.pick(descents), keepBest: false }], validation: 0, seed };
  }

  /** Trains; resolves to what was told, without what no two runs have alike. */
  async train(plan = this.plan()) {
    const losses = [];
    const run = this.tuner.train({ plan });
    for await (const { loss } of run) losses.push(loss);
    const { accuracy, reason } = await run.result;
    this.trained = true;
    this.#settled = new Set(this.classes().keys());
    return { losses, accuracy, reason };
  }

  /** Takes itself home and comes back. */
  async saveAndLoad() {
    const before = await this.predict();
    const labels = [...this.examples.values()];
    const { examples } = await this.tuner.load(await this.tuner.save());
    if (JSON.stringify(examples.map(({ label }) => label)) !== JSON.stringify(labels))
      throw new Error("The file has other examples.");
    this.examples = new Map(examples.map(({ id, label }) => [id, label]));
    this.#settled = new Set(this.classes().keys());
    sameAnswer(await this.predict(), before);
  }

  /** A class with a single example has none to be asked about. */
  async evaluate() {
    const spare = this.#spare();
    if (spare.length === 0) return this.add();
    const { answers } = await this.tuner.evaluate();
    const known = answers.every(({ id, label }) => this.examples.get(id) === label);
    if (!known || answers.length !== spare.length) throw new Error("The evaluation is of other examples.");
  }

  /** Whether it knows what it should, no more and no less. */
  async check() {
    const { ids, labels } = await this.tuner.features();
    const known = JSON.stringify(ids.map((id, index) => [id, labels[index]]));
    const wanted = JSON.stringify([...this.examples]);
    if (known !== wanted) throw new Error(`It knows ${known}, but should know ${wanted}.`);
    const counted = new Map(this.tuner.classes().map(({ label, examples }) => [label, examples]));
    for (const [label, count] of this.classes())
      if (counted.get(label) !== count || counted.size !== this.classes().size)
        throw new Error(`It counts ${counted.get(label)} of ${label}, but there are ${count}.`);
    await this.predict();
  }
}

/** Refuses answers that are further apart than that. */
export function sameAnswer(one, other, most = 1e-5) {
  const close = (a, b) => Math.abs(a - b) <= most;
  const byLabel = ({ ranking }) => new Map(ranking.map(({ label, probability }) => [label, probability]));
  const [first, second] = [byLabel(one), byLabel(other)];
  const same = first.size === second.size && [...first].every(([label, p]) => close(p, second.get(label)));
  if (!same || one.head !== other.head)
    throw new Error(`It answers ${JSON.stringify(one)}, but answered ${JSON.stringify(other)}.`);
}

globalThis.endurance = { DoodleTune, DoodleTuneError, Pupil, drawing, random, sameAnswer, stars, timed };
