import type { Doodle, DoodleClass } from "./doodles.js";
import type { Memory } from "./memory.js";
import type { Shelf } from "./shelf.js";

/** A project as the list of them shows it. */
export interface ProjectInfo {
  id: string;
  name: string;
}

/** Which projects there are, and which is open. */
export interface Catalogue {
  projects: ProjectInfo[];
  current: string;
}

/** What a project refers to: its classes with the ids of their doodles, and what was trained. */
interface Page {
  classes: (Omit<DoodleClass, "doodles"> & { doodles: string[] })[];
  memory?: string;
}

const CATALOGUE = "projects";
/** Before there were projects, the one index of classes. */
const FORMER_INDEX = "classes";
const pageOf = (projectId: string) => `project:${projectId}`;

/**
 * How projects lie on the shelf: the catalogue, a page for each project, and what pages refer to by its key: doodles, which
 * never change, and what was trained. Nothing that is referred to is deleted; what is not is swept out after the next start.
 */
export class Vault {
  readonly #shelf: Shelf;
  readonly #pages = new Map<string, Page>();
  /** Doodles that are on the shelf. */
  readonly #kept = new Set<string>();

  constructor(shelf: Shelf) {
    this.#shelf = shelf;
  }

  /** What was kept the last time; `name` is for what was kept before projects had names. */
  async open(name: string): Promise<Catalogue | undefined> {
    const [catalogue, former] = (await this.#shelf.read([CATALOGUE, FORMER_INDEX])) as [
      Catalogue | undefined,
      Page["classes"] | undefined,
    ];
    if (!catalogue?.projects[0]) {
      if (!former) return undefined;
      this.#pages.set("first", { classes: former });
      return { projects: [{ id: "first", name }], current: "first" };
    }
    const pages = (await this.#shelf.read(catalogue.projects.map(({ id }) => pageOf(id)))) as (
      Page | undefined
    )[];
    catalogue.projects.forEach(({ id }, index) => {
      if (pages[index]) this.#pages.set(id, pages[index]);
    });
    // Whichever is named, one of them is open.
    const { projects, current } = catalogue;
    return { projects, current: projects.some(({ id }) => id === current) ? current : projects[0]!.id };
  }

  /** The classes of a project with all their doodles. */
  async read(projectId: string): Promise<DoodleClass[]> {
    const classes = this.#pages.get(projectId)?.classes ?? [];
    const ids = classes.flatMap(({ doodles }) => doodles);
    const inputs = (await this.#shelf.read(ids)) as (Doodle["input"] | undefined)[];
    const doodles = new Map(ids.map((id, index) => [id, inputs[index]]));
    return classes.map((one) => ({
      ...one,
      doodles: one.doodles.flatMap((id) => {
        const input = doodles.get(id);
        if (!input) return [];
        this.#kept.add(id);
        return [{ id, input }];
      }),
    }));
  }

  /** Writes the catalogue, pages of projects, and what doodles are new, all at once. */
  async write(catalogue: Catalogue, changed: ReadonlyMap<string, readonly DoodleClass[]>): Promise<void> {
    const pages = [...changed].map(([id, classes]): [string, Page] => [
      id,
      {
        ...this.#pages.get(id),
        classes: classes.map((one) => ({ ...one, doodles: one.doodles.map(({ id }) => id) })),
      },
    ]);
    const added = [...changed.values()]
      .flatMap((classes) => classes.flatMap(({ doodles }) => doodles))
      .filter(({ id }) => !this.#kept.has(id));
    await this.#shelf.write([
      [CATALOGUE, catalogue],
      ...pages.map(([id, page]): [string, unknown] => [pageOf(id), page]),
      ...added.map(({ id, input }): [string, unknown] => [id, input]),
    ]);
    for (const [id, page] of pages) this.#pages.set(id, page);
    for (const { id } of added) this.#kept.add(id);
  }

  /** A second page that refers to the same things; the catalogue is still to name it. */
  async copy(fromId: string, toId: string): Promise<void> {
    const page = this.#pages.get(fromId) ?? { classes: [] };
    await this.#shelf.write([[pageOf(toId), page]]);
    this.#pages.set(toId, page);
  }

  /** What was trained in a project, if anything was. */
  async readMemory(projectId: string): Promise<Memory | undefined> {
    const key = this.#pages.get(projectId)?.memory;
    return key ? ((await this.#shelf.read([key]))[0] as Memory | undefined) : undefined;
  }

  /** Keeps what was trained; what was kept before stays until this can be read back. */
  async writeMemory(projectId: string, memory: Memory): Promise<void> {
    const before = this.#pages.get(projectId) ?? { classes: [] };
    const key = `memory:${projectId}:${Date.now().toString(36)}`;
    await this.#shelf.write([[key, memory]]);
    const [back] = (await this.#shelf.read([key])) as [Memory | undefined];
    if (back?.bytes.length !== memory.bytes.length) throw new Error("What was written cannot be read back.");
    const page = { ...(this.#pages.get(projectId) ?? before), memory: key };
    await this.#shelf.write([[pageOf(projectId), page]]);
    this.#pages.set(projectId, page);
    const referredTo = [...this.#pages.values()].some(({ memory }) => memory === before.memory);
    if (before.memory && !referredTo) await this.#shelf.drop([before.memory]);
  }

  /** Drops what no project refers to: neither on the shelf, nor one that was here in this visit and may be put back. */
  async sweep(): Promise<void> {
    const [catalogue] = (await this.#shelf.read([CATALOGUE])) as [Catalogue | undefined];
    if (!catalogue) return; // then nothing is known to be of no use
    const ids = catalogue.projects.map(({ id }) => id);
    const pages = (await this.#shelf.read(ids.map(pageOf))) as (Page | undefined)[];
    if (pages.includes(undefined)) return;

    const used = new Set([CATALOGUE, ...[...ids, ...this.#pages.keys()].map(pageOf)]);
    for (const { classes, memory } of [...(pages as Page[]), ...this.#pages.values()]) {
      if (memory) used.add(memory);
      for (const doodle of classes.flatMap(({ doodles }) => doodles)) used.add(doodle);
    }
    const gone = (await this.#shelf.keys()).filter((key) => !used.has(key));
    if (gone.length > 0) await this.#shelf.drop(gone);
    // Whoever undoes a deletion now has to write it again.
    for (const id of gone) this.#kept.delete(id);
  }
}
