/** The last change of the fleet repository: when it was committed, seen, and had its effect at each site. */
import type { FleetStatus } from "../core/protocol/api.ts";
import {
  type Effect,
  type EffectTimes,
  effectsOf,
  effectTimes,
  type SiteWrite,
} from "./effect-times.ts";
import type { Pushed } from "./fleet-folder.ts";
import type { HandOver, Recorded } from "./hand-overs.ts";

/** What became of a commit. */
export interface LastChange {
  readonly commit: string;
  /** From when it became the branch's head until the controller followed it; null: not yet. */
  readonly commitToSeenMs: number | null;
  /** Hand-overs of the releases that it started, so far: one for each site and app. */
  readonly handedOver: number;
  /** Those that had their effect. */
  readonly applied: number;
  /** Different sites among the hand-overs. */
  readonly sites: number;
  /** From when it was followed until the last of them was applied; null: none yet. */
  readonly seenToLastSiteMs: number | null;
  readonly timeToEffectMs: EffectTimes | null;
}

/** Everything that was looked at at one time, in this order: writes, records, status. */
interface Look {
  readonly head: Pushed | null;
  readonly recorded: Recorded;
  readonly writes: readonly SiteWrite[];
  readonly status: FleetStatus | null;
}

export interface ChangeWatch {
  /** Takes a look in; null before the first commit. */
  see(look: Look): LastChange | null;
}

/** Watches from the first commit on. What has had its effect and is through does not change any more by later repairs. */
export function watchChanges(): ChangeWatch {
  const final = new Map<string, Effect>();
  return {
    see: ({ head, recorded, writes, status }) => {
      const effects = effectsOf(recorded.handOvers, writes).map((effect) => {
        const known = final.get(keyOf(effect));
        if (known !== undefined) return known;
        if (isThrough(status, effect)) final.set(keyOf(effect), effect);
        return effect;
      });
      return head === null ? null : changeOf(head, recorded, effects);
    },
  };
}

function keyOf({ site, app, at }: HandOver): string {
  return `${site}/${app}/${at}`;
}

function isThrough(status: FleetStatus | null, { site, app }: HandOver): boolean {
  if (status === null || status.releases.some((release) => release.app === app)) return false;
  const apps = status.siteList.find((each) => each.site === site)?.apps ?? [];
  return apps.find((each) => each.app === app)?.sync === "Synced";
}

function changeOf(
  { commit, at }: Pushed,
  { followed, handOvers }: Recorded,
  effects: readonly Effect[],
): LastChange {
  const ofCommit = (handOver: HandOver): boolean => handOver.source === commit;
  const handed = handOvers.filter(ofCommit);
  const applied = effects.filter(ofCommit);
  const seenAt = followed?.commit === commit ? followed.at : null;
  const lastAt = Math.max(...applied.map(({ appliedAt }) => appliedAt));
  return {
    commit,
    commitToSeenMs: seenAt === null ? null : seenAt - at,
    handedOver: handed.length,
    applied: applied.length,
    sites: new Set(handed.map(({ site }) => site)).size,
    seenToLastSiteMs: seenAt === null || applied.length === 0 ? null : lastAt - seenAt,
    timeToEffectMs: effectTimes(applied),
  };
}
