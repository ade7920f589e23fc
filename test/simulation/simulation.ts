/** One story: a fleet, its processes and what befalls them, played in virtual time from a seed. */
import type { Pass } from "../../src/controller/reconcile.ts";
import type { Decision } from "../../src/core/protocol/api.ts";
import { SimSite } from "./cluster-connection.ts";
import { differences } from "./end-state.ts";
import { Backups } from "./disasters.ts";
import { drawEvents, type StoryEvent, stormMs } from "./events.ts";
import {
  changeHead,
  firstHead,
  goodHead,
  regions,
  siteNames,
  type StoryHead,
} from "./fleet-story.ts";
import { GitDisk } from "./git-disk.ts";
import { decisionsOf, specOf, type Word } from "./operator.ts";
import {
  type ControllerProcess,
  type Ground,
  hastySettings,
  Region,
  startController,
  startWorker,
} from "./processes.ts";
import { PassAuditor } from "./pass-promises.ts";
import { Auditor } from "./promises.ts";
import { Repository } from "./repository.ts";
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

/** Time that a fleet gets to come to rest once everything is well. */
const calmMs = 120_000;
const lookEveryMs = 1500;
const mostIdle = 25;
/** What is asked of people is answered at last. */
const lastWords: readonly Word[] = [
  { verb: "approve", removal: "delete" },
  { verb: "promote-manual" },
  { verb: "retry" },
];

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
  readonly #events: readonly StoryEvent[];
  readonly #workers = new Map<string, Life>();
  #controller: ControllerProcess | undefined;
  readonly #passAuditor: PassAuditor;
  readonly #backups: Backups;
  /** Apps of which another tool has taken an object. */
  readonly #contested = new Set<string>();
  #declared = 0;
  #wasControlLost = false;
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
      control: new GitDisk(),
      regions: new Map(regions.map((name) => [name, new Region(name)])),
      sites: new Map(siteNames.map((name) => [name, new SimSite(name)])),
      skewMs: 0,
      settings: hastySettings,
      watch: {
        onPass: (pass) => {
          this.passes += 1;
          this.#lastPass = pass;
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
        onBug: (what) => this.#fail(`a bug: ${what}`),
      },
    };
    this.#passAuditor = new PassAuditor(this.#ground.repository);
    this.#backups = new Backups(this.#ground);
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
      await this.#backups.take();
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
    if ("mirror" in event) this.#disturbRegion(event);
    else if ("site" in event) this.#disturbSite(event);
    else if ("word" in event) void this.#speak(event);
    else if (event.kind === "commit") {
      this.#commit(changeHead(repository.head, repository.previous, event.change));
    } else if (event.kind === "clock") this.#ground.skewMs += event.byMs;
    else this.#disturbController(event);
  }

  #commit(head: StoryHead): void {
    const { repository } = this.#ground;
    repository.commit(head);
    for (const site of Object.keys(repository.previous.sites)) {
      if (head.sites[site] === undefined) this.#forgotten.add(site);
    }
  }

  #disturbRegion(event: Extract<StoryEvent, { mirror: string }>): void {
    const region = this.#ground.regions.get(event.mirror);
    if (region === undefined) return;
    if (event.kind === "link") region.cut(event.isCut);
    else if (event.kind === "pause-worker") this.#workers.get(region.name)?.pause(event.forMs);
    else {
      this.#killWorker(region, event.downMs);
      if (event.kind === "restore-worker") void this.#backups.restoreWorker(event);
    }
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
      this.#passAuditor.forget();
      void this.#backups.restoreController(event);
    }
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

  /** No fault lasts, nobody is stopped, and the last commits are good and have room. */
  async #makeWell(): Promise<void> {
    const { repository, regions: all, sites } = this.#ground;
    this.#note("everything is made well");
    for (const site of sites.values()) {
      site.fault = "none";
      site.giveBack();
    }
    for (const region of all.values()) region.cut(false);
    this.#startController();
    for (const region of all.values()) this.#startWorker(region);
    if (await this.#runUntil(this.#time.now + 5000)) return;
    const good = { contested: this.#contested };
    void this.#say({ verb: "recover" });
    if (await this.#runUntil(this.#time.now + 1000)) return;
    void this.#say({ verb: "resume-all" });
    if (await this.#runUntil(this.#time.now + 1000)) return;
    if (this.#wasControlLost) {
      // What an app had that left meanwhile is known to nobody: an operator makes room for the others.
      const isKnown = (app: string): boolean => Object.hasOwn(repository.head.apps, app);
      for (const site of sites.values()) clearShared(site, isKnown, this.#time.now);
    }
    repository.commit(goodHead(repository.head, "v8", good));
    if (await this.#runUntil(this.#time.now + 5000)) return;
    // Budgets are those of the head before: once more, so that all have room.
    repository.commit(goodHead(repository.head, "v9", good));
  }

  /** Until the clusters are what the head says; never is a violation. */
  async #end(): Promise<void> {
    const { repository, sites } = this.#ground;
    const deadline = this.#time.now + calmMs;
    let left = ["nothing was looked at"];
    while (this.violations.length === 0 && this.#time.now < deadline) {
      for (const word of lastWords) void this.#say(word);
      if (await this.#runUntil(this.#time.now + lookEveryMs)) return;
      left = differences(repository.head, {
        sites,
        forgotten: this.#forgotten,
        wasControlLost: this.#wasControlLost,
      });
      if (left.length === 0 && this.#isQuiet()) return;
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

  #isQuiet(): boolean {
    const { control } = this.#lastPass ?? {};
    if (control === undefined) return false;
    return Object.values(control.state.apps).every(({ open }) => open.length === 0);
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
