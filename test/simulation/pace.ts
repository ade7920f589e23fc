/** A rollout on a fleet to which nothing happens, in virtual time: what it takes beyond what its strategy asks for. */
import type { Pass } from "../../src/controller/reconcile.ts";
import type { WorkerReport } from "../../src/core/protocol/worker-report.ts";
import { firstHead, type StoryHead } from "./fleet-story.ts";
import { emptyLand } from "./land.ts";
import {
  type ControllerProcess,
  type Ground,
  settingsWith,
  startController,
  startWorker,
} from "./processes.ts";
import { seededRandom, settle, VirtualTime } from "./virtual-time.ts";

/** Times of a strategy of three stages. */
export interface Pace {
  readonly soakMs: number;
  readonly minReadyMs: number;
}

/** How a rollout went. */
export interface Rollout {
  /** From the moment in which its commit was followed until it was through, without soaks and minReady. */
  readonly beyondMs: number;
  /** What happened when, from that moment on (ms). */
  readonly timeline: readonly string[];
}

const stages = [{ name: "one", count: 1 }, { name: "two", count: 1 }, { name: "rest" }];
const limitMs = 3_600_000;

/** Plays a release of a change that leaves sites healthy through three stages; workers have their usual times. */
export async function playRollout(seed: number, pace: Pace): Promise<Rollout> {
  const run = new PacedRun(seed);
  const first = headFor(pace, false);
  run.commit(first);
  await run.until("the fleet stands", 1);
  // A while later, so that no look and no heartbeat is in step with the commit.
  await run.rest(30_000);
  run.commit(headFor(pace, true));
  const took = await run.until("the release is through", 2);
  const asked = stages.length * (pace.soakMs + pace.minReadyMs);
  return { beyondMs: took - asked, timeline: run.timeline };
}

function headFor({ soakMs, minReadyMs }: Pace, hasExtra: boolean): StoryHead {
  const times = { soak: `${soakMs}ms`, minReady: `${minReadyMs}ms` };
  return {
    ...firstHead,
    sites: { ...firstHead.sites, s4: { region: "west", tier: "depot", suspend: false } },
    apps: { web: { version: "v1", tier: null, hasExtra } },
    maxInFlight: "100%",
    maxUnavailable: "100%",
    strategy: { ...times, stages },
  };
}

class PacedRun {
  timeline: string[] = [];
  readonly #time: VirtualTime;
  readonly #ground: Ground;
  readonly #controller: ControllerProcess;
  #bugs: string[] = [];
  #followedAt: number | null = null;
  #isThrough = false;
  #commits = 0;

  constructor(seed: number) {
    this.#time = new VirtualTime(seededRandom(seed));
    this.#ground = {
      ...emptyLand(),
      time: this.#time,
      skewMs: 0,
      settings: settingsWith({ heartbeat: "5s", observe: "10s", settle: "1s" }),
      watch: {
        onPass: (pass) => this.#passed(pass),
        onMirrorCommit: (mirror) => this.#note(`${mirror}: the mirror has a commit`),
        onAccept: () => undefined,
        onFollow: (mirror) => this.#note(`${mirror}: the worker has the commit`),
        onReport: (mirror, report) => this.#note(`${mirror}: tells ${inWords(report)}`),
        onWrite: ({ mirror, site, method, path }) => {
          this.#note(`${mirror}: ${method} ${path} at ${site}`);
          return () => undefined;
        },
        onNoStart: (what) => this.#bugs.push(what),
        onBug: (what) => this.#bugs.push(what),
      },
    };
    this.#controller = startController(this.#ground);
    for (const region of this.#ground.regions.values()) {
      startWorker(this.#ground, region, () => this.#controller);
    }
  }

  commit(head: StoryHead): void {
    this.#ground.repository.commit(head);
    this.#commits += 1;
    this.#followedAt = null;
    this.#isThrough = false;
  }

  async rest(ms: number): Promise<void> {
    const until = this.#time.now + ms;
    while (await this.#time.step(until));
  }

  /** Until the newest commit is followed and nothing is open; the time since it was followed, ms. */
  async until(what: string, commits: number): Promise<number> {
    const deadline = this.#time.now + limitMs;
    // Processes that have just begun wait for nothing yet.
    await settle();
    while (!this.#isThrough && (await this.#time.step(deadline)));
    const [bug] = this.#bugs;
    if (bug !== undefined) throw new Error(bug);
    if (!this.#isThrough || this.#followedAt === null || this.#commits !== commits) {
      throw new Error(`not within an hour: ${what}`);
    }
    return this.#time.now - this.#followedAt;
  }

  #passed({ control, hasWritten }: Pass): void {
    const { head, apps } = control.state;
    if (head?.commit !== this.#ground.repository.headId) return;
    if (this.#followedAt === null) {
      this.#followedAt = this.#time.now;
      this.timeline = [];
    }
    const open = Object.values(apps).flatMap((app) => app.open);
    const words = open.map(({ opened, passed, handed }) => {
      const [begun, done] = [Object.keys(opened).length, Object.keys(passed).length];
      return `${begun} stages open, ${done} passed, ${Object.keys(handed).length} sites handed over`;
    });
    this.#note(
      `a pass${hasWritten ? " that wrote" : ""}: ${words.join("; ") || "nothing is open"}`,
    );
    this.#isThrough ||= open.length === 0 && Object.keys(apps).length > 0;
  }

  #note(what: string): void {
    if (this.#followedAt === null) return;
    const at = Math.round(this.#time.now - this.#followedAt);
    this.timeline.push(`${String(at).padStart(8)} ms  ${what}`);
  }
}

function inWords({ apps }: WorkerReport): string {
  const told = apps.map(
    ({ site, health, healthyForMs, longestHealthyMs }) =>
      `${site} ${health} for ${healthyForMs} (${longestHealthyMs} at a stretch)`,
  );
  return told.join(", ") || "that it lives";
}
