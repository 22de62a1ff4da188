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
 * never change, and what was trained. Nothing that is referred to is deleted; what is not is swept out at the next start.
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
    if (!catalogue) {
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
    return catalogue;
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

  /** Writes the catalogue, one project's page, and what doodles are new, all at once. */
  async write(catalogue: Catalogue, projectId: string, classes: readonly DoodleClass[]): Promise<void> {
    const page: Page = {
      ...this.#pages.get(projectId),
      classes: classes.map((one) => ({ ...one, doodles: one.doodles.map(({ id }) => id) })),
    };
    const added = classes.flatMap(({ doodles }) => doodles).filter(({ id }) => !this.#kept.has(id));
    const doodles = added.map(({ id, input }): [string, unknown] => [id, input]);
    await this.#shelf.write([[CATALOGUE, catalogue], [pageOf(projectId), page], ...doodles]);
    this.#pages.set(projectId, page);
    for (const { id } of added) this.#kept.add(id);
  }

  /** A second project that refers to the same things. */
  async copy(catalogue: Catalogue, fromId: string, toId: string): Promise<void> {
    const page = this.#pages.get(fromId) ?? { classes: [] };
    this.#pages.set(toId, page);
    await this.#shelf.write([
      [CATALOGUE, catalogue],
      [pageOf(toId), page],
    ]);
  }

  async writeCatalogue(catalogue: Catalogue): Promise<void> {
    await this.#shelf.write([[CATALOGUE, catalogue]]);
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

  /** Drops what no project refers to. */
  async sweep({ projects }: Catalogue): Promise<void> {
    const used = new Set([CATALOGUE]);
    for (const { id } of projects) {
      const page = this.#pages.get(id);
      if (!page) return; // then nothing is known to be of no use
      used.add(pageOf(id));
      if (page.memory) used.add(page.memory);
      for (const doodle of page.classes.flatMap(({ doodles }) => doodles)) used.add(doodle);
    }
    const gone = (await this.#shelf.keys()).filter((key) => !used.has(key));
    if (gone.length > 0) await this.#shelf.drop(gone);
  }
}
