/** What there is before any process runs: nothing but empty clusters, or a fleet that stands. */
import type { GitObject } from "../../src/adapters/git/object-id.ts";
import { SimSite } from "./cluster-connection.ts";
import { regions, siteNames } from "./fleet-story.ts";
import { GitDisk } from "./git-disk.ts";
import { StateDisk } from "./memory-state.ts";
import { Repository } from "./repository.ts";

/** What is on the disks of one region: its mirror at the controller, and what its worker has. */
export class Region {
  readonly name: string;
  readonly mirror: GitDisk;
  readonly copy: GitDisk;
  readonly disk: StateDisk;
  /** Controller and worker cannot reach each other. */
  isCut = false;
  /** What fails at its mirror, whose content is whole: all, or only what is written there. */
  failing: "all" | "writes" | null = null;
  /** What its worker's wall clock is wrong by, ms. */
  skewMs = 0;
  cutting = new AbortController();
  /** Of mirror and copy. */
  readonly #objects: Map<string, GitObject>;

  constructor(name: string, disks: Disks = emptyDisks()) {
    this.name = name;
    this.#objects = disks.objects;
    this.mirror = disks.mirror;
    this.copy = disks.copy;
    this.disk = disks.disk;
  }

  /** One whose disks have the same; its link is whole. */
  twin(): Region {
    const objects = new Map(this.#objects);
    const [mirror, copy] = [this.mirror.copy(objects), this.copy.copy(objects)];
    return new Region(this.name, { objects, mirror, copy, disk: new StateDisk(this.disk.copy()) });
  }

  cut(isCut: boolean): void {
    this.isCut = isCut;
    if (!isCut) return;
    this.cutting.abort("cut");
    this.cutting = new AbortController();
  }
}

interface Disks {
  readonly objects: Map<string, GitObject>;
  readonly mirror: GitDisk;
  readonly copy: GitDisk;
  readonly disk: StateDisk;
}

function emptyDisks(): Disks {
  const objects = new Map<string, GitObject>();
  const [mirror, copy] = [new GitDisk(objects), new GitDisk(objects)];
  return { objects, mirror, copy, disk: new StateDisk() };
}

/** Everything that outlives processes. */
export interface Land {
  readonly repository: Repository;
  readonly control: GitDisk;
  readonly regions: ReadonlyMap<string, Region>;
  readonly sites: ReadonlyMap<string, SimSite>;
}

/** No commit, no state, empty clusters. */
export function emptyLand(): Land {
  return {
    repository: new Repository(),
    control: new GitDisk(),
    regions: new Map(regions.map((name) => [name, new Region(name)])),
    sites: new Map(siteNames.map((name) => [name, new SimSite(name)])),
  };
}

/** The same once more: what happens to one does not happen to the other. */
export function copyLand({ repository, control, regions: all, sites }: Land): Land {
  return {
    repository: repository.copy(),
    control: control.copy(),
    regions: new Map([...all].map(([name, region]) => [name, region.twin()])),
    sites: new Map([...sites].map(([name, site]) => [name, site.copy()])),
  };
}
