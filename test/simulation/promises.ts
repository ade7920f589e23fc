/** What must hold after every step of a story, looked at from the outside: mirrors and clusters. */
import { ControlRepository } from "../../src/controller/control-repository.ts";
import type { ObjectStore } from "../../src/adapters/git/object-store.ts";
import type { StoredObject } from "../../src/core/cluster-model/stored-object.ts";
import type { Json } from "../../src/core/model/json.ts";
import { mirrorBranch, type MirrorTrailers } from "../../src/core/protocol/mirror-layout.ts";
import { type KubeObject, keyOf, objectId } from "../../src/core/model/kube-object.ts";
import type { ControlState, MirrorEntry } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { CompanionAuditor } from "./companion-promises.ts";
import { WriteAuditor } from "./write-promises.ts";
import type { ClusterWrite } from "./cluster-connection.ts";
import { isMadeAnewBy, isRefusedAt } from "./fixed-objects.ts";
import { at, ownerOf } from "./live-object.ts";
import { type MirrorCommit, MirrorReader } from "./mirror-reader.ts";
import type { Region } from "./land.ts";
import type { Ground } from "./processes.ts";

type Sites = MirrorCommit["sites"];
const noSites: Sites = new Map();

/** Looks at mirrors and writes; each look is short and runs to its end before time goes on. */
export class Auditor {
  readonly #ground: Ground;
  readonly #fail: (what: string) => void;
  readonly #reader = new MirrorReader();
  readonly #states = new Map<string, Promise<ControlState>>();
  readonly #controlAt: ControlAt;
  /** Commits that the worker of a mirror has accepted, in order. */
  readonly #accepted = new Map<string, string[]>();
  /** `<mirror> <site> <object id>` -> which of the commits that the mirror's worker has accepted was the newest when it was written last. */
  readonly #written = new Map<string, number>();
  readonly #writes: WriteAuditor;
  readonly #companions = new CompanionAuditor();
  /** Mirror -> the newest commit that its worker has followed. */
  readonly #newest = new Map<string, string>();
  /** Commits of mirrors that were made since they were lost; null: they were not. */
  #madeSince: Set<string> | null = null;

  constructor(ground: Ground, fail: (what: string) => void) {
    this.#ground = ground;
    this.#fail = fail;
    this.#writes = new WriteAuditor(ground, fail);
    this.#controlAt = controlReader(ground.control.store);
  }

  accepted(mirror: string, commit: string): void {
    const commits = this.#accepted.get(mirror) ?? [];
    if (commits.at(-1) === commit) return;
    commits.push(commit);
    this.#accepted.set(mirror, commits);
  }

  /** A worker goes on to a commit: never back, whatever its mirror says. */
  followed(mirror: string, commit: string): void {
    this.accepted(mirror, commit);
    this.#look(async () => {
      const store = this.#copyOf(mirror);
      const known = this.#newest.get(mirror);
      if (known !== undefined && !(await store.isAncestor(known, commit))) {
        throw new Error(
          `the worker of ${mirror} follows ${commit}, which does not come after ${known}`,
        );
      }
      this.#newest.set(mirror, commit);
      this.#writes.serve(mirror, (await this.#reader.at(store, commit)).sites.keys());
    });
  }

  /** Everything that a mirror commit changes is named by it, with the release that control had handed over. */
  mirrorCommit(mirror: string, commit: string): void {
    this.#madeSince?.add(commit);
    const region = this.#ground.regions.get(mirror);
    if (region !== undefined) this.#look(() => this.#checkMirrorCommit(region, commit));
  }

  async #checkMirrorCommit(region: Region, commit: string): Promise<void> {
    const { store } = region.mirror;
    const after = await this.#reader.at(store, commit);
    const { parent } = after;
    const before = parent === undefined ? noSites : (await this.#reader.at(store, parent)).sites;
    const { trailers } = after;
    if (trailers === null) throw new Error(`a commit of ${region.name} has no trailers`);
    const control = await this.#control(trailers.control);
    const seen = { before, after: after.sites, mirror: region.name };
    checkLeft(seen, control);
    this.#companions.look(seen, control);
    for (const step of stepsBetween(before, { ...after, trailers }, region.name)) {
      checkStep(step, control);
    }
  }

  /** A write reaches a cluster; gives what looks at how it ended. */
  write(write: Omit<ClusterWrite, "status">): (status: number) => void {
    const { site, mirror, path } = write;
    const cluster = this.#ground.sites.get(site)?.cluster;
    const parsed = pathOf(path);
    if (cluster === undefined || parsed === undefined || write.isDryRun) return () => undefined;
    const live = cluster.store.get(parsed.plural, `${parsed.namespace}/${parsed.name}`);
    const commits = this.#accepted.get(mirror) ?? [];
    const seen = this.#writes.write(write, live);
    return (status) => {
      if (status < 200 || status > 299) return;
      seen();
      if (write.method === "DELETE") {
        if (live !== undefined) this.#look(() => this.#checkDelete(write, live, commits.length));
      } else if (isObject(write.body)) {
        const { body } = write;
        const id = objectId(keyOf(body));
        const since = this.#written.get(`${mirror} ${site} ${id}`) ?? 0;
        this.#look(() => this.#checkApply(write, body, since));
        // What names no owner lets go of the object: nothing of a tree is written by it.
        if (ownerOf(body) === undefined) return;
        this.#written.set(`${mirror} ${site} ${id}`, Math.max(0, commits.length - 1));
      }
    };
  }

  /** What is written stands in a tree that the worker had accepted for that site. */
  async #checkApply(
    { site, mirror }: { site: string; mirror: string },
    body: KubeObject,
    since: number,
  ) {
    const owner = ownerOf(body);
    if (owner === undefined) return; // a bare namespace, or an inventory
    const id = objectId(keyOf(body));
    for (const commit of (this.#accepted.get(mirror) ?? []).slice(since)) {
      if ((await this.#objectsAt(mirror, commit, { site, app: owner })).has(id)) return;
    }
    throw new Error(
      `${id} was written to ${site} by ${mirror}, and no accepted commit has it there`,
    );
  }

  /**
   * What is deleted was dropped by a tree of its app, or its app had a marker, since it was written last; where the
   * mirror had let go of the app meanwhile, since a tree, or the good one that came along, brought it again.
   */
  async #checkDelete(
    { site, mirror }: { site: string; mirror: string },
    live: StoredObject,
    count: number,
  ): Promise<void> {
    const owner = ownerOf(live);
    if (owner === undefined) return;
    if (!isObject(live)) return;
    const id = objectId(keyOf(live));
    const since = this.#written.get(`${mirror} ${site} ${id}`) ?? 0;
    // What came only just may not have reached the worker's hands.
    const newest = (this.#accepted.get(mirror) ?? []).slice(0, count).slice(-2);
    const takers = newest.map((commit) => this.#isTakenAt(mirror, commit, { site, owner, id }));
    if ((await Promise.all(takers)).every((taken) => taken)) {
      throw new Error(
        `${id} of ${owner} was deleted at ${site} by ${mirror}: another app takes it`,
      );
    }
    if (await this.#isDropped(mirror, { site, owner, id }, { since, count })) return;
    if (await this.#isMadeAnew(mirror, { site, owner, id, live }, { since, count })) return;
    throw new Error(
      `${id} of ${owner} was deleted at ${site} by ${mirror}: nothing written allows it`,
    );
  }

  /** Whether the tree of another app has an object at a site. */
  async #isTakenAt(
    mirror: string,
    commit: string,
    { site, owner, id }: { site: string; owner: string; id: string },
  ): Promise<boolean> {
    const content = (await this.#reader.at(this.#copyOf(mirror), commit)).sites.get(site);
    const others = [...(content?.apps ?? [])].filter(([app]) => app !== owner);
    const trees = others.map(([, entry]) => ("tree" in entry ? entry.tree : undefined));
    const found = await Promise.all(trees.map((tree) => this.#has(mirror, tree, id)));
    return found.includes(true);
  }

  async #isDropped(
    mirror: string,
    what: { site: string; owner: string; id: string },
    { since, count }: { since: number; count: number },
  ): Promise<boolean> {
    let isLetGo = false;
    for (const commit of await this.#commits(mirror, since, count)) {
      const { isNamed, has, hasBeside, mayDelete } = await this.#standing(mirror, commit, what);
      const isGivenAnew = hasBeside || has;
      if (mayDelete && !has && (!isLetGo || hasBeside)) return true;
      isLetGo = !isNamed || (isLetGo && !isGivenAnew);
    }
    return false;
  }

  async #isMadeAnew(
    mirror: string,
    what: { site: string; owner: string; id: string; live: StoredObject },
    { since, count }: { since: number; count: number },
  ): Promise<boolean> {
    const { site, owner, id, live } = what;
    const store = this.#copyOf(mirror);
    for (const commit of await this.#commits(mirror, since, count)) {
      const entry = (await this.#reader.at(store, commit)).sites.get(site)?.apps.get(owner);
      if (entry === undefined || !("tree" in entry)) continue;
      const there = { reader: this.#reader, store, tree: entry.tree };
      if (await isMadeAnewBy(live, id, there)) return true;
    }
    return false;
  }

  /** Whether a site's cluster refuses what a tree of its mirror has, as it stands. */
  isRefused(mirror: string, site: string, tree: string): Promise<boolean> {
    const there = this.#ground.sites.get(site);
    const store = this.#ground.regions.get(mirror)?.mirror.store;
    if (there === undefined || store === undefined) return Promise.resolve(false);
    return isRefusedAt(there, { reader: this.#reader, store, tree });
  }

  async #objectsAt(
    mirror: string,
    commit: string,
    { site, app }: { site: string; app: string },
  ): Promise<ReadonlySet<string>> {
    const entry = (await this.#reader.at(this.#copyOf(mirror), commit)).sites
      .get(site)
      ?.apps.get(app);
    return entry !== undefined && "tree" in entry ? this.#objectsOf(mirror, entry.tree) : new Set();
  }

  /** Mirrors are lost now: what their workers bring back is what they had. */
  lose(): void {
    this.#madeSince = new Set();
  }

  /** `<site> <app> <object>`: what mirrors have given since they were lost, and what they had then; null: they were not. */
  async given(): Promise<ReadonlySet<string> | null> {
    const made = this.#madeSince;
    if (made === null) return null;
    const given = new Set<string>();
    for (const { mirror } of this.#ground.regions.values()) {
      const head = await mirror.store.resolve(mirrorBranch);
      const places = await this.#reader.givenAt(mirror.store, head, (commit) => made.has(commit));
      for (const { place, trees, beside } of places) {
        const ids = [...trees, ...beside].map((tree) => this.#reader.objectsOf(mirror.store, tree));
        for (const id of (await Promise.all(ids)).flatMap((each) => [...each]))
          given.add(`${place} ${id}`);
      }
    }
    return given;
  }

  #objectsOf(mirror: string, tree: string): Promise<ReadonlySet<string>> {
    return this.#reader.objectsOf(this.#copyOf(mirror), tree);
  }

  /**
   * Whether a mirror commit names an app at a site, whether its tree, and those that came along, have an object, and
   * whether it says that anything goes: by a marker to delete, or by a tree that stands there as a whole.
   */
  async #standing(
    mirror: string,
    commit: string,
    { site, owner, id }: { site: string; owner: string; id: string },
  ): Promise<{ isNamed: boolean; has: boolean; hasBeside: boolean; mayDelete: boolean }> {
    const content = (await this.#reader.at(this.#copyOf(mirror), commit)).sites.get(site);
    const entry = content?.apps.get(owner);
    const tree = entry !== undefined && "tree" in entry ? entry.tree : undefined;
    const beside = content?.beside.get(owner) ?? [];
    const found = await Promise.all(beside.map((each) => this.#has(mirror, each, id)));
    const hasBeside = found.includes(true);
    const isMarked = entry !== undefined && "leaving" in entry && entry.leaving.verb === "delete";
    const isWhole =
      tree !== undefined &&
      this.#writes.stands(site, owner, [...(await this.#objectsOf(mirror, tree))]);
    const has = await this.#has(mirror, tree, id);
    return { isNamed: entry !== undefined, has, hasBeside, mayDelete: isMarked || isWhole };
  }

  /** The mirror's commits from one that its worker had accepted up to another, oldest first: also those it skipped. */
  async #commits(mirror: string, since: number, count: number): Promise<string[]> {
    const accepted = this.#accepted.get(mirror) ?? [];
    const commits: string[] = [];
    let commit = accepted[count - 1];
    while (commit !== undefined) {
      commits.push(commit);
      if (commit === accepted[since]) break;
      commit = (await this.#copyOf(mirror).commit(commit))?.parents[0];
    }
    return commits.toReversed();
  }

  async #has(mirror: string, tree: string | undefined, id: string): Promise<boolean> {
    return tree !== undefined && (await this.#objectsOf(mirror, tree)).has(id);
  }

  #copyOf(mirror: string): ObjectStore {
    const region = this.#ground.regions.get(mirror);
    if (region === undefined) throw new Error(`there is no region ${mirror}`);
    return region.copy.store;
  }

  /** Control as it was at a commit; the newest is at hand, for a mirror depends on a commit that was just made. */
  #control(commit: string): Promise<ControlState> {
    const known = this.#states.get(commit);
    if (known !== undefined) return known;
    const state = this.#controlAt(commit);
    this.#states.set(commit, state);
    return state;
  }

  #look(work: () => Promise<void>): void {
    work().catch((error: unknown) => {
      this.#fail(error instanceof Error ? error.message : String(error));
    });
  }
}

type ControlAt = (commit: string) => Promise<ControlState>;

/** Reads control as it was at a commit, one after the other, so that each costs what changed since the one before. */
function controlReader(control: ObjectStore): ControlAt {
  let at = "";
  const repository = new ControlRepository({ ...control, resolve: () => Promise.resolve(at) });
  let last: Promise<unknown> = Promise.resolve();
  return (commit) => {
    const read = async (): Promise<ControlState> => {
      at = commit;
      return (await repository.read()).state;
    };
    const state = last.then(read, read);
    last = state;
    return state;
  };
}

interface MirrorStep {
  readonly where: { readonly app: string; readonly site: string; readonly mirror: string };
  readonly from: MirrorEntry | undefined;
  readonly to: MirrorEntry | undefined;
  /** undefined: the commit does not name it; null: by the open list, or by a move of the site. */
  readonly release: string | null | undefined;
}

/** No site is gone from a mirror but by a move that control knows of. */
function checkLeft(
  { before, after, mirror }: { before: Sites; after: Sites; mirror: string },
  control: ControlState,
): void {
  for (const site of before.keys()) {
    if (after.has(site) || control.sites[site]?.moving !== undefined) continue;
    throw new Error(`${site} left ${mirror}, and control does not know of it`);
  }
}

function stepsBetween(
  before: Sites,
  { sites, trailers }: { sites: Sites; trailers: MirrorTrailers },
  mirror: string,
): MirrorStep[] {
  return [...sites].flatMap(([site, content]) => {
    if (before.get(site) === content) return []; // of the same ids
    const { apps } = content;
    const old = before.get(site)?.apps ?? new Map<string, MirrorEntry>();
    return [...new Set([...apps.keys(), ...old.keys()])].flatMap((app) => {
      const [from, to] = [old.get(app), apps.get(app)];
      if (JSON.stringify(from) === JSON.stringify(to)) return [];
      // A marker may be cleared and a tree come in one commit: what came last stands.
      const named = trailers.changes.findLast((each) => each.site === site && each.app === app);
      return [{ where: { app, site, mirror }, from, to, release: named?.release }];
    });
  });
}

function checkStep({ where, from, to, release }: MirrorStep, control: ControlState): void {
  const { app, site, mirror } = where;
  const told = `${app} at ${site} in ${mirror}`;
  if (release === undefined) throw new Error(`${told} changed, and its commit does not name it`);
  const wasLeaving = from !== undefined && "leaving" in from;
  if (to === undefined && !wasLeaving) throw new Error(`${told} vanished without a marker`);
  if (release !== null && to !== undefined) checkHanded(told, { where, to, release }, control);
}

/** It was handed over, or an older release had given it the same, and it goes back with this one. */
function names({ handed, back }: Release, site: string): boolean {
  return handed[site] !== undefined || back?.[site] !== undefined;
}

function checkHanded(
  told: string,
  { where, to, release }: { where: MirrorStep["where"]; to: MirrorEntry; release: string },
  control: ControlState,
): void {
  const open = control.apps[where.app]?.open.find(({ id }) => id === release);
  if (open === undefined || !names(open, where.site)) {
    throw new Error(`${told} moved by ${release}, which did not hand it over`);
  }
  const tree = "tree" in to ? to.tree : null;
  if ([open.list[where.site]?.to, open.back?.[where.site]?.to].includes(tree)) return;
  throw new Error(`${told} is neither on what ${release} lists nor on what it goes back to`);
}

function isObject(body: Json | StoredObject | undefined): body is KubeObject {
  return typeof at(body, "kind") === "string" && typeof at(body, "metadata", "name") === "string";
}

function pathOf(path: string): { plural: string; namespace: string; name: string } | undefined {
  const match =
    /^\/(?:api|apis\/(?<group>[^/]+))\/v1(?:\/namespaces\/(?<namespace>[^/]+))?\/(?<plural>[^/]+)\/(?<name>[^/]+)$/.exec(
      path,
    )?.groups;
  if (match === undefined) return undefined;
  const { group, namespace = "", plural = "", name = "" } = match;
  return { plural: group === undefined ? plural : `${group}/${plural}`, namespace, name };
}
