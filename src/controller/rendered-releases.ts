/** Renders the releases that sites are entitled to, at the sites as a commit has them. */
import type { RenderedApp, TreeId } from "../core/render/rendered.ts";
import { rendererNumber } from "../core/render/rendered.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlState, MirrorState } from "../core/rollout/planner-types.ts";
import type { ReleaseRef } from "../core/rollout/records.ts";
import { entitledTrees, releasesInUse, type SiteTrees } from "./entitlement.ts";
import type { Rendering, ValidHead } from "./rendering.ts";

/** Everything that decides which tree a site gets from the release it is on. */
export interface EntitlementInput {
  readonly control: ControlState;
  /** The commit whose site data counts. */
  readonly head: ValidHead;
  readonly mirrors: MirrorState;
  readonly rendering: Rendering;
}

/** Per app: the tree each site gets from the release it is entitled to. */
export async function entitledByApp(input: EntitlementInput): Promise<Record<string, SiteTrees>> {
  const { control, head, mirrors } = input;
  const entitled: Record<string, SiteTrees> = {};
  for (const [app, state] of Object.entries(control.apps)) {
    const rendered = new Map<string, RenderedApp | null>();
    for (const release of releasesInUse(state.current)) {
      rendered.set(release.id, await renderRelease(app, release, input));
    }
    entitled[app] = entitledTrees(state, head.model.sites, {
      treesOf: ({ id }) => rendered.get(id)?.sites ?? null,
      standing: (site) => standingTree(mirrors, site, app),
    });
  }
  return entitled;
}

function standingTree(mirrors: MirrorState, site: string, app: string): TreeId | undefined {
  const entry = own(own(mirrors, site), app);
  return entry !== undefined && "tree" in entry ? entry.tree : undefined;
}

/** null: this version does not render it as it was released, so what stands has to stay. */
async function renderRelease(
  app: string,
  release: ReleaseRef,
  { head, rendering }: EntitlementInput,
): Promise<RenderedApp | null> {
  if (release.renderer !== rendererNumber) return null;
  const now = head.apps.get(app);
  if (now?.inputDigest === release.digest) return now;
  // Where kustomize or Helm come to no end for the head, a pass does not ask them for older releases either.
  if (head.lacking !== null) return null;
  return rendering.app(app, release.source, head.commit);
}

/** Renders the to-trees of all open releases, so that each can be written into a mirror, also after a restart. */
export async function renderOpenReleases(
  control: ControlState,
  head: ValidHead,
  rendering: Rendering,
): Promise<void> {
  if (head.lacking !== null) return;
  for (const { app, source, kind } of Object.values(control.apps).flatMap(({ open }) => open)) {
    if (kind !== "app" || source === head.commit) continue;
    await rendering.app(app, source, head.commit);
    await rendering.app(app, source, source);
  }
}
