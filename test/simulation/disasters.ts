/** What must not happen and does: clusters that are exchanged, disks that come back from older copies, a second controller. */
import { mirrorBranch } from "../../src/core/protocol/mirror-layout.ts";
import type { StateDisk } from "./memory-state.ts";
import type { Region } from "./land.ts";
import type { Ground } from "./processes.ts";

export type Disaster =
  /** Another cluster answers for a site, for a while. */
  | { readonly kind: "exchange"; readonly site: string; readonly forMs: number }
  /** The disk of a worker is as it was so many events ago; null: empty. */
  | {
      readonly kind: "restore-worker";
      readonly mirror: string;
      readonly what: "store" | "copy" | "both";
      readonly eventsAgo: number | null;
      readonly downMs: number;
    }
  /** The state folder of the controller, or only control in it. */
  | {
      readonly kind: "restore-controller";
      readonly what: "control" | "both";
      readonly eventsAgo: number | null;
      readonly downMs: number;
    }
  /** A controller is started beside one that stands still for a while. */
  | { readonly kind: "twin"; readonly pausedMs: number };

interface Backup {
  readonly control: string | null;
  readonly regions: ReadonlyMap<string, RegionBackup>;
}

interface RegionBackup {
  readonly mirror: string | null;
  readonly copy: string | null;
  readonly tables: StateDisk["tables"];
}

/** Copies of all disks, one for each event of the story. */
export class Backups {
  readonly #ground: Ground;
  readonly #taken: Backup[] = [];

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  async take(): Promise<void> {
    const { control, regions } = this.#ground;
    const saved = [...regions].map(
      async ([name, region]) => [name, await saveRegion(region)] as const,
    );
    this.#taken.push({
      control: await control.store.resolve(mirrorBranch),
      regions: new Map(await Promise.all(saved)),
    });
  }

  /** The worker must not run. */
  restoreWorker({ mirror, what, eventsAgo }: Extract<Disaster, { kind: "restore-worker" }>): void {
    const region = this.#ground.regions.get(mirror);
    const saved = this.#at(eventsAgo)?.regions.get(mirror);
    if (what !== "store") region?.copy.restore(mirrorBranch, saved?.copy ?? null);
    if (what !== "copy") region?.disk.restore(saved?.tables);
  }

  /** The controller must not run. */
  restoreController({ what, eventsAgo }: Extract<Disaster, { kind: "restore-controller" }>): void {
    const { control, regions } = this.#ground;
    const saved = this.#at(eventsAgo);
    control.restore(mirrorBranch, saved?.control ?? null);
    if (what === "control") return;
    for (const [name, { mirror }] of regions) {
      mirror.restore(mirrorBranch, saved?.regions.get(name)?.mirror ?? null);
    }
  }

  #at(eventsAgo: number | null): Backup | undefined {
    return eventsAgo === null ? undefined : this.#taken.at(-1 - eventsAgo);
  }
}

async function saveRegion({ mirror, copy, disk }: Region): Promise<RegionBackup> {
  return {
    mirror: await mirror.store.resolve(mirrorBranch),
    copy: await copy.store.resolve(mirrorBranch),
    tables: disk.copy(),
  };
}
