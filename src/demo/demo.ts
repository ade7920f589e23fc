/**
 * A whole fleet on this machine, on loopback: a fleet repository from the template or the reader, the controller and one
 * worker per region as processes of their own, and a simulated cluster for every site. What the command line shows and
 * breaks.
 */
import { type ControllerClient, openControllerClient } from "../adapters/http/controller-client.ts";
import { readCheckout } from "../adapters/git/read-checkout.ts";
import { FleetError } from "../core/errors.ts";
import { loadFleet } from "../core/model/load-fleet.ts";
import type { FleetStatus } from "../core/protocol/api.ts";
import type { Clock } from "../runtime/clock.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { Broken, FaultKind, Part, Parts } from "./breakage.ts";
import { type DemoPaths, demoPaths, type Regions, writeKubeconfigs } from "./configs.ts";
import { createFaults, type Faults } from "./faults.ts";
import { createFleetFolder, type FleetFolder } from "./fleet-folder.ts";
import { handOverRecords } from "./hand-overs.ts";
import { type LastChange, watchChanges } from "./last-change.ts";
import { createReleaseMender } from "./mend-releases.ts";
import { type DemoProcesses, type Ended, startProcesses } from "./processes.ts";
import { type DemoSites, startDemoSites } from "./sites.ts";

/** How everything stands at one look. */
export interface DemoState {
  /** Null while the controller does not answer. */
  readonly status: FleetStatus | null;
  /** The last one that the controller gave. */
  readonly lastStatus: FleetStatus | null;
  readonly broken: readonly Broken[];
  /** Processes that ended by themselves. */
  readonly ended: readonly Ended[];
  readonly change: LastChange | null;
}

export interface Demo {
  readonly paths: DemoPaths;
  readonly parts: Parts;
  readonly fleet: FleetFolder;
  readonly controllerUrl: string;
  /** Reads everything anew. */
  look(): Promise<DemoState>;
  /** Gives one line of what is so now. */
  break(part: Part, how: FaultKind): Promise<string>;
  heal(part: Part): Promise<string>;
  /** Heals all that is broken; gives a line each. */
  healAll(): Promise<readonly string[]>;
  /** DELETE requests that came in at the sites. */
  deletes(): number;
  /** Ends all processes; the folder stays. */
  close(): Promise<void>;
}

export interface DemoOptions {
  /** An empty folder, absolute. */
  readonly dir: string;
  /** A folder with a valid fleet, absolute; without it, the template. */
  readonly source?: string | undefined;
  readonly clock: Clock;
  /** Gets a line for each thing that the demo does by itself. */
  readonly say: (line: string) => void;
}

/** Starts everything. GIT_FAILED without a git that is new enough, DEMO_FAILED when a process does not come up. */
export async function startDemo({ dir, source, clock, say }: DemoOptions): Promise<Demo> {
  const paths = demoPaths(dir);
  const fleet = await createFleetFolder(paths.fleet, { clock, source });
  const regions = await regionsOf(paths.fleet);
  const sites = await startDemoSites([...regions.values()].flat(), clock);
  try {
    await writeKubeconfigs(paths, sites.kubeconfigs);
    const processes = await startProcesses(paths, regions, clock);
    const api = openControllerClient({
      url: processes.controllerUrl,
      token: await readTokenFile(paths.apiToken),
      by: "flotilla demo",
    });
    const faults = createFaults(sites, processes);
    return assemble({ paths, fleet, regions, sites, processes, api, faults, clock, say });
  } catch (error) {
    await sites.close();
    throw error;
  }
}

async function regionsOf(checkout: string): Promise<Regions> {
  const loaded = loadFleet(await readCheckout(checkout));
  if (!loaded.ok) throw new Error(`the fleet is not valid: ${JSON.stringify(loaded)}`);
  const regions = new Map<string, string[]>();
  for (const [name, { value }] of loaded.value.sites) {
    const { region } = value.spec;
    regions.set(region, [...(regions.get(region) ?? []), name].toSorted());
  }
  return new Map([...regions].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface World {
  readonly paths: DemoPaths;
  readonly fleet: FleetFolder;
  readonly regions: Regions;
  readonly sites: DemoSites;
  readonly processes: DemoProcesses;
  readonly api: ControllerClient;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly say: (line: string) => void;
}

function assemble(world: World): Demo {
  const { paths, fleet, regions, sites, processes, faults } = world;
  const mender = createReleaseMender(world.api, () => faults.broken().length > 0);
  const look = lookAt(world);
  return {
    paths,
    fleet,
    parts: { sites: [...regions.values()].flat(), regions: [...regions.keys()] },
    controllerUrl: processes.controllerUrl,
    look: async () => {
      const state = await look();
      if (state.status !== null)
        for (const line of await mender.look(state.status)) world.say(line);
      return state;
    },
    break: (part, how) => faults.break(part, how),
    heal: async (part) => {
      const told = await faults.heal(part);
      mender.noteHeal();
      return told;
    },
    healAll: async () => {
      const told = await faults.healAll();
      if (told.length === 0) return ["nothing is broken"];
      mender.noteHeal();
      return told;
    },
    deletes: () => sites.deletes(),
    close: async () => {
      await processes.close();
      await sites.close();
    },
  };
}

/** Looks in the order that LastChange needs: a status is never older than the records that it is held against. */
function lookAt({ paths, fleet, sites, processes, faults, api, clock }: World) {
  const records = handOverRecords(paths.control, clock);
  const changes = watchChanges();
  let lastStatus: FleetStatus | null = null;
  return async (): Promise<DemoState> => {
    const writes = sites.writes();
    const head = await fleet.head();
    const recorded = await records.read();
    const status = await statusOrNull(api);
    lastStatus = status ?? lastStatus;
    return {
      status,
      lastStatus,
      broken: faults.broken(),
      ended: processes.ended(),
      change: changes.see({ head, recorded, writes, status }),
    };
  };
}

async function statusOrNull(api: ControllerClient): Promise<FleetStatus | null> {
  try {
    return await api.status();
  } catch (error) {
    // Killed, or not through its first pass: that is told by there being none.
    if (error instanceof FleetError) return null;
    throw error;
  }
}

/** True when the commit is followed and has arrived: nothing is open, every site is in sync and healthy. */
export function hasArrived({ status }: DemoState, commit: string): boolean {
  if (status === null || status.releases.length > 0) return false;
  const { total, synced, healthy } = status.sites;
  return status.revision?.endsWith(commit) === true && synced === total && healthy === total;
}
