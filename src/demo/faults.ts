/**
 * Breaks parts of a demo and heals them, one after the other in the order in which that was asked for: what is healed
 * runs when its heal has ended, however quickly keys and commands follow each other. Nothing here deletes anything: a
 * fault is a silence, and it ends.
 */
import { type Broken, type FaultKind, type Part, partInWords, brokenInWords } from "./breakage.ts";
import { type DemoProcesses, workerRole } from "./processes.ts";
import type { DemoSites } from "./sites.ts";

export interface Faults {
  broken(): readonly Broken[];
  /** Breaks a part; gives one line of what is so now. A part that is broken already gets the new fault. */
  break(part: Part, how: FaultKind): Promise<string>;
  /** Heals a part; what works is left alone. */
  heal(part: Part): Promise<string>;
  /** Heals all that is broken; gives a line each. */
  healAll(): Promise<readonly string[]>;
}

/** Nothing is broken yet. */
export function createFaults(sites: DemoSites, processes: DemoProcesses): Faults {
  const broken = new Map<string, Broken>();
  const keyOf = ({ kind, name }: Part): string => `${kind}/${name}`;
  const heal = async (part: Part): Promise<string> => {
    await mend(part, { sites, processes });
    const wasBroken = broken.delete(keyOf(part));
    return `${partInWords(part)} ${wasBroken ? "is healed" : "was not broken"}`;
  };
  const inTurn = createTurns();
  return {
    broken: () => [...broken.values()],
    break: (part, how) =>
      inTurn(async () => {
        const isProcess = part.kind === "worker" || part.kind === "controller";
        const fault: Broken = { ...part, how: isProcess ? "killed" : how };
        broken.set(keyOf(part), fault);
        await apply(fault, { sites, processes });
        return brokenInWords(fault);
      }),
    heal: (part) => inTurn(() => heal(part)),
    healAll: () =>
      inTurn(async () => {
        const told: string[] = [];
        for (const part of broken.values()) told.push(await heal(part));
        return told;
      }),
  };
}

type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

/** Each piece of work begins when the one before it has ended, well or not. */
function createTurns(): InTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined); // told to whoever asked for it
    return next;
  };
}

interface World {
  readonly sites: DemoSites;
  readonly processes: DemoProcesses;
}

async function apply({ kind, name, how }: Broken, { sites, processes }: World): Promise<void> {
  switch (kind) {
    case "site":
      if (how !== "killed") sites.fail(name, how);
      return;
    case "worker":
      return processes.kill(workerRole(name));
    case "controller":
      return processes.kill("controller");
    case "link": {
      const link = processes.links.get(name);
      link?.fail({ kind: how === "hang" ? "hang" : "refuse" });
      if (how === "refuse") link?.dropConnections();
    }
  }
}

async function mend({ kind, name }: Part, { sites, processes }: World): Promise<void> {
  switch (kind) {
    case "site":
      return sites.heal(name);
    case "worker":
      return processes.revive(workerRole(name));
    case "controller":
      return processes.revive("controller");
    case "link": {
      const link = processes.links.get(name);
      link?.heal();
      // What hung has lost bytes: its ends must notice.
      link?.dropConnections();
    }
  }
}
