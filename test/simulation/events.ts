/** What happens in a story, as data: drawn from a seed at first, and taken away one by one to find what matters. */
import type { HoldScope } from "../../src/core/protocol/api.ts";
import type { ClusterFault } from "./cluster-connection.ts";
import { appNames, type Change, regions, siteNames, versions } from "./fleet-story.ts";

type Happening =
  | { readonly kind: "commit"; readonly change: Change }
  | { readonly kind: "fault"; readonly site: string; readonly fault: ClusterFault }
  | { readonly kind: "kill-worker"; readonly mirror: string; readonly downMs: number }
  | { readonly kind: "kill-controller"; readonly downMs: number }
  | { readonly kind: "link"; readonly mirror: string; readonly isCut: boolean }
  | { readonly kind: "clock"; readonly byMs: number }
  | { readonly kind: "hold"; readonly scope: HoldScope; readonly all: boolean }
  | { readonly kind: "resume"; readonly scope: HoldScope }
  | { readonly kind: "approve" | "retry" | "excuse" }
  | { readonly kind: "stray"; readonly site: string; readonly app: string };

/** Something that happens at a time (ms since the start). */
export type StoryEvent = Happening & { readonly at: number };

type Random = () => number;

/** So long do things happen; then everything is made well. */
export const stormMs = 40_000;

/** The events of a seed, in order of time. */
export function drawEvents(random: Random): StoryEvent[] {
  const count = 4 + Math.floor(random() * 12);
  const events = Array.from({ length: count }, () => ({
    ...happening(random),
    at: Math.floor(random() * stormMs),
  }));
  const first = { kind: "commit" as const, change: budgets(random), at: 0 };
  return [first, ...events.toSorted((a, b) => a.at - b.at)];
}

function happening(random: Random): Happening {
  const roll = random();
  if (roll < 0.42) return { kind: "commit", change: change(random) };
  if (roll < 0.54) return { kind: "fault", site: pick(random, siteNames), fault: fault(random) };
  if (roll < 0.62) {
    return { kind: "kill-worker", mirror: pick(random, regions), downMs: between(random, 0, 9000) };
  }
  if (roll < 0.7) return { kind: "kill-controller", downMs: between(random, 0, 9000) };
  if (roll < 0.77) return { kind: "link", mirror: pick(random, regions), isCut: random() < 0.6 };
  if (roll < 0.8) return { kind: "clock", byMs: between(random, -20_000, 20_000) };
  if (roll < 0.83)
    return { kind: "stray", site: pick(random, siteNames), app: pick(random, appNames) };
  return word(random);
}

function word(random: Random): Happening {
  const scopes: HoldScope[] = [
    { app: "web" },
    { fleet: true },
    { region: pick(random, regions) },
    { site: pick(random, siteNames) },
  ];
  const scope = pick(random, scopes);
  const roll = random();
  if (roll < 0.3) return { kind: "hold", scope, all: random() < 0.3 };
  if (roll < 0.5) return { kind: "resume", scope };
  return { kind: pick(random, ["approve", "retry", "excuse"] as const) };
}

function change(random: Random): Change {
  const [app, site] = [pick(random, appNames), pick(random, siteNames)];
  const roll = random();
  if (roll < 0.36)
    return { do: "version", app: pick(random, ["web", app]), version: pick(random, versions) };
  if (roll < 0.42) return { do: "revert" };
  if (roll < 0.54) return { do: "app", app };
  if (roll < 0.62) return { do: "place", app };
  if (roll < 0.7) return { do: "extra", app };
  if (roll < 0.77) return { do: "site", site };
  if (roll < 0.84) return { do: "label", site };
  if (roll < 0.91) return { do: "region", site };
  if (roll < 0.94) return { do: "suspend", site };
  return budgets(random);
}

function budgets(random: Random): Change {
  return {
    do: "budgets",
    // 0 is for ever, also for the removal of an app that no later head has: such a story would never come to rest.
    maxInFlight: between(random, 1, 3),
    maxUnavailable: between(random, 1, 3),
    failureBudget: between(random, 0, 2),
    approval: random() < 0.4,
    deletionBudget: between(random, 0, 8),
  };
}

function fault(random: Random): ClusterFault {
  return pick(random, ["none", "refuse", "error", "hang", "cut"]);
}

function pick<T>(random: Random, choices: readonly T[]): T {
  const chosen = choices[Math.floor(random() * choices.length)];
  if (chosen === undefined) throw new Error("there is nothing to choose from");
  return chosen;
}

function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
