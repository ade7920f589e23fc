import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { MirrorRepository, type MirrorStore } from "./mirror-repository.ts";

/** Opens the bare repository in a folder, making it where there is none. */
export type OpenStore = (dir: string) => Promise<MirrorStore>;

const mirrorFolder = /^(?<name>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)\.git$/;

/** All mirrors of the fleet: `<dir>/<mirror>.git`. A mirror that was ever made is known for ever. */
export class Mirrors {
  readonly #dir: string;
  readonly #open: OpenStore;
  readonly #mirrors = new Map<string, MirrorRepository>();

  constructor(options: { dir: string; open: OpenStore }) {
    this.#dir = options.dir;
    this.#open = options.open;
  }

  /** Opens every mirror that lies in the folder. */
  async openExisting(): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    for (const entry of (await readdir(this.#dir)).toSorted()) {
      const name = mirrorFolder.exec(entry)?.groups?.["name"];
      if (name !== undefined) await this.ensure(name);
    }
  }

  /** The mirror of this name, made where there is none yet. */
  async ensure(name: string): Promise<MirrorRepository> {
    const known = this.#mirrors.get(name);
    if (known !== undefined) return known;
    const dir = this.dirOf(name);
    const mirror = new MirrorRepository({ name, dir, store: await this.#open(dir) });
    this.#mirrors.set(name, mirror);
    return mirror;
  }

  /** Where a mirror of this name lies. */
  dirOf(name: string): string {
    return join(this.#dir, `${name}.git`);
  }

  get(name: string): MirrorRepository | undefined {
    return this.#mirrors.get(name);
  }

  /** All of them, by name. */
  all(): readonly MirrorRepository[] {
    return [...this.#mirrors.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#mirrors.values()].map((mirror) => mirror.store.close()));
  }
}
