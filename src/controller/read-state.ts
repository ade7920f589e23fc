import type { ObservedSite } from "../core/rollout/planner-types.ts";
import type { ReadMirror, ReadState } from "./planner-input.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import { entitledByApp, renderOpenReleases } from "./rendered-releases.ts";
import type { ValidHead } from "./rendering.ts";
import type { World } from "./world.ts";

/** What a pass has found and goes on with. */
export interface PassState {
  readonly control: ControlSnapshot;
  readonly mirrors: readonly ReadMirror[];
  readonly head: ValidHead;
  readonly controlLost: string | undefined;
}

/** Adds what planning needs beside: renderings, and what the workers told. */
export async function readState(
  world: World,
  { control, mirrors, head, controlLost }: PassState,
  previous: ValidHead | null,
): Promise<ReadState> {
  const { rendering, observations, clock, memory } = world;
  const snapshots = mirrors.map(({ snapshot }) => snapshot);
  const standing = memory.standing(...snapshots);
  const entitlement = { control: control.state, mirrors: standing, rendering };
  await renderOpenReleases(control.state, head, rendering);
  await learnOldTrees(control, mirrors);
  await memory.kept.learn(mirrors, rendering);
  return {
    now: clock.now(),
    control,
    mirrors,
    standing,
    standsIn: memory.standsIn(mirrors.map(({ mirror }) => mirror.name).join("\n"), ...snapshots),
    good: memory.good(...snapshots),
    observed: observedSites(world, control),
    head,
    previous,
    entitled: await entitledByApp({ ...entitlement, head }),
    observations,
    rendering,
    keptOf: (tree) => memory.kept.of(tree),
    madeAnewOf: (tree) => memory.kept.madeAnewOf(tree, rendering),
    controlLost,
  };
}

/** Trees of releases that go back to an older one were not rendered, and stand nowhere until they are handed over. */
async function learnOldTrees(
  { state }: ControlSnapshot,
  mirrors: readonly ReadMirror[],
): Promise<void> {
  const open = Object.values(state.apps).flatMap((app) => app.open);
  const lists = open.flatMap(({ backTo, list }) =>
    backTo === undefined ? [] : Object.values(list),
  );
  for (const tree of new Set(lists.flatMap(({ to }) => to ?? []))) {
    for (const { mirror } of mirrors)
      if (mirror.unreadable === null && (await mirror.find(tree))) break;
  }
}

/** A site's own mirror speaks for it, and no other. */
function observedSites(
  { observations, mirrors, memory }: World,
  { state }: ControlSnapshot,
): Record<string, ObservedSite> {
  const served = memory.served(state.sites);
  const observed: Record<string, ObservedSite> = {};
  for (const { name } of mirrors.all()) {
    const sites = served.get(name);
    if (sites !== undefined) Object.assign(observed, observations.sitesOf(name, sites));
  }
  return observed;
}
