/**
 * A small world for the planner: commits, sites and workers by script, time as a number. It does what controller and
 * workers do around the pure functions: follows heads, writes plans (control first), applies mirrors, reports health.
 */
import type { Decision } from "../../src/core/protocol/api.ts";
import { applyDecision } from "../../src/core/rollout/decisions.ts";
import { entitlements } from "../../src/core/rollout/entitled-release.ts";
import { withLeavingSites } from "../../src/core/rollout/leaving-sites.ts";
import { planRollout } from "../../src/core/rollout/plan-rollout.ts";
import type {
  ControlState,
  HandOver,
  MirrorEntry,
  ObservedSite,
  ObservedWorker,
  PlannerInput,
  RolloutPlan,
  FactsBySite,
  SiteFacts,
  StartInput,
  StartPlan,
  Wait,
} from "../../src/core/rollout/planner-types.ts";
import { progressOf } from "../../src/core/rollout/progress.ts";
import type { Release, RemovalVerb } from "../../src/core/rollout/records.ts";
import { saidAnew } from "../../src/core/rollout/removal-verbs.ts";
import { startReleases } from "../../src/core/rollout/start-releases.ts";
import { applyChanges } from "./control-state.ts";
import type { Behaviour, Labels, Live, WorldHead } from "./planner-world-types.ts";
import { applySite, seenApps } from "./planner-live.ts";
import { strategyOf } from "./world-strategy.ts";

export type { Behaviour, WorldApp, WorldHead, WorldSite } from "./planner-world-types.ts";
export { quick } from "./world-strategy.ts";
export { someSites } from "./some-sites.ts";

/** A record without a prototype: `constructor` is a valid name of a site. */
function bare<T>(): Record<string, T> {
  return Object.create(null) as Record<string, T>; // it has no properties of any type
}

function dependencies({ apps }: WorldHead): Record<string, readonly string[]> {
  return Object.fromEntries(
    Object.entries(apps).map(([app, { dependsOn = [] }]) => [app, dependsOn]),
  );
}

function verbsOf({ apps }: WorldHead): ReadonlyMap<string, RemovalVerb> {
  return new Map(
    Object.entries(apps).map(([app, { onRemoval = "delete" }]): [string, RemovalVerb] => [
      app,
      onRemoval,
    ]),
  );
}

export class PlannerWorld {
  now = Date.parse("2030-01-01T00:00:00Z");
  control: ControlState = { head: null, epoch: 1, apps: {}, holds: [], sites: {}, workers: {} };
  readonly mirrors: Record<string, Record<string, MirrorEntry>> = bare();
  readonly good: Record<string, Record<string, string>> = bare();
  /** Which mirror has the site. */
  readonly hosts: Record<string, string> = bare();
  readonly live: Record<string, Record<string, Live>> = bare();
  readonly offline = new Set<string>();
  /** Which Kubernetes sites have told to be. */
  readonly versions: Record<string, string> = bare();
  /** Mirrors whose worker is silent, since when. */
  readonly silent = new Map<string, number>();
  /** Mirrors whose worker was never heard: they may lack what it follows. */
  readonly awaited = new Set<string>();
  /** Mirrors whose silent worker does not work either. */
  readonly dead = new Set<string>();
  readonly stopped: Record<string, Record<string, string>> = bare();
  /** Which workers may still write to a site: none but one, unless an operator said that the others cannot. */
  readonly writers: Record<string, Set<string>> = bare();
  /** The last tree that a mirror gave to a site, whatever became of the mirror: what its cluster has. */
  readonly given: Record<string, Record<string, string>> = bare();
  observed: Record<string, ObservedSite> = {};
  readonly heads = new Map<string, WorldHead>();
  head = "";
  previous: string | null = null;
  controlLost: string | undefined;
  unrendered: PlannerInput["unrendered"];
  /** Control was recovered; the next head that is followed ends it. */
  awaitsHead: PlannerInput["awaitsHead"];
  /** What becomes of an app that leaves, where it is not as its release says. */
  readonly said: Record<string, RemovalVerb> = bare();
  /** What commits say that came before the next one that is followed. */
  skipped: StartInput["skipped"];
  isProtected: (object: string) => boolean = () => false;
  /** Objects that say themselves, in a tree, that they are not to be deleted. */
  isKept: (object: string, tree: string) => boolean = () => false;
  /** Of objects that may be made anew, what cannot be changed of them; null: nothing is known of the tree. */
  madeAnew: (tree: string) => Readonly<Record<string, string>> | null = () => ({});
  behaviour: Behaviour = ({ afterMs }) => (afterMs >= 1000 ? "Healthy" : "Progressing");
  /** The cluster refuses a part of the tree: what is there is of two versions, as well as what stands of them. */
  isRefused: (site: string, tree: string) => boolean = () => false;
  /** How many objects of an app at a site tell nothing of their health. */
  unverified: (app: string, site: string) => number = () => 0;
  /** Every hand-over so far, in order. */
  readonly story: { at: number; handOver: HandOver }[] = [];
  readonly notes: string[] = [];
  plan: RolloutPlan = {
    changes: [],
    handOvers: [],
    siteMoves: [],
    waits: [],
    wakeAt: null,
    asks: new Map(),
    readyMs: new Set(),
  };
  /** Looks at every plan before it is carried out. */
  readonly onPlan: (input: PlannerInput, plan: RolloutPlan) => void;
  #commits = 0;

  constructor(options: { onPlan?: (input: PlannerInput, plan: RolloutPlan) => void } = {}) {
    this.onPlan = options.onPlan ?? ((): void => undefined);
  }

  /** Control came back older, and an operator has confirmed the mirrors. */
  recoverControl(by = "ada"): void {
    const since = new Date(this.now).toISOString();
    this.awaitsHead = { reason: `control was recovered by ${by}`, since };
  }

  /** Follows a new commit: what it starts is written to control. */
  follow(head: WorldHead): StartPlan {
    this.#commits += 1;
    const id = `c${this.#commits}`;
    this.heads.set(id, head);
    const previous = this.head === "" ? null : this.head;
    const before = previous === null ? {} : this.entitled(previous);
    this.previous = previous;
    this.head = id;
    const plan = startReleases(this.startInput(previous, before));
    this.control = applyChanges(this.control, plan.changes);
    this.awaitsHead = undefined;
    this.skipped = undefined;
    this.notes.push(...plan.notes);
    return plan;
  }

  startInput(previous: string | null, entitledBefore: StartInput["entitledBefore"]): StartInput {
    const head = this.#headOf(this.head);
    const granting = this.#headOf(previous ?? this.head);
    const desired: Record<string, StartInput["desired"][string]> = {};
    for (const [app, spec] of Object.entries(head.apps)) {
      desired[app] = {
        digest: spec.version,
        renderer: spec.renderer ?? 1,
        sites: this.#treesOf(app, this.head),
      };
    }
    return {
      ...this.input(),
      head: this.head,
      previousHead: previous,
      desired,
      headSites: this.#sites(),
      ...(previous === null ? {} : { sitesBefore: this.facts(previous) }),
      ...(this.skipped === undefined ? {} : { skipped: this.skipped }),
      entitledBefore,
      onRemoval: this.#removalVerbs(),
      saidAnew: saidAnew(verbsOf(granting), verbsOf(head)),
      deletionBudget: granting.deletionBudget ?? { objects: 50, percent: 100 },
      dependedBefore: dependencies(granting),
      strategyOf: (app) => strategyOf(granting.apps[app] ?? head.apps[app]),
      newestStrategyOf: (app) => head.apps[app] && strategyOf(head.apps[app]),
      isProtected: this.isProtected,
    };
  }

  input(): PlannerInput {
    const head = this.#headOf(this.head);
    const workers: Record<string, ObservedWorker> = {};
    for (const { mirror } of [
      ...this.facts(this.head).values(),
      ...Object.values(this.control.sites),
    ]) {
      workers[mirror] = {
        silentSince: this.silent.get(mirror) ?? null,
        stopped: { ...this.stopped[mirror] },
        isAwaited: this.awaited.has(mirror) && this.control.workers[mirror]?.excused === undefined,
        mirrorMayLack: this.awaited.has(mirror),
        isAtHead: !this.dead.has(mirror) && Object.keys(this.#toStop[mirror] ?? {}).length === 0,
      };
    }
    return {
      now: this.now,
      control: this.control,
      sites: this.#sites(),
      mirrors: this.mirrors,
      good: this.good,
      observed: this.observed,
      workers,
      budgets: {
        maxSitesInFlight: head.maxSitesInFlight ?? null,
        failureDomains: head.failureDomains ?? ["site"],
        windows: head.windows ?? [],
      },
      entitled: this.entitled(this.head),
      placedByHead: Object.fromEntries(
        Object.keys(head.apps).map((app) => [app, Object.keys(this.#treesOf(app, this.head))]),
      ),
      dependsOn: dependencies(head),
      wanted: Object.fromEntries(
        Object.entries(head.apps).map(([app, { version, renderer = 1 }]) => [
          app,
          { digest: version, renderer },
        ]),
      ),
      wantedAt: (app, site) => this.wantedAt(app, site),
      objectsOf: (tree) => this.#objectsOf(tree),
      keptOf: (tree) =>
        new Set([...this.#objectsOf(tree)].filter((object) => this.isKept(object, tree))),
      madeAnewOf: (tree) => {
        const digests = this.madeAnew(tree);
        return digests === null ? undefined : new Map(Object.entries(digests));
      },
      ...this.#stops(),
    };
  }

  #stops(): Pick<PlannerInput, "controlLost" | "unrendered" | "awaitsHead"> {
    const { controlLost, unrendered, awaitsHead } = this;
    return {
      ...(controlLost === undefined ? {} : { controlLost }),
      ...(unrendered === undefined ? {} : { unrendered }),
      ...(awaitsHead === undefined ? {} : { awaitsHead }),
    };
  }

  /** Plans once and carries the plan out; `dies`: after control was written, before the mirrors were. */
  step(options: { dies?: boolean } = {}): RolloutPlan {
    const input = this.input();
    this.plan = planRollout(input);
    this.onPlan(input, this.plan);
    this.control = applyChanges(this.control, this.plan.changes);
    if (options.dies !== true) this.#carryOut(this.plan);
    return this.plan;
  }

  /** Plans until nothing is left to do now. */
  settle(): RolloutPlan {
    for (let round = 0; round < 20; round += 1) {
      const before = JSON.stringify(this.hosts);
      const { changes, handOvers } = this.step();
      const isMoved = JSON.stringify(this.hosts) !== before;
      if (changes.length === 0 && handOvers.length === 0 && !isMoved) return this.plan;
    }
    throw new Error(
      `the planner does not come to rest: ${this.plan.changes.map(({ why }) => why).join("; ")}`,
    );
  }

  /** Lets time pass, a second at a time: workers work and report, the planner plans. */
  run(seconds: number): this {
    this.settle();
    for (let second = 0; second < seconds; second += 1) {
      this.now += 1000;
      this.work();
      this.settle();
    }
    return this;
  }

  /** Workers apply what their mirrors have and tell what they see. */
  work(): void {
    for (const [site, mirror] of Object.entries(this.hosts)) {
      if (this.dead.has(mirror)) continue;
      (this.#seen[mirror] ??= new Set()).add(site);
      if (!this.offline.has(site)) this.#applySite(site);
      if (!this.silent.has(mirror)) this.observed[site] = this.#report(site);
    }
    for (const [mirror, sites] of Object.entries(this.#toStop)) {
      if (!this.silent.has(mirror) && !this.dead.has(mirror)) this.#stop(mirror, sites);
    }
  }

  /**
   * A worker says of the sites that are gone from its mirror that it does not write there any more: with the commit that
   * took them away, or with what it had said before where it never saw them come back.
   */
  #stop(mirror: string, sites: Readonly<Record<string, string>>): void {
    const known = this.stopped[mirror];
    const seen = this.#seen[mirror];
    const old = Object.entries(known ?? {}).filter(([site]) => seen?.delete(site) !== true);
    this.stopped[mirror] = { ...known, ...sites, ...Object.fromEntries(old) };
    const gone = Object.keys(sites).filter((site) => this.hosts[site] !== mirror);
    for (const site of gone) this.writers[site]?.delete(mirror);
    this.#toStop[mirror] = {};
  }

  readonly #toStop: Record<string, Record<string, string>> = bare();
  /** Sites that a worker has seen in its mirror since it last said that it stopped there. */
  readonly #seen: Record<string, Set<string>> = bare();

  silence(mirror: string, dead = false): void {
    this.silent.set(mirror, this.now);
    if (dead) this.dead.add(mirror);
  }

  /** The worker is back; its silence goes on record, as the controller writes it. */
  revive(mirror: string): void {
    const from = this.silent.get(mirror) ?? this.now;
    this.silent.delete(mirror);
    this.dead.delete(mirror);
    const known = this.control.workers[mirror] ?? { silences: [] };
    const silence = { from: new Date(from).toISOString(), to: new Date(this.now).toISOString() };
    const record = { ...known, silences: [...known.silences, silence] };
    this.control = { ...this.control, workers: { ...this.control.workers, [mirror]: record } };
    this.work();
  }

  /** An operator's word; throws when it is refused. */
  decide(decision: Decision): string {
    const { head } = this.control;
    const result = applyDecision(this.control, decision, {
      by: "ada",
      at: new Date(this.now).toISOString(),
      isWell: (app, site) => this.#isWell(app, site),
      isSilent: (mirror) => this.silent.has(mirror),
      dependsOn: head === null ? {} : dependencies(this.#headOf(head.commit)),
    });
    if (!result.ok) throw new Error(`${result.code}: ${result.message}; ${result.hint}`);
    this.control = applyChanges(this.control, result.changes);
    if (decision.verb === "excuse" && decision.uid !== undefined)
      this.writers[decision.site ?? ""]?.clear();
    return result.message;
  }

  #isWell(app: string, site: string): boolean {
    const { reachable, apps } = this.observed[site] ?? { reachable: false, apps: {} };
    return reachable && ["Healthy", "Suspended"].includes(apps[app]?.health ?? "");
  }

  // what tests look at

  open(app: string, kind: Release["kind"] = "app"): Release | undefined {
    return this.control.apps[app]?.open.find((release) => release.kind === kind);
  }

  release(app: string, kind: Release["kind"] = "app"): Release {
    const found = this.open(app, kind);
    if (found === undefined) throw new Error(`${app} has no open ${kind} release`);
    return found;
  }

  /** site -> tree (or `leaving`) in the mirrors. */
  trees(app: string): Record<string, string> {
    const result: Record<string, string> = {};
    for (const site of Object.keys(this.mirrors).toSorted()) {
      const entry = this.mirrors[site]?.[app];
      if (entry !== undefined) result[site] = "tree" in entry ? entry.tree : "leaving";
    }
    return result;
  }

  /** Sites on a version. */
  on(app: string, version: string): string[] {
    const tree = `${app}:${version}`;
    return Object.entries(this.trees(app)).flatMap(([site, at]) =>
      at === tree || at.startsWith(`${tree}:`) ? [site] : [],
    );
  }

  waitsOf(site: string | null, app?: string): Wait[] {
    return this.plan.waits.filter(
      (wait) => wait.site === site && (app === undefined || wait.app === app),
    );
  }

  codes(site: string | null, app?: string): string[] {
    return this.waitsOf(site, app).map(({ code }) => code);
  }

  progress(): ReturnType<typeof progressOf> {
    return progressOf(this.input());
  }

  /** Deliveries (site, release) of an app so far. */
  handed(app: string): string[] {
    return this.story.flatMap(({ handOver }) =>
      handOver.apps
        .filter((step) => step.app === app)
        .map(({ release }) => `${handOver.site} ${release ?? "-"}`),
    );
  }

  /** Those of the followed head, and those that leave the fleet. */
  #sites(): FactsBySite {
    return withLeavingSites(this.facts(this.head), this.control.sites);
  }

  facts(head: string): FactsBySite {
    const facts = new Map<string, SiteFacts>();
    for (const [site, spec] of Object.entries(this.#headOf(head).sites)) {
      const region = spec.region ?? "eu";
      facts.set(site, {
        region,
        mirror: region,
        labels: { site, ...spec.labels },
        suspend: spec.suspend ?? false,
        ...(spec.timeZone === undefined ? {} : { timeZone: spec.timeZone }),
        ...(spec.decommission === true ? { decommission: true } : {}),
      });
    }
    return facts;
  }

  /** The tree of the followed head for a site. */
  wantedAt(app: string, site: string): string | undefined {
    const spec = this.#headOf(this.head).sites[site];
    return spec && this.#treeAt(app, this.head, { site, labels: { site, ...spec.labels } });
  }

  /** Entitled trees with the site data of a head. */
  entitled(head: string): Record<string, Record<string, string>> {
    const result: Record<string, Record<string, string>> = {};
    for (const [app, control] of Object.entries(this.control.apps)) {
      const releaseOf = entitlements(control);
      const trees: Record<string, string> = {};
      for (const [site, { labels }] of this.facts(head)) {
        const source = releaseOf(site, labels)?.source;
        const tree = source === undefined ? undefined : this.#treeAt(app, source, { site, labels });
        if (tree !== undefined) trees[site] = tree;
      }
      result[app] = trees;
    }
    return result;
  }

  #headOf(head: string): WorldHead {
    return this.heads.get(head) ?? { sites: {}, apps: {} };
  }

  #treesOf(app: string, head: string): Record<string, string> {
    const trees: Record<string, string> = {};
    for (const [site, { labels }] of this.facts(head)) {
      const tree = this.#treeAt(app, head, { site, labels });
      if (tree !== undefined) trees[site] = tree;
    }
    return trees;
  }

  #treeAt(
    app: string,
    head: string,
    { site, labels }: { site: string; labels: Labels },
  ): string | undefined {
    const spec = this.#headOf(head).apps[app];
    if (spec === undefined || spec.places?.(labels, site) === false) return undefined;
    const variant = spec.variant?.(labels) ?? "";
    const tree = `${app}:${spec.version.replace(/@.*/, "")}${variant === "" ? "" : `:${variant}`}`;
    const objects = spec.variantObjects?.[variant] ?? spec.objects;
    this.#objects.set(tree, new Set(objects ?? [`_ConfigMap_${app}_main`]));
    return tree;
  }

  readonly #objects = new Map<string, ReadonlySet<string>>();

  #objectsOf(tree: string): ReadonlySet<string> {
    const objects = this.#objects.get(tree);
    if (objects === undefined) throw new Error(`no such tree: ${tree}`);
    return objects;
  }

  #removalVerbs(): Record<string, RemovalVerb> {
    const verbs: Record<string, RemovalVerb> = {};
    for (const [app, { current, open }] of Object.entries(this.control.apps)) {
      const source =
        current.release?.source ?? open.find(({ kind }) => kind === "app")?.source ?? "";
      verbs[app] = this.#headOf(source).apps[app]?.onRemoval ?? "delete";
    }
    return { ...verbs, ...this.said };
  }

  #carryOut({ handOvers, siteMoves }: RolloutPlan): void {
    // A mirror has a meta file for every site that is assigned to it, with apps or without.
    for (const [site, { mirror, moving }] of Object.entries(this.control.sites)) {
      const isDeclared = this.#headOf(this.head).sites[site] !== undefined;
      if (moving === undefined && isDeclared && this.hosts[site] === undefined)
        this.hosts[site] = mirror;
    }
    for (const move of siteMoves) {
      if ("leave" in move) this.#leave(move.site, move.leave);
      else this.#enter(move);
    }
    for (const handOver of handOvers) {
      this.story.push({ at: this.now, handOver });
      this.#host(handOver.site, handOver.mirror);
      for (const step of handOver.apps) this.#write(handOver.site, step);
    }
  }

  #enter({
    site,
    enter,
    trees,
  }: Extract<RolloutPlan["siteMoves"][number], { enter: string }>): void {
    const entries = Object.entries(trees).map(([app, tree]) => [app, { tree }] as const);
    if (entries.length > 0) this.#host(site, enter);
    this.hosts[site] = enter;
    this.#bringBack(site, trees);
    if (entries.length > 0) this.mirrors[site] = Object.fromEntries(entries);
  }

  /** A mirror has the site from now on; throws while another worker may write there too. */
  #host(site: string, mirror: string): void {
    const writers = (this.writers[site] ??= new Set());
    writers.add(mirror);
    if (writers.size > 1) throw new Error(`${[...writers].join(" and ")} write to ${site}`);
    this.hosts[site] = mirror;
  }

  /** A site comes back with what it had; what nobody knows any more is left alone in its cluster. */
  #bringBack(site: string, trees: Readonly<Record<string, string>>): void {
    const given = (this.given[site] ??= bare());
    for (const [app, tree] of Object.entries(given)) {
      if (trees[app] === tree) continue;
      if (trees[app] !== undefined || this.control.apps[app] !== undefined)
        throw new Error(`${site} comes back with ${trees[app] ?? "nothing"} instead of ${tree}`);
      delete given[app];
    }
    Object.assign(given, trees);
  }

  #write(site: string, { app, set, good }: HandOver["apps"][number]): void {
    const apps = (this.mirrors[site] ??= bare());
    this.#give(site, { app, set });
    if ("tree" in set) apps[app] = { tree: set.tree };
    else if ("clear" in set) delete apps[app];
    else apps[app] = { leaving: set.leaving };
    if (good !== null) (this.good[site] ??= bare())[app] = good;
    if (Object.keys(apps).length > 0) return;
    delete this.mirrors[site];
    this.writers[site]?.clear(); // nothing is left there to write
  }

  /** What a cluster has of an app follows its mirror; throws where a mirror did not know what it had. */
  #give(site: string, { app, set }: Pick<HandOver["apps"][number], "app" | "set">): void {
    const given = (this.given[site] ??= bare());
    const standing = this.mirrors[site]?.[app];
    const stood = standing !== undefined && "tree" in standing ? standing.tree : undefined;
    if (stood !== given[app])
      throw new Error(`${app} at ${site} is ${given[app] ?? "nothing"}, its mirror says ${stood}`);
    if ("tree" in set) given[app] = set.tree;
    else delete given[app];
  }

  #leave(site: string, mirror: string): void {
    if (this.hosts[site] !== mirror) return;
    delete this.mirrors[site];
    delete this.hosts[site];
    delete this.observed[site];
    this.#commits += 1;
    (this.#toStop[mirror] ??= bare())[site] = `m${this.#commits}`;
  }

  #applySite(site: string): void {
    const apps = (this.live[site] ??= bare());
    const { now, behaviour } = this;
    applySite(apps, this.mirrors[site] ?? {}, { site, now, behaviour });
  }

  #report(site: string): ObservedSite {
    const version = this.versions[site];
    const told = version === undefined ? {} : { kubernetesVersion: version };
    const apps = seenApps(this.live[site] ?? {}, this.now, {
      unverified: (app) => this.unverified(app, site),
      isRefused: (tree) => this.isRefused(site, tree),
    });
    return { reachable: !this.offline.has(site), ...told, apps };
  }
}
