/**
 * Rate of applies: every object of an app changes at every site, by Flotilla; then the same applies are sent by a bare
 * client, then some of them by kubectl; again and again, so that what else the machine does hits all of them.
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fieldManagerOf } from "../src/core/apply/ownership.ts";
import { type BareClient, createBareClient, type ReadyApply } from "./bare-client.ts";
import type { BenchFleet } from "./bench-fleet.ts";
import type { Note } from "./figure.ts";
import { readyApplies } from "./ready-applies.ts";
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
  await using client = createBareClient(servers.values(), token);
  await client.createNamespaces(twin);
  // All objects are there, and all connections open.
  await client.applyEverywhere(readyApplies(fleet.size.objects, twin, 1));
  const rates: { flotilla: number; bare: number; kubectl: number }[] = [];
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
    rates.map(({ flotilla }) => flotilla),
  );
  note(
    "applies, bare client",
    "per second",
    rates.map(({ bare }) => bare),
  );
  note(
    "applies, kubectl apply --server-side",
    "per second",
    rates.map((rate) => rate.kubectl),
  );
  note(
    "applies, Flotilla to bare client",
    "%",
    rates.map((r) => (100 * r.flotilla) / r.bare),
  );
}

/** From the first answered apply to the last, all sites and workers together. */
async function flotillaRate(fleet: BenchFleet, version: number): Promise<number> {
  const { size, sites } = fleet;
  await sites.forget();
  const pushed = await fleet.push(appFiles(app, size.objects, version), `Version ${version}`);
  await fleet.settled(pushed.commit);
  const writes = Object.values((await sites.figures()).writes);
  const count = writes.reduce((sum, one) => sum + one.count, 0);
  const expected = size.sites * size.objects;
  if (count !== expected) throw new Error(`${count} applies were sent, not ${expected}`);
  const first = Math.min(...writes.map((one) => one.first));
  const last = Math.max(...writes.map((one) => one.last));
  return (1000 * count) / (last - first);
}

async function bareRate(
  client: BareClient,
  { size }: BenchFleet,
  applies: readonly ReadyApply[],
): Promise<number> {
  const tookMs = await client.applyEverywhere(applies);
  return (1000 * size.sites * applies.length) / tookMs;
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
