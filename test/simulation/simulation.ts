/** One story: a fleet, its processes and what befalls them, played in virtual time from a seed. */
import { memoryStore } from "../../src/adapters/git/memory-store.ts";
import { handleRequest } from "../../src/core/cluster-model/handle-request.ts";
import type { Pass } from "../../src/controller/reconcile.ts";
import type { Decision } from "../../src/core/protocol/api.ts";
import { waitingLosses } from "../../src/core/rollout/arrival-losses.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import { SimSite } from "./cluster-connection.ts";
import { drawEvents, type StoryEvent, stormMs } from "./events.ts";
import { changeHead, firstHead, goodHead, regions, siteNames } from "./fleet-story.ts";
import {
  type ControllerProcess,
  type Ground,
  hastySettings,
  Region,
  startController,
  startWorker,
} from "./processes.ts";
import { Auditor, checkPass, differences } from "./promises.ts";
import { Repository } from "./repository.ts";
import { type Life, seededRandom, settle, startAt, VirtualTime } from "./virtual-time.ts";

/** How a story ended. */
export interface Outcome {
  readonly seed: number;
  readonly events: readonly StoryEvent[];
  /** Promises that were broken, in words; a story ends with the first. */
  readonly violations: readonly string[];
  /** What happened, with virtual times. */
  readonly log: readonly string[];
  /** Passes, writes to clusters and steps of time. */
  readonly passes: number;
  readonly writes: number;
  readonly steps: number;
}

/** Time that a fleet gets to come to rest once everything is well. */
const calmMs = 120_000;
const lookEveryMs = 1500;
const mostIdle = 25;

/** Plays the story of a seed; other events than its own may be given. */
export async function simulate(
  seed: number,
  events: readonly StoryEvent[] = drawEvents(seededRandom(seed)),
): Promise<Outcome> {
  const story = new Story(seed, events);
  await story.play();
  const { violations, log, passes, writes, steps } = story;
  return { seed, events, violations, log, passes, writes, steps };
}

class Story {
  readonly violations: string[] = [];
  readonly log: string[] = [];
  passes = 0;
  writes = 0;
  steps = 0;
  readonly #time: VirtualTime;
  readonly #ground: Ground;
  readonly #auditor: Auditor;
  readonly #events: readonly StoryEvent[];
  readonly #workers = new Map<string, Life>();
  #controller: ControllerProcess | undefined;
  /** Sites that some head had and a later one had not. */
  readonly #forgotten = new Set<string>();
  #lastPass: Pass | undefined;
  /** When the last passes ended that wrote nothing. */
  readonly #idleAt: number[] = [];

  constructor(seed: number, events: readonly StoryEvent[]) {
    this.#events = events;
    this.#time = new VirtualTime(seededRandom(seed ^ 0x5eed));
    this.#ground = {
      time: this.#time,
      repository: new Repository(),
      control: memoryStore(),
      regions: new Map(regions.map((name) => [name, new Region(name)])),
      sites: new Map(siteNames.map((name) => [name, new SimSite(name)])),
      skewMs: 0,
      settings: hastySettings,
      watch: {
        onPass: (pass) => {
          this.passes += 1;
          this.#lastPass = pass;
          if (!pass.hasWritten) this.#checkIdle();
          this.#try(() => checkPass(pass));
        },
        onMirrorCommit: (mirror, commit) => this.#auditor.mirrorCommit(mirror, commit),
        onAccept: (mirror, commit) => this.#auditor.accepted(mirror, commit),
        onReport: () => undefined,
        onWrite: (write) => {
          this.writes += 1;
          this.#note(`${write.mirror} ${write.method} ${write.site} ${write.path}`);
          return this.#auditor.write(write);
        },
        onBug: (what) => this.#fail(`a bug: ${what}`),
      },
    };
    this.#auditor = new Auditor(this.#ground, (what) => this.#fail(what));
  }

  async play(): Promise<void> {
    const { repository, regions: all } = this.#ground;
    repository.commit(firstHead);
    this.#startController();
    for (const region of all.values()) this.#startWorker(region);
    for (const event of this.#events) {
      if (await this.#runUntil(event.at)) return;
      this.#note(JSON.stringify(event));
      this.#happen(event);
      await settle();
    }
    if (await this.#runUntil(stormMs)) return;
    await this.#makeWell();
    if (this.violations.length === 0) await this.#end();
  }

  /** True when a promise was broken. */
  async #runUntil(until: number): Promise<boolean> {
    while (this.violations.length === 0 && (await this.#time.step(until))) this.steps += 1;
    return this.violations.length > 0;
  }

  #happen(event: StoryEvent): void {
    const { repository } = this.#ground;
    if (event.kind === "commit") {
      repository.commit(changeHead(repository.head, repository.previous, event.change));
      for (const site of Object.keys(repository.previous.sites)) {
        if (repository.head.sites[site] === undefined) this.#forgotten.add(site);
      }
    } else if (event.kind === "clock") this.#ground.skewMs += event.byMs;
    else if (event.kind === "kill-controller") this.#killController(event.downMs);
    else if ("mirror" in event) this.#disturbRegion(event);
    else if ("site" in event) this.#disturbSite(event);
    else this.#decide(event);
  }

  #disturbRegion(event: Extract<StoryEvent, { mirror: string }>): void {
    const region = this.#ground.regions.get(event.mirror);
    if (region === undefined) return;
    if (event.kind === "link") region.cut(event.isCut);
    else this.#killWorker(region, event.downMs);
  }

  #disturbSite(event: Extract<StoryEvent, { site: string }>): void {
    const site = this.#ground.sites.get(event.site);
    if (site === undefined) return;
    if (event.kind === "fault") site.fault = event.fault;
    else this.#stray(site, event.app);
  }

  #decide(
    event: Extract<StoryEvent, { kind: "hold" | "resume" | "approve" | "retry" | "excuse" }>,
  ) {
    if (event.kind === "hold") {
      this.#say({ verb: "pause", scope: event.scope, all: event.all, why: "x" });
    } else if (event.kind === "resume") {
      this.#say({ verb: "resume", scope: event.scope, why: "x" });
    } else this.#decideAll(event.kind);
  }

  /** Somebody changes an object by hand. */
  #stray(site: SimSite, app: string): void {
    const path = `/api/v1/namespaces/${app}/configmaps/settings`;
    const request = {
      method: "DELETE",
      path,
      query: new URLSearchParams(),
      accept: "application/json",
      contentType: "application/json",
      userAgent: "somebody",
      body: undefined,
    };
    handleRequest(site.cluster, request, startAt + Math.floor(this.#time.now));
  }

  #startController(): void {
    if (this.#controller?.life.isAlive !== true) this.#controller = startController(this.#ground);
  }

  #startWorker(region: Region): void {
    if (this.#workers.get(region.name)?.isAlive === true) return;
    this.#workers.set(
      region.name,
      startWorker(this.#ground, region, () => this.#controller),
    );
  }

  #killController(downMs: number): void {
    this.#controller?.life.kill();
    this.#controller?.life.ending.abort("killed");
    this.#time.after(downMs, () => this.#startController());
  }

  #killWorker(region: Region, downMs: number): void {
    this.#workers.get(region.name)?.kill();
    this.#time.after(downMs, () => this.#startWorker(region));
  }

  /** A word to the controller; one that is refused is part of the story. */
  #say(decision: Decision): void {
    this.#controller?.inbox.ask({ decision, by: "ada" }).catch(() => undefined);
  }

  /** Says the same of every open release, stage and site. */
  #decideAll(verb: "approve" | "retry" | "excuse"): void {
    const reading = this.#controller?.world()?.control.read();
    void reading?.then(({ state }) => {
      for (const [app, { open, arrivals }] of Object.entries(state.apps)) {
        for (const release of open) this.#decideOn(release, verb);
        const deletions = waitingLosses(arrivals ?? {});
        if (verb !== "approve" || deletions === 0) continue;
        this.#say({ verb, app, release: "open-list", deletions, why: "x" });
      }
    });
  }

  #decideOn({ app, id, stages, deletions, list }: Release, verb: "approve" | "retry" | "excuse") {
    const named = { app, release: id, why: "x" };
    if (verb === "retry") return this.#say({ verb, ...named });
    if (verb === "excuse") {
      for (const site of Object.keys(list)) this.#say({ verb, ...named, site });
      return;
    }
    for (const { name } of stages) this.#say({ verb, ...named, stage: name });
    this.#say({ verb, ...named, deletions: deletions.objects });
  }

  /** No fault lasts, nobody is stopped, and the last commits are good and have room. */
  async #makeWell(): Promise<void> {
    const { repository, regions: all, sites } = this.#ground;
    this.#note("everything is made well");
    for (const site of sites.values()) site.fault = "none";
    for (const region of all.values()) region.cut(false);
    this.#startController();
    for (const region of all.values()) this.#startWorker(region);
    if (await this.#runUntil(this.#time.now + 5000)) return;
    for (const { scope } of await this.#holds()) this.#say({ verb: "resume", scope, why: "well" });
    repository.commit(goodHead(repository.head, "v8"));
    if (await this.#runUntil(this.#time.now + 5000)) return;
    // Budgets are those of the head before: once more, so that all have room.
    repository.commit(goodHead(repository.head, "v9"));
  }

  async #holds() {
    const snapshot = await this.#controller?.world()?.control.read();
    return snapshot?.state.holds ?? [];
  }

  /** Until the clusters are what the head says; never is a violation. */
  async #end(): Promise<void> {
    const { repository, sites } = this.#ground;
    const deadline = this.#time.now + calmMs;
    let left = ["nothing was looked at"];
    while (this.violations.length === 0 && this.#time.now < deadline) {
      this.#decideAll("approve");
      this.#decideAll("retry");
      if (await this.#runUntil(this.#time.now + lookEveryMs)) return;
      left = differences(repository.head, { sites, forgotten: this.#forgotten });
      if (left.length === 0 && (await this.#isQuiet())) return;
    }
    const open = left.length === 0 ? "releases are still open" : left.join("; ");
    this.#fail(`it does not come to rest: ${open} (the controller says: ${this.#told()})`);
  }

  #told(): string {
    const waits = (this.#lastPass?.plan?.waits ?? []).map(
      ({ app, site, code, reason }) => `${app} ${site ?? ""} ${code} ${reason}`,
    );
    return [...(this.#lastPass?.problems ?? []), ...waits].join("; ");
  }

  async #isQuiet(): Promise<boolean> {
    const snapshot = await this.#controller?.world()?.control.read();
    if (snapshot === undefined) return false;
    return Object.values(snapshot.state.apps).every(({ open }) => open.length === 0);
  }

  /** Passes that write nothing come with what is new, not one after the other. */
  #checkIdle(): void {
    const { now } = this.#time;
    this.#idleAt.push(now);
    if (this.#idleAt.length <= mostIdle) return;
    const first = this.#idleAt.shift() ?? 0;
    if (now - first < 1000) this.#fail(`over ${mostIdle} passes in a second wrote nothing`);
  }

  #try(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #fail(what: string): void {
    this.#note(`BROKEN: ${what}`);
    this.violations.push(what);
  }

  #note(what: string): void {
    this.log.push(`${(this.#time.now / 1000).toFixed(3).padStart(8)} ${what}`);
  }
}
