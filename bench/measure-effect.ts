/** Time to effect: one object of one app changes at every site, round after round. */
import { setTimeout as sleep } from "node:timers/promises";
import { percentilesOf } from "../src/demo/effect-times.ts";
import { handOverRecords } from "../src/demo/hand-overs.ts";
import { systemClock } from "../src/runtime/system-clock.ts";
import type { BenchFleet } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import { appFiles, appName } from "./synthetic-fleet.ts";

interface Round {
  readonly pushedToSeen: number;
  readonly seenToLastSite: number;
  readonly handedToApplied: ReturnType<typeof percentilesOf>;
  readonly pushedToApplied: ReturnType<typeof percentilesOf>;
  readonly writes: number;
  readonly reads: number;
}

/** Changes app 0's Deployment `rounds` times; notes the times, and the requests of each change. */
export async function measureEffect(fleet: BenchFleet, rounds: number, note: Note): Promise<void> {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round++) measured.push(await oneRound(fleet, 100 + round));
  const all = (pick: (round: Round) => number): number[] => measured.map(pick);
  note(
    "pushed to seen and valid",
    "ms",
    all(({ pushedToSeen }) => pushedToSeen),
  );
  note(
    "seen to applied, slowest site",
    "ms",
    all(({ seenToLastSite }) => seenToLastSite),
  );
  for (const share of ["p50", "p85", "p99", "max"] as const) {
    note(
      `handed over to applied, ${share}`,
      "ms",
      all((round) => round.handedToApplied[share]),
    );
  }
  for (const share of ["p50", "p85", "max"] as const) {
    note(
      `pushed to applied, ${share}`,
      "ms",
      all((round) => round.pushedToApplied[share]),
    );
  }
  note(
    "writes of a one-object change, all sites",
    "requests",
    all(({ writes }) => writes),
  );
  note(
    "reads until that change has settled, all sites",
    "requests",
    all(({ reads }) => reads),
  );
}

async function oneRound(fleet: BenchFleet, version: number): Promise<Round> {
  const records = handOverRecords(fleet.control, systemClock());
  await fleet.sites.forget();
  const pushed = await fleet.push(changedDeployment(fleet, version), `Version ${version}`);
  await fleet.settled(pushed.commit);
  const { writes, counts } = await fleet.sites.figures();
  const { followed, handOvers } = await records.read();
  if (followed?.commit !== pushed.commit) throw new Error("another commit is followed");
  const handed = new Map(
    handOvers.filter(({ source }) => source === pushed.commit).map(({ site, at }) => [site, at]),
  );
  const applied = Object.entries(writes);
  if (applied.length !== fleet.size.sites) throw new Error(`${applied.length} sites were written`);
  return {
    pushedToSeen: followed.at - pushed.at,
    seenToLastSite: Math.max(...applied.map(([, { last }]) => last)) - followed.at,
    handedToApplied: percentilesOf(
      applied.map(([site, { last }]) => last - (handed.get(site) ?? Number.NaN)),
    ),
    pushedToApplied: percentilesOf(applied.map(([, { last }]) => last - pushed.at)),
    writes: sumOf(counts, (verb) => verb !== "GET" && verb !== "WATCH"),
    reads: sumOf(counts, (verb) => verb === "GET" || verb === "WATCH"),
  };
}

/** Only the Deployment's image changes: the other objects keep version 1. */
function changedDeployment({ size }: BenchFleet, version: number): Record<string, string> {
  const files = appFiles(appName(0), size.objects, 1);
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [
      path,
      text.replace(
        `registry.example/${appName(0)}:1"`,
        `registry.example/${appName(0)}:${version}"`,
      ),
    ]),
  );
}

function sumOf(
  counts: Readonly<Record<string, number>>,
  matches: (verb: string) => boolean,
): number {
  return Object.entries(counts).reduce((sum, [verb, n]) => sum + (matches(verb) ? n : 0), 0);
}

const quietMs = 20_000;
/** What has just become healthy is looked at more often for a while. */
const calmMs = 20_000;

/** Lets the settled fleet alone for a while and notes what is asked of the sites meanwhile. */
export async function measureQuiet(fleet: BenchFleet, note: Note): Promise<void> {
  await sleep(calmMs);
  await fleet.sites.forget();
  await sleep(quietMs);
  const { counts } = await fleet.sites.figures();
  const reads = sumOf(counts, (verb) => verb === "GET" || verb === "WATCH");
  const perSiteMinute = (reads / fleet.size.sites) * (60_000 / quietMs);
  note("writes while nothing changes, 20 s, all sites", "requests", [
    sumOf(counts, (verb) => verb !== "GET" && verb !== "WATCH"),
  ]);
  note("reads while nothing changes, a site and minute", "requests", [perSiteMinute]);
}
