/** What moves as one: a release, or several that are tied. */
import type { Board } from "./board.ts";
import { own } from "./own.ts";
import type { FrozenStage, Release } from "./records.ts";
import { type ListedSite, listedSite, siteState, type SiteState } from "./site-state.ts";
import { holdOn } from "./holds.ts";
import { isHealthy, standingOf } from "./site-view.ts";

/** Releases by app and id. Tied members have equal stages, but for budgets: those are the unit's. */
export interface Unit {
  readonly members: readonly { readonly app: string; readonly id: string }[];
}

/** A release's part at a site. */
export interface Part extends ListedSite {
  readonly state: SiteState;
}

/** A site of a unit's stage, with its part in each member that lists it. */
export interface UnitSite {
  readonly site: string;
  readonly region: string;
  readonly parts: readonly Part[];
  readonly state: SiteState;
}

/** The members as they are now. */
export function releasesOf(board: Board, unit: Unit): Release[] {
  return unit.members.flatMap(({ app, id }) => board.apps.get(app)?.open.get(id) ?? []);
}

/** The stages of a unit. */
export function stagesOf(releases: readonly Release[]): readonly FrozenStage[] {
  return releases[0]?.stages ?? [];
}

/** The sites of each stage, in the order of the lists. */
export function sitesByStage(
  { units }: Pick<Board, "units">,
  releases: readonly Release[],
): readonly (readonly string[])[] {
  const [first, ...others] = releases;
  if (first === undefined || others.length > 0) return sortedByStage(releases);
  const known = units.stages.get(first.list) ?? sortedByStage(releases);
  units.stages.set(first.list, known);
  return known;
}

function sortedByStage(releases: readonly Release[]): string[][] {
  const stages: string[][] = stagesOf(releases).map(() => []);
  const seen = new Set<string>();
  for (const release of releases) {
    for (const [site, { stage }] of Object.entries(release.list)) {
      if (releases.length > 1 && seen.has(site)) continue;
      if (releases.length > 1) seen.add(site);
      stages[stage]?.push(site);
    }
  }
  return stages;
}

/** A site of a unit with its state. */
export function unitSite(
  board: Pick<Board, "input" | "units">,
  releases: readonly Release[],
  site: string,
): UnitSite {
  const [only] = releases.length === 1 ? releases : [];
  const part = only === undefined ? null : partAt(board, only, site);
  if (part !== null) {
    return { site, region: part.view.facts?.region ?? "", parts: [part], state: part.state };
  }
  const parts = onePerApp(releases.flatMap((release) => partAt(board, release, site) ?? []));
  const region = board.input.sites.get(site)?.region ?? "";
  return { site, region, parts, state: mergedState(parts.map(({ state }) => state)) };
}

const rankOf = { app: 0, removal: 1, site: 2 } as const;

/** Where a candidate and a site release of one app are in the same unit, the candidate decides about the site. */
function onePerApp(parts: readonly Part[]): readonly Part[] {
  if (parts.length < 2) return parts;
  const byApp = new Map<string, Part>();
  for (const part of parts) {
    const { app, kind } = part.release;
    const known = byApp.get(app);
    if (known === undefined || rankOf[kind] < rankOf[known.release.kind]) byApp.set(app, part);
  }
  return [...byApp.values()];
}

/** A release's part at a site; null: it does not list it. */
export function partAt(
  { input, units }: Pick<Board, "input" | "units">,
  release: Release,
  site: string,
): Part | null {
  const parts = units.parts.get(release) ?? new Map<string, Part | null>();
  units.parts.set(release, parts);
  const known = parts.get(site);
  if (known !== undefined) return known;
  const listed = listedSite(input, release, site);
  const part = listed === undefined ? null : partOf(listed);
  parts.set(site, part);
  return part;
}

function partOf(listed: ListedSite): Part {
  const state = siteState(listed);
  return { ...listed, state: isHeldBack(listed, state) ? waiting : state };
}

const waiting: SiteState = { kind: "waiting", holdsSlot: false };

/** A site that cannot be reached is not excused while it is held: the stage would pass it by, hold or not. */
function isHeldBack({ input, release, entry, view }: ListedSite, state: SiteState): boolean {
  if (input.control.holds.length === 0 || state.kind !== "excused") return false;
  if (release.backTo !== undefined) return false;
  if (state.because !== "offline" && state.because !== "suspended") return false;
  const stage = release.stages[entry.stage];
  const at = { site: view.site, region: view.facts?.region ?? "" };
  const { app, kind, id, source } = release;
  return holdOn(input.control.holds, { app, kind, release: id, source, stage, at }) !== undefined;
}

/** How tied parts of one site stand together: what is worst or least far counts. */
const weights: Readonly<Record<SiteState["kind"], number>> = {
  fails: 6,
  failed: 5,
  waiting: 4,
  "in-flight": 3,
  unchanged: 2,
  done: 1,
  excused: 0,
};

function mergedState(states: readonly SiteState[]): SiteState {
  const [first, ...others] = states;
  if (first === undefined) return { kind: "excused", because: "forgotten", settledAt: 0 };
  let worst = first;
  for (const state of others) if (weights[state.kind] > weights[worst.kind]) worst = state;
  if (worst.kind !== "waiting") return worst;
  return { kind: "waiting", holdsSlot: states.some(holdsSlot) };
}

/** It takes a slot of `maxInFlight`. */
export function holdsSlot(state: SiteState): boolean {
  if (state.kind === "waiting" || state.kind === "failed") return state.holdsSlot;
  return state.kind === "in-flight";
}

/** What a site is when it is to be handed over: healthy as soon as one of its parts is, for that can break. */
export function unitStanding({ parts }: UnitSite): "healthy" | "unhealthy" | "joining" {
  const standings = parts.map(({ view, release }) => standingOf(view, release.unknownBlocks));
  if (standings.includes("healthy")) return "healthy";
  return standings.includes("unhealthy") ? "unhealthy" : "joining";
}

/** It counts as unavailable: in flight or not healthy now, but never joining, excused or gone. */
export function isUnavailable({ parts }: UnitSite): boolean {
  return parts.some((part) => {
    const { release, view, entry, state } = part;
    if (state.kind === "excused") return false;
    if (entry.to === null && state.kind === "done") return false;
    const was = own(release.handed, view.site)?.was ?? standingOf(view, release.unknownBlocks);
    if (was === "joining" && standingOf(view, release.unknownBlocks) !== "unhealthy") return false;
    return holdsSlot(state) || !isHealthy(view, release.unknownBlocks);
  });
}
