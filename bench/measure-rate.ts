/**
 * Rate of applies: every object of an app changes at every site, by Flotilla; then the same applies are sent by a bare
 * client, then some of them by kubectl; again and again, so that what else the machine does hits all of them. The CPU
 * time of an apply is told besides: it is what the rate on full cores comes from, and what else runs changes it little.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { fieldManagerOf } from "../src/core/apply/ownership.ts";
import { type BareClient, createBareClient, type ReadyApply } from "./bare-client.ts";
import type { BenchFleet } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import { type CpuByRole, cpuByRole, cpuSince } from "./role-cpu.ts";
import { readyApplies } from "./ready-applies.ts";
import type { SiteWrites } from "./simulated-sites.ts";
import { appFiles, appName } from "./synthetic-fleet.ts";

const run = promisify(execFile);
const app = appName(1);
/**
 * An app of the same size that Flotilla does not know: what the others write is not Flotilla's, which would repair it.
 */
const twin = "app-x";
const kubectlSites = 3;

export interface RateOptions {
  readonly rounds: number;
  /** Path of a kubectl. */
  readonly kubectl: string;
}

/** Notes the rates of the three, and the ratio of each round. */
export async function measureRate(
  fleet: BenchFleet,
  { rounds, kubectl }: RateOptions,
  note: Note,
): Promise<void> {
  const { servers, token } = fleet.sites;
  await using client = createBareClient(servers.values(), { token });
  await client.createNamespaces(twin);
  // All objects are there, and all connections open.
  await client.applyEverywhere(readyApplies(fleet.size.objects, twin, 1));
  const rates: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const version = 1000 + 3 * round;
    rates.push({
      flotilla: await flotillaRate(fleet, version),
      bare: await bareRate(client, fleet, readyApplies(fleet.size.objects, twin, version + 1)),
      kubectl: await kubectlRate(
        fleet,
        kubectl,
        readyApplies(fleet.size.objects, twin, version + 2),
      ),
    });
  }
  note(
    "applies, Flotilla",
    "per second",
    rates.map(({ flotilla }) => flotilla.rate),
  );
  note(
    "applies, bare client",
    "per second",
    rates.map(({ bare }) => bare.rate),
  );
  note(
    "applies, kubectl apply --server-side",
    "per second",
    rates.map((rate) => rate.kubectl),
  );
  note(
    "applies, Flotilla to bare client",
    "%",
    rates.map((r) => (100 * r.flotilla.rate) / r.bare.rate),
  );
  noteCpu(rates, note);
}

/** A rate (applies a second), and the CPU time of one apply by who used it (ms). */
interface Measured {
  readonly rate: number;
  readonly cpu: CpuByRole;
}

interface Round {
  readonly flotilla: Measured;
  readonly bare: Measured;
  readonly kubectl: number;
}

function noteCpu(rounds: readonly Round[], note: Note): void {
  for (const role of ["workers", "controller", "git", "simulator"] as const) {
    note(
      `CPU of an apply, Flotilla: ${role}`,
      "ms",
      rounds.map(({ flotilla }) => flotilla.cpu[role]),
    );
  }
  for (const role of ["bench", "simulator"] as const) {
    note(
      `CPU of an apply, bare client: ${role === "bench" ? "client" : role}`,
      "ms",
      rounds.map(({ bare }) => bare.cpu[role]),
    );
  }
}

/** From the first answered apply to the last, all sites and workers together; CPU from the push until all is settled. */
async function flotillaRate(fleet: BenchFleet, version: number): Promise<Measured> {
  const { size, sites } = fleet;
  await sites.forget();
  const before = await cpuByRole(fleet);
  const pushed = await fleet.push(appFiles(app, size.objects, version), `Version ${version}`);
  const expected = size.sites * size.objects;
  // Whoever asks the controller meanwhile is measured too.
  await answered(fleet, expected);
  await fleet.settled(pushed.commit);
  const after = await cpuByRole(fleet);
  const writes = Object.values((await sites.figures()).writes);
  const count = countOf(writes);
  if (count !== expected) throw new Error(`${count} applies were sent, not ${expected}`);
  const first = Math.min(...writes.map((one) => one.first));
  const last = Math.max(...writes.map((one) => one.last));
  return { rate: (1000 * count) / (last - first), cpu: cpuSince(before, after, count) };
}

const lookMs = 250;
const limitMs = 600_000;

/** Resolves when so many applies were answered; throws when that takes longer than ten minutes. */
async function answered({ sites }: BenchFleet, expected: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (countOf(Object.values((await sites.figures()).writes)) < expected) {
    if (performance.now() > deadline) throw new Error(`not ${expected} applies in ten minutes`);
    await sleep(lookMs);
  }
}

function countOf(writes: readonly SiteWrites[]): number {
  return writes.reduce((sum, { count }) => sum + count, 0);
}

async function bareRate(
  client: BareClient,
  fleet: BenchFleet,
  applies: readonly ReadyApply[],
): Promise<Measured> {
  const before = await cpuByRole(fleet);
  const tookMs = await client.applyEverywhere(applies);
  const count = fleet.size.sites * applies.length;
  return {
    rate: (1000 * count) / tookMs,
    cpu: cpuSince(before, await cpuByRole(fleet), count),
  };
}

/** One kubectl a site, one after the other: as a loop over kubeconfigs does it. */
async function kubectlRate(
  { sites }: BenchFleet,
  kubectl: string,
  applies: readonly ReadyApply[],
): Promise<number> {
  const [site = ""] = sites.servers.keys();
  const manifest = join(sites.kubeconfigFile(site), "..", "manifest.yaml");
  await writeFile(manifest, applies.map(({ body }) => `${body}\n`).join("---\n"));
  const started = performance.now();
  for (const name of [...sites.servers.keys()].slice(0, kubectlSites)) {
    // As the bare client's manager: what that writes next is then no conflict.
    const flags = ["--server-side", `--field-manager=${fieldManagerOf(twin)}`];
    const where = ["--kubeconfig", sites.kubeconfigFile(name)];
    await run(kubectl, ["apply", ...flags, ...where, "-f", manifest]);
  }
  return (1000 * kubectlSites * applies.length) / (performance.now() - started);
}
