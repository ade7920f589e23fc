/** One story: a fleet, its processes and what befalls them, played in virtual time from a seed. */
import type { Pass } from "../../src/controller/reconcile.ts";
import type { Decision } from "../../src/core/protocol/api.ts";
import { differences } from "./end-state.ts";
import { Backups } from "./disasters.ts";
import { aftermathMs, drawEvents, type StoryEvent } from "./events.ts";
import {
  changeHead,
  firstHead,
  goodHead,
  letGoAt,
  roomyHead,
  type StoryHead,
} from "./fleet-story.ts";
import { GoneSites, suspendedLeavers } from "./gone-sites.ts";
import type { Land, Region } from "./land.ts";
import { decisionsOf, specOf, type Word } from "./operator.ts";
import {
  type ControllerProcess,
  type Ground,
  hastySettings,
  startController,
  startWorker,
} from "./processes.ts";
import { PassAuditor } from "./pass-promises.ts";
import { Auditor } from "./promises.ts";
import { beginMs, landWith } from "./standing-fleet.ts";
import { clearShared, meddle } from "./meddle.ts";
import { type Life, seededRandom, settle, VirtualTime } from "./virtual-time.ts";

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

/** Until a controller that did not start is started once more. */
const againMs = 500;
/** Time that a fleet gets to come to rest once everything is well. */
const calmMs = 120_000;
const lookEveryMs = 500;
/** Time in which a worker has looked every site over for drift: what it did after its store was copied it knows no more. */
const driftMs = 12 * 60_000;
/** The longest that is waited for a controller to lead, and for a commit to be followed. */
const wellMs = 5000;
/** People look after so long whether they are asked for anything. */
const wordsAfterMs = 5000;
/** So many stories may come to rest without a last release of everything, within so long. */
const patientShare = 0.8;
const patienceMs = 3000;
/** Time in which a worker has tried again what failed. */
const aloneMs = 40_000;
const mostIdle = 25;
/** What is asked of people is answered at last. */
const lastWords: readonly Word[] = [
  { verb: "resume-all" },
  { verb: "approve", removal: "delete" },
  { verb: "promote-manual" },
  { verb: "retry" },
];

/** Plays the story of a seed; other events than its own may be given. */
export async function simulate(
  seed: number,
  events: readonly StoryEvent[] = drawEvents(seededRandom(seed)),
): Promise<Outcome> {
  // Whoever calls may not be a promise that went on: from here on the queue of ticks has its turn last.
  await settle();
  const [first] = events;
  const land = await landWith(first?.kind === "stand" ? first.apps : null);
  const story = new Story(seed, events, land);
  await story.play();
  const { violations, log, passes, writes, steps } = story;
  const outcome = {
    seed,
    events,
    violations: [...violations],
    log: [...log],
    passes,
    writes,
    steps,
  };
  await story.leave();
  return outcome;
}

type ControllerTrouble = "kill-controller" | "pause-controller" | "twin" | "restore-controller";

class Story {
  readonly violations: string[] = [];
  readonly log: string[] = [];
  passes = 0;
  writes = 0;
  steps = 0;
  readonly #time: VirtualTime;
  readonly #ground: Ground;
  readonly #auditor: Auditor;
  readonly #seed: number;
  readonly #events: readonly StoryEvent[];
  readonly #workers = new Map<string, Life>();
  #controller: ControllerProcess | undefined;
  readonly #passAuditor: PassAuditor;
  readonly #backups: Backups;
  /** Apps of which another tool has taken an object. */
  readonly #contested = new Set<string>();
  /** From the last event until everything is made well. */
  readonly #aftermathMs: number;
  #declared = 0;
  #wasControlLost = false;
  #wasStoreLost = false;
  /** Sites that some head had and a later one had not. */
  readonly #forgotten = new Set<string>();
  /** Sites that some head had in another region than a later one. */
  readonly #moved = new Set<string>();
  /** `<site> <app>` where an app was to be let go of. */
  readonly #letGo = new Set<string>();
  readonly #goneSites = new GoneSites();
  #lastPass: Pass | undefined;
  /** When the last passes ended that wrote nothing. */
  readonly #idleAt: number[] = [];

  constructor(seed: number, events: readonly StoryEvent[], land: Land) {
    this.#seed = seed;
    this.#events = events;
    this.#time = new VirtualTime(seededRandom(seed ^ 0x5eed), beginMs);
    this.#aftermathMs = this.#time.random() * aftermathMs;
    this.#ground = {
      ...land,
      time: this.#time,
      skewMs: 0,
      settings: hastySettings,
      watch: {
        onPass: (pass) => {
          this.passes += 1;
          this.#lastPass = pass;
          this.#noteIdentities(pass);
          this.#goneSites.note(pass);
          if (!pass.hasWritten) this.#checkIdle();
          this.#try(() => this.#passAuditor.check(pass));
        },
        onMirrorCommit: (mirror, commit) => this.#auditor.mirrorCommit(mirror, commit),
        onAccept: (mirror, commit) => this.#auditor.accepted(mirror, commit),
        onFollow: (mirror, commit) => this.#auditor.followed(mirror, commit),
        onReport: () => undefined,
        onWrite: (write) => {
          this.writes += 1;
          this.#note(`${write.mirror} ${write.method} ${write.site} ${write.path}`);
          return this.#auditor.write(write);
        },
        onNoStart: (why) => this.#startAgain(why),
        onBug: (what) => this.#fail(`a bug: ${what}`),
      },
    };
    this.#passAuditor = new PassAuditor(this.#ground.repository);
    this.#backups = new Backups(this.#ground);
    this.#auditor = new Auditor(this.#ground, (what) => this.#fail(what));
  }

  /** Ends all that still runs. */
  async leave(): Promise<void> {
    this.#time.end();
    await settle();
  }

  async play(): Promise<void> {
    const { repository, regions: all } = this.#ground;
    if (repository.isEmpty) repository.commit(firstHead);
    this.#startController();
    for (const region of all.values()) this.#startWorker(region);
    await settle();
    for (const event of this.#events) {
      if (await this.#runUntil(beginMs + event.at)) return;
      this.#note(JSON.stringify(event));
      await this.#backups.take();
      this.#happen(event);
      await settle();
    }
    if (await this.#runUntil(this.#time.now + this.#aftermathMs)) return;
    if (await this.#liftTroubles()) return;
    // Commits wake everything that they change: in some stories nothing is committed for a while.
    if (this.#seed % 4 === 0 && (await this.#restAlone())) return;
    await this.#makeWell();
    if (this.violations.length === 0) await this.#end();
  }

  /** Which sites the followed head does not have, and as what those that it has again are known. */
  #noteIdentities({ control: { state } }: Pass): void {
    const { repository, sites } = this.#ground;
    if (state.head === null) return;
    const followed = repository.at(state.head.commit);
    for (const [name, site] of sites) {
      const known = state.sites[name];
      if (followed.sites[name] === undefined) site.isForgotten ||= known?.leaving === undefined;
      else if (known?.moving === undefined) site.recognise(known?.uid);
    }
  }

  /** True when a promise was broken. */
  async #runUntil(until: number): Promise<boolean> {
    while (this.violations.length === 0 && (await this.#time.step(until))) this.steps += 1;
    return this.violations.length > 0;
  }

  /** The same for so long, or until something is so. */
  async #runFor(ms: number, isSo: () => boolean): Promise<boolean> {
    const until = this.#time.now + ms;
    while (this.#time.now < until && !isSo()) {
      if (await this.#runUntil(Math.min(until, this.#time.now + 100))) return true;
    }
    return false;
  }

  #happen(event: StoryEvent): void {
    const { repository } = this.#ground;
    if ("mirror" in event) this.#disturbRegion(event);
    else if ("site" in event) this.#disturbSite(event);
    else if ("word" in event) void this.#speak(event);
    else if (event.kind === "commit") {
      this.#commit(changeHead(repository.head, repository.previous, event.change));
    } else if (event.kind === "clock") this.#ground.skewMs += event.byMs;
    else if (event.kind === "stand") return;
    else this.#disturbController(event);
  }

  #commit(head: StoryHead): void {
    const { repository } = this.#ground;
    repository.commit(head);
    for (const [site, { region }] of Object.entries(repository.previous.sites)) {
      const now = head.sites[site];
      if (now === undefined) this.#forgotten.add(site);
      else if (now.region !== region) this.#moved.add(site);
      for (const app of letGoAt(site, repository.previous, head)) this.#letGo.add(`${site} ${app}`);
    }
  }

  #disturbRegion(event: Extract<StoryEvent, { mirror: string }>): void {
    const region = this.#ground.regions.get(event.mirror);
    if (region === undefined) return;
    if (event.kind === "link") region.cut(event.isCut);
    else if (event.kind === "worker-clock") region.skewMs += event.byMs;
    else if (event.kind === "damage-mirror") this.#damageMirror(region, event);
    else if (event.kind === "pause-worker") this.#workers.get(region.name)?.pause(event.forMs);
    else {
      this.#killWorker(region, event.downMs);
      if (event.kind !== "restore-worker") return;
      this.#backups.restoreWorker(event);
      this.#wasStoreLost ||= event.what !== "copy";
    }
  }

  #damageMirror(
    region: Region,
    { what, forMs }: Extract<StoryEvent, { kind: "damage-mirror" }>,
  ): void {
    region.failing = what;
    this.#time.after(forMs, () => (region.failing = null));
  }

  #disturbSite(event: Extract<StoryEvent, { site: string }>): void {
    const site = this.#ground.sites.get(event.site);
    if (site === undefined) return;
    if (event.kind === "fault") site.fault = event.fault;
    else if (event.kind === "exchange") {
      site.exchange();
      this.#time.after(event.forMs, () => site.giveBack());
    } else {
      if (event.how === "seize") this.#contested.add(event.app);
      meddle(site, event, this.#time.now);
    }
  }

  #disturbController(event: Extract<StoryEvent, { kind: ControllerTrouble }>): void {
    if (event.kind === "pause-controller") this.#controller?.life.pause(event.forMs);
    else if (event.kind === "twin") {
      this.#controller?.life.pause(event.pausedMs);
      this.#controller = startController(this.#ground);
      // The one that is overtaken ends, and who runs them starts one where none is left.
      this.#time.after(event.pausedMs + 2000, () => this.#startController());
    } else {
      this.#killController(event.downMs);
      if (event.kind === "kill-controller") return;
      this.#wasControlLost = true;
      if (event.what === "both") this.#auditor.lose();
      this.#passAuditor.forget();
      this.#backups.restoreController(event);
    }
  }

  #startController(): void {
    if (this.#controller?.life.isAlive !== true) this.#controller = startController(this.#ground);
  }

  /** Without control, what stands in the mirrors is all that is known: it waits for them, and who runs it tries again. */
  #startAgain(why: string): void {
    const { head = null } = this.#lastPass?.control.state ?? {};
    if (head !== null) this.#fail(`a bug: ${why}`);
    else this.#time.after(againMs, () => this.#startController());
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

  async #speak({ kind, word }: Extract<StoryEvent, { word: Word }>): Promise<void> {
    await (kind === "say" ? this.#say(word) : this.#declare(word));
  }

  /** What is said to the controller; what it refuses is part of the story. */
  async #say(word: Word): Promise<void> {
    for (const decision of await this.#decisions(word)) {
      this.#controller?.inbox.ask({ decision, by: "ada" }).catch(() => undefined);
    }
  }

  /** The same as files. */
  async #declare(word: Word): Promise<void> {
    const { repository } = this.#ground;
    const specs = (await this.#decisions(word)).map((decision) => {
      this.#declared += 1;
      return [`d${this.#declared}`, specOf(decision)] as const;
    });
    const decisions = { ...repository.head.decisions, ...Object.fromEntries(specs) };
    repository.commit({ ...repository.head, decisions });
  }

  async #decisions(word: Word): Promise<Decision[]> {
    const control = this.#controller?.world()?.control;
    return control === undefined ? [] : decisionsOf(word, control);
  }

  /** No fault lasts, and nobody is stopped; true when a promise was broken. */
  async #liftTroubles(): Promise<boolean> {
    const { regions: all, sites } = this.#ground;
    this.#note("no trouble is left");
    for (const site of sites.values()) {
      site.fault = "none";
      site.giveBack();
    }
    for (const region of all.values()) {
      region.cut(false);
      region.failing = null;
    }
    this.#startController();
    for (const region of all.values()) this.#startWorker(region);
    return this.#runFor(wellMs, () => this.#controller?.isLeading() === true);
  }

  /** What stands in a mirror is applied, without anybody who commits or says anything; true when it is not. */
  async #restAlone(): Promise<boolean> {
    let stuck: ReadonlySet<string> | undefined;
    for (const until = this.#time.now + aloneMs; this.#time.now < until;) {
      const unapplied = new Set(await this.#unapplied());
      stuck = stuck?.intersection(unapplied) ?? unapplied;
      if (stuck.size === 0) return false;
      if (await this.#runUntil(this.#time.now + lookEveryMs)) return true;
    }
    this.#fail(`nothing is in its way, and it is not applied: ${[...(stuck ?? [])].join(", ")}`);
    return true;
  }

  /** Apps at sites, with the trees that their mirrors have for them and their workers have not applied. */
  async #unapplied(): Promise<string[]> {
    const left = this.#unreportedTrees().filter(
      ({ app, site }) =>
        this.#ground.sites.get(site)?.isMeddled !== true && !this.#contested.has(app),
    );
    const refused = left.map(({ mirror, site, tree }) =>
      this.#auditor.isRefused(mirror, site, tree),
    );
    const isRefused = await Promise.all(refused);
    return left
      .filter((_, index) => isRefused[index] !== true)
      .map(({ app, site, tree }) => `${app} at ${site} (${tree})`);
  }

  /** Trees that stand in mirrors and are not told as applied. */
  #unreportedTrees(): { mirror: string; site: string; app: string; tree: string }[] {
    const { control, input, mirrors: all = [] } = this.#lastPass ?? {};
    const told = this.#controller?.world()?.observations;
    return Object.entries(input?.mirrors ?? {}).flatMap(([site, apps]) => {
      // While control is lost it may be older than the mirrors.
      const standing = all.find(({ snapshot }) => snapshot.sites.has(site))?.mirror.name;
      const mirror = standing ?? control?.state.sites[site]?.mirror ?? "";
      return Object.entries(apps).flatMap(([app, entry]) => {
        if (!("tree" in entry)) return [];
        const isApplied = told?.appReport(mirror, site, app)?.tree === entry.tree;
        return isApplied ? [] : [{ mirror, site, app, tree: entry.tree }];
      });
    });
  }

  /** A commit makes room for all: budgets are those of the head before. */
  async #makeWell(): Promise<void> {
    const { repository } = this.#ground;
    this.#note("everything is made well");
    if (this.#wasControlLost && (await this.#recover())) return;
    void this.#say({ verb: "resume-all" });
    if (await this.#runUntil(this.#time.now + 500)) return;
    const { sites = {} } = this.#lastPass?.control.state ?? {};
    repository.commit(roomyHead(repository.head, suspendedLeavers(sites)));
    const { headId } = repository;
    await this.#runFor(wellMs, () => this.#lastPass?.control.state.head?.commit === headId);
  }

  /** Workers have reported, and an operator confirms what the mirrors have; true when a promise was broken. */
  async #recover(): Promise<boolean> {
    const { repository, sites } = this.#ground;
    if (await this.#runUntil(this.#time.now + 1000)) return true;
    void this.#say({ verb: "recover" });
    // What an app had that left meanwhile is known to nobody: an operator makes room for the others.
    const isKnown = (app: string): boolean => Object.hasOwn(repository.head.apps, app);
    for (const site of sites.values()) clearShared(site, isKnown, this.#time.now);
    return this.#runUntil(this.#time.now + 500);
  }

  /**
   * Until the clusters are what the head says; never is a violation. In most stories what was released before may come to
   * rest by itself; where it does not, or in the others, everything is released anew.
   */
  async #end(): Promise<void> {
    const { repository } = this.#ground;
    const isPatient = this.#time.random() < patientShare;
    if (isPatient && (await this.#rest(patienceMs)) === null) return;
    if (this.violations.length > 0) return;
    repository.commit(goodHead(repository.head, "v9", { contested: this.#contested }));
    const open = await this.#rest(this.#wasStoreLost ? calmMs + driftMs : calmMs);
    if (open === null) return;
    this.#fail(`it does not come to rest: ${open} (the controller says: ${this.#told()})`);
  }

  /** Null when everything is at rest within a time, or a promise was broken; else what is not, in words. */
  async #rest(ms: number): Promise<string | null> {
    const { repository, sites } = this.#ground;
    const deadline = this.#time.now + ms;
    const wordsFrom = this.#time.now + wordsAfterMs;
    let left = ["nothing was looked at"];
    while (this.#time.now < deadline) {
      if (this.#time.now >= wordsFrom) this.#sayLastWords();
      if (await this.#runUntil(this.#time.now + lookEveryMs)) return null;
      left = differences(repository.head, {
        sites,
        forgotten: this.#forgotten,
        emptied: this.#goneSites.emptied(),
        wasControlLost: this.#wasControlLost,
        moved: this.#moved,
        letGo: this.#letGo,
        given: await this.#auditor.given(),
      });
      if (left.length === 0 && this.#isQuiet()) return null;
    }
    return left.length === 0 ? "releases are still open" : left.join("; ");
  }

  #sayLastWords(): void {
    if (this.#wasControlLost) void this.#say({ verb: "recover" });
    for (const word of lastWords) void this.#say(word);
    // No stage passes without a success by what people said of another release.
    const waits = this.#lastPass?.plan?.waits.filter(({ code }) => code === "no-success") ?? [];
    const releases = new Set(waits.flatMap(({ release }) => release ?? []));
    if (releases.size > 0) void this.#say({ verb: "excuse-tied", releases });
  }

  #told(): string {
    const waits = (this.#lastPass?.plan?.waits ?? []).map(
      ({ app, site, code, reason }) => `${app} ${site ?? ""} ${code} ${reason}`,
    );
    return [...(this.#lastPass?.problems ?? []), ...waits].join("; ");
  }

  #isQuiet(): boolean {
    const { control } = this.#lastPass ?? {};
    if (control === undefined) return false;
    const { apps, sites } = control.state;
    return (
      Object.values(apps).every(({ open }) => open.length === 0) &&
      Object.values(sites).every(({ leaving }) => leaving === undefined)
    );
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
    this.log.push(`${((this.#time.now - beginMs) / 1000).toFixed(3).padStart(8)} ${what}`);
  }
}
