/**
 * Sites that get an app by the open list because of a new head (they are new, or their labels changed): what the head
 * brings beside its releases, and what it ends of that which an older one brought. Pure.
 */
import { own } from "../core/rollout/own.ts";
import type { AppControl, ControlChange, StartInput } from "../core/rollout/planner-types.ts";
import type { Release } from "../core/rollout/records.ts";
import { openReleaseOf } from "./release-events.ts";
import type { ReleaseEvent } from "./release-ledger.ts";

export interface JoinInput {
  readonly input: StartInput;
  /** App -> sites, as the head followed until now places them. */
  readonly placedBefore: Readonly<Record<string, readonly string[]>>;
  /** What the new head changes in control. */
  readonly changes: readonly ControlChange[];
}

/** What a new head tells of joiners. */
export function joinEvents(join: JoinInput): ReleaseEvent[] {
  const { input, placedBefore } = join;
  const apps = [...new Set([...Object.keys(input.desired), ...Object.keys(placedBefore)])];
  return apps.toSorted().flatMap((app) => {
    const listed = listedSites(join, app);
    const before = new Set(own(placedBefore, app));
    const placed = Object.keys(own(input.desired, app)?.sites ?? {});
    const joining = placed.filter(
      (site) => !before.has(site) && !listed.has(site) && !standsThere(input, app, site),
    );
    const isPlaced = new Set(placed);
    const gone = [...before].filter(
      (site) => isUnderWay(input, app, site) && (listed.has(site) || !isPlaced.has(site)),
    );
    return [
      ...(joining.length === 0
        ? []
        : [{ event: "joins", app, source: input.head, sites: joining } as const]),
      ...(gone.length === 0
        ? []
        : [{ event: "joined", app, outcome: "gone", sites: gone, by: input.head } as const]),
    ];
  });
}

/** Sites that an open release will decide about. */
function listedSites({ input, changes }: JoinInput, app: string): ReadonlySet<string> {
  const open = new Map((own(input.control.apps, app)?.open ?? []).map((each) => [each.id, each]));
  for (const { path, record } of changes) {
    const found = openReleaseOf(path);
    if (found?.app !== app) continue;
    if (record === null) open.delete(found.release);
    else open.set(found.release, record as Release); // what lies there
  }
  return new Set([...open.values()].flatMap(({ list }) => Object.keys(list)));
}

function standsThere({ mirrors }: StartInput, app: string, site: string): boolean {
  return own(own(mirrors, site), app) !== undefined;
}

/** It may be a joiner that has not arrived. */
function isUnderWay(input: StartInput, app: string, site: string): boolean {
  const control: AppControl | undefined = own(input.control.apps, app);
  const isHanded = own(control?.arrivals?.handed ?? {}, site) !== undefined;
  return isHanded || !standsThere(input, app, site);
}
