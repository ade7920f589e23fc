/** A worker's state store in memory: what was written is lost with the process unless it reached the "disk" before. */
import type { AppRow, ObjectRow, StateStore } from "../../src/worker/state-store.ts";
import type { Clock } from "../../src/runtime/clock.ts";
import { stateKeyOf } from "../../src/worker/state-key.ts";

interface Tables {
  readonly facts: Map<string, string>;
  readonly sites: Map<string, string>;
  readonly apps: Map<string, AppRow>;
  readonly objects: Map<string, ObjectRow>;
}

/** What outlives the process. */
export class StateDisk {
  tables: Tables;

  constructor(tables: Tables = emptyTables()) {
    this.tables = tables;
  }

  copy(): Tables {
    return copyOf(this.tables);
  }

  /** It is as it was then; without a copy it is empty. */
  restore(tables: Tables = emptyTables()): void {
    this.tables = copyOf(tables);
  }
}

function emptyTables(): Tables {
  return { facts: new Map(), sites: new Map(), apps: new Map(), objects: new Map() };
}

function copyOf({ facts, sites, apps, objects }: Tables): Tables {
  return {
    facts: new Map(facts),
    sites: new Map(sites),
    apps: new Map(apps),
    objects: new Map(objects),
  };
}

type Write = (tables: Tables) => void;

const delayMs = 20;

/** Opens the store of a process that starts. */
export function openMemoryState(disk: StateDisk, clock: Clock): StateStore {
  return new MemoryState(disk, clock);
}

class MemoryState implements StateStore {
  readonly failed = new Promise<never>(() => {});
  readonly key = stateKeyOf("of the simulation");
  readonly #disk: StateDisk;
  readonly #clock: Clock;
  readonly #tables: Tables;
  #batch: Write[] = [];
  #open: PromiseWithResolvers<void> | undefined;

  constructor(disk: StateDisk, clock: Clock) {
    this.#disk = disk;
    this.#clock = clock;
    this.#tables = disk.copy();
  }

  async durable(): Promise<void> {
    await this.#open?.promise;
  }

  siteUid(site: string): string | null {
    return this.#tables.sites.get(site) ?? null;
  }

  setSiteUid(site: string, uid: string): void {
    this.#write(({ sites }) => sites.set(site, uid));
  }

  sitesWithUid(uid: string): readonly string[] {
    const found = [...this.#tables.sites].filter(([, known]) => known === uid);
    return found.map(([site]) => site).toSorted();
  }

  sites(): readonly string[] {
    const { sites, apps } = this.#tables;
    return [...new Set([...sites.keys(), ...[...apps.values()].map((row) => row.site)])].toSorted();
  }

  distrustSite(site: string): void {
    this.#write(({ apps }) => deleteUnder(apps, site));
  }

  forgetSite(site: string): void {
    this.#write(({ apps, objects, sites }) => {
      deleteUnder(objects, site);
      deleteUnder(apps, site);
      sites.delete(site);
    });
  }

  apps(site: string): readonly AppRow[] {
    const rows = [...this.#tables.apps.values()].filter((row) => row.site === site);
    return rows.toSorted((a, b) => (a.app < b.app ? -1 : 1));
  }

  saveApp(row: AppRow): void {
    const kept = { ...row, longestHealthyMs: Math.floor(row.longestHealthyMs) };
    this.#write(({ apps }) => apps.set(`${row.site} ${row.app}`, kept));
  }

  dropApp(site: string, app: string): void {
    this.#write(({ apps, objects }) => {
      deleteUnder(objects, `${site} ${app}`);
      apps.delete(`${site} ${app}`);
    });
  }

  objects(site: string, app: string): readonly ObjectRow[] {
    const rows = [...this.#tables.objects].filter(([key]) => key.startsWith(`${site} ${app} `));
    return rows.map(([, row]) => row).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  saveObjects(
    { site, app }: { readonly site: string; readonly app: string },
    rows: readonly ObjectRow[],
    dropped: readonly string[] = [],
  ): void {
    this.#write(({ objects }) => {
      for (const id of dropped) objects.delete(`${site} ${app} ${id}`);
      for (const row of rows) objects.set(`${site} ${app} ${row.id}`, row);
    });
  }

  value(key: string): string | null {
    return this.#tables.facts.get(key) ?? null;
  }

  values(prefix: string): ReadonlyMap<string, string> {
    const found = [...this.#tables.facts].filter(([key]) => key.startsWith(prefix));
    return new Map(found.map(([key, value]) => [key.slice(prefix.length), value]));
  }

  setValue(key: string, value: string): void {
    this.#write(({ facts }) => facts.set(key, value));
  }

  deleteValue(key: string): void {
    this.#write(({ facts }) => facts.delete(key));
  }

  async close(): Promise<void> {
    this.#commit();
  }

  #write(work: Write): void {
    work(this.#tables);
    this.#batch.push(work);
    if (this.#open !== undefined) return;
    this.#open = Promise.withResolvers();
    void this.#clock.sleep(delayMs).then(() => this.#commit());
  }

  #commit(): void {
    for (const work of this.#batch) work(this.#disk.tables);
    this.#batch = [];
    this.#open?.resolve();
    this.#open = undefined;
  }
}

function deleteUnder(rows: Map<string, unknown>, place: string): void {
  for (const key of rows.keys()) if (key.startsWith(`${place} `)) rows.delete(key);
}
