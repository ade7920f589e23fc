/**
 * Rollouts under a clock: how much they take beyond what their strategies ask for, where a bad one stops, how fast it is
 * back, and how fast a fix is everywhere. Throws where a promise is broken; a missed time is a figure.
 */
import { Value } from "typebox/value";
import { createGit, type Git } from "../src/adapters/git/git-process.ts";
import type { FleetStatus } from "../src/core/protocol/api.ts";
import { mirrorBranch } from "../src/core/protocol/mirror-layout.ts";
import { Release } from "../src/core/rollout/records.ts";
import { inStableOrder } from "../src/core/rollout/stable-order.ts";
import { type HandOverRecords, handOverRecords } from "../src/demo/hand-overs.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import type { BenchFleet } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import {
  type AppVersion,
  everywhere,
  many,
  minReadyMs,
  part,
  rolloutFiles,
  sitesOf,
  soakMs,
  stageCounts,
  versionFiles,
} from "./rollout-fleet.ts";

/** Measures every kind of rollout once in each round. */
export async function measureRollouts(
  fleet: BenchFleet,
  rounds: number,
  note: Note,
): Promise<void> {
  const git = createGit({ clock: systemClock() });
  const records = handOverRecords(fleet.control, systemClock());
  const run: Run = { fleet, git, records, versions: new Map(), number: 1 };
  const { commit } = await fleet.push(rolloutFiles(fleet.size), "Place apps, in stages");
  await fleet.settled(commit);
  const all = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    for (const measure of measures) {
      for (const [figure, value] of Object.entries(await measure(run))) {
        process.stderr.write(`         round ${round + 1}, ${figure}: ${value}\n`);
        all.set(figure, [...(all.get(figure) ?? []), value]);
      }
    }
  }
  for (const [figure, values] of all)
    note(figure, figure.endsWith(": sites") ? "sites" : "ms", values);
}

interface Run {
  readonly fleet: BenchFleet;
  readonly git: Git;
  readonly records: HandOverRecords;
  /** Of each app, as it was pushed last. */
  readonly versions: Map<string, AppVersion>;
  /** The last number that a version has. */
  number: number;
}

const measures = [
  (run: Run) => beyond(run, part),
  (run: Run) => beyond(run, everywhere),
  badRelease,
  cutRelease,
  fix,
];

/** A change after which sites are healthy at once: what it takes beyond the sum of its soaks and minReady (ms). */
async function beyond(run: Run, app: string): Promise<Record<string, number>> {
  const { fleet } = run;
  const { commit } = await push(run, app, { settings: nextNumber(run) });
  await fleet.until(`${app} is through`, (status) => isThrough(status, commit));
  const endedAt = Date.now();
  const stages = stageCounts[app] ?? 0;
  const sites = sitesOf(fleet.size, app).length;
  const took = endedAt - (await followedAt(run, commit));
  await fleet.settled(commit);
  return {
    [`${stages} stages over ${sites} sites, seen to through, beyond soaks and minReady`]:
      took - stages * (soakMs + minReadyMs),
  };
}

function isThrough({ revision, releases }: FleetStatus, commit: string): boolean {
  return revision?.endsWith(commit) === true && releases.length === 0;
}

/** A version that breaks every site but its canary: where it stops, and when its stage is back. */
async function badRelease(run: Run): Promise<Record<string, number>> {
  const { fleet } = run;
  const broken = await breakAllButCanary(run, part);
  await fleet.until(`${part} goes back`, (status) => stateOf(status, part) === "failed");
  await fleet.until(
    `${part} is back`,
    (status) => sitesWith(status, part, isHealthy) === broken + 1,
  );
  const backAt = Date.now();
  const release = await openRelease(run, part);
  const handed = handedByStage(release);
  if (handed[0] !== 1 || handed[2] !== 0) {
    throw new Error(`the bad release left its stage: ${handed.join(", ")} sites got it`);
  }
  const stoppedAt = Date.parse(release.goingBack?.at ?? "");
  await mend(run, part);
  return {
    "a bad release, from detection until its stage is back and healthy": backAt - stoppedAt,
    "a bad release in stage 2 of 3: sites": handed[1] ?? 0,
  };
}

/** A version that cuts the network of each site that it touches. */
async function cutRelease(run: Run): Promise<Record<string, number>> {
  const { fleet } = run;
  await fleet.sites.cutOnApply();
  await push(run, part, { settings: nextNumber(run) });
  await fleet.until(`${part} stops`, (status) => stateOf(status, part) === "failed");
  const handed = handedByStage(await openRelease(run, part));
  const cut = await fleet.sites.healCut();
  if (handed.some((count, stage) => stage > 0 && count > 0)) {
    throw new Error(`it went on after the first stage: ${handed.join(", ")} sites got it`);
  }
  await mend(run, part);
  return { "a release that cuts the network of what it touches: sites": cut.length };
}

/** A version has broken every site that it came to, but its canary; the next one is a fix. */
async function fix(run: Run): Promise<Record<string, number>> {
  const { fleet } = run;
  const broken = await breakAllButCanary(run, many);
  await fleet.until(
    `${many} has broken all but its canary`,
    (status) => failedOf(status, many) === broken,
  );
  const { commit } = await push(run, many, { image: `good-${nextNumber(run)}` });
  await fleet.until(
    `${many} is mended`,
    (status) =>
      sitesWith(
        status,
        many,
        (app) => isHealthy(app) && app.revision?.endsWith(commit) === true,
      ) ===
      broken + 1,
  );
  const mendedAt = Date.now();
  const figure = `a fix for ${broken} broken sites, from seen to healthy everywhere`;
  const took = mendedAt - (await followedAt(run, commit));
  await fleet.settled(commit);
  return { [figure]: took };
}

/** Pushes an image whose pods crash everywhere but at the canary; gives the number of sites that it would break. */
async function breakAllButCanary(run: Run, app: string): Promise<number> {
  const [, ...others] = inStableOrder(app, sitesOf(run.fleet.size, app));
  const image = `bad-${nextNumber(run)}`;
  await run.fleet.sites.script(others, [{ match: { image: `:${image}` }, outcome: "crashing" }]);
  await push(run, app, { image });
  return others.length;
}

/** The next commit is good: whatever was broken is well again, everywhere. */
async function mend(run: Run, app: string): Promise<void> {
  const { commit } = await push(run, app, { image: `good-${nextNumber(run)}` });
  await run.fleet.settled(commit);
}

function nextNumber(run: Run): number {
  run.number += 1;
  return run.number;
}

async function push(
  { fleet, versions }: Run,
  app: string,
  change: Partial<AppVersion>,
): ReturnType<BenchFleet["push"]> {
  const version = { settings: 1, image: "1", ...versions.get(app), ...change };
  versions.set(app, version);
  return fleet.push(versionFiles(app, version), `${app}: ${JSON.stringify(change)}`);
}

async function followedAt({ records }: Run, commit: string): Promise<number> {
  const { followed } = await records.read();
  if (followed?.commit !== commit) throw new Error("another commit is followed");
  return followed.at;
}

type SiteApp = FleetStatus["siteList"][number]["apps"][number];

const isHealthy = ({ health }: SiteApp): boolean => health === "Healthy";

function sitesWith(
  { siteList }: FleetStatus,
  app: string,
  matches: (app: SiteApp) => boolean,
): number {
  return siteList.filter(({ apps }) => apps.some((each) => each.app === app && matches(each)))
    .length;
}

function failedOf({ releases }: FleetStatus, app: string): number {
  const stages = releases.find((release) => release.app === app)?.stages ?? [];
  return stages.reduce((sum, { failed }) => sum + failed, 0);
}

function stateOf({ releases }: FleetStatus, app: string): string | undefined {
  return releases.find((release) => release.app === app)?.state;
}

/** The app's open candidate, as control has it. */
async function openRelease({ fleet, git }: Run, app: string): Promise<Release> {
  const inside = async (...args: string[]): Promise<string> =>
    (await git({ args, gitDir: fleet.control })).stdout.toString("utf8");
  const folder = `apps/${app}/open/`;
  const files = await inside("ls-tree", "--name-only", mirrorBranch, folder);
  for (const file of files.split("\n").filter(Boolean)) {
    const release: unknown = JSON.parse(
      await inside("cat-file", "blob", `${mirrorBranch}:${file}`),
    );
    if (Value.Check(Release, release) && release.kind === "app") return release;
  }
  throw new Error(`${app} has no open release`);
}

/** How many sites of each stage it was handed to. */
function handedByStage({ stages, list, handed }: Release): readonly number[] {
  return stages.map(
    (_, index) => Object.keys(handed).filter((site) => list[site]?.stage === index).length,
  );
}
