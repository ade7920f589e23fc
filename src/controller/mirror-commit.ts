/**
 * One commit of a mirror, worked out as data: which paths change, what stands there afterwards, what its trailers say.
 * Only the sites that move are looked at; no app folder comes to be but by a hand-over or by a site's move.
 */
import { canonicalJson, isSameJson } from "../core/model/json.ts";
import {
  cameFolder,
  goodFolder,
  type LeavingMarker,
  type MirrorTrailers,
  type SiteMeta,
} from "../core/protocol/mirror-layout.ts";
import type { TreeId } from "../core/render/rendered.ts";
import type { HandOver, MirrorEntry } from "../core/rollout/planner-types.ts";
import type { TreeChange } from "../adapters/git/object-store.ts";
import { noContent, type SiteContent } from "./mirror-snapshot.ts";

/** All that one pass wants of one mirror. */
export interface MirrorWork {
  readonly handOvers: readonly HandOver[];
  /** Sites that leave the mirror. */
  readonly leaves: readonly string[];
  /** Sites that come from another mirror with their trees. */
  readonly enters: readonly {
    readonly site: string;
    readonly trees: Readonly<Record<string, TreeId>>;
    readonly good: Readonly<Record<string, TreeId>>;
    /** App -> what it had where it comes from, beside its tree. */
    readonly came?: Readonly<Record<string, readonly TreeId[]>>;
  }[];
}

/** A mirror commit as data. */
export interface MirrorCommit {
  readonly changes: readonly TreeChange[];
  /** What stands at the sites that the commit touches, afterwards; null: the site is gone. */
  readonly after: ReadonlyMap<string, SiteContent | null>;
  readonly moved: MirrorTrailers["changes"];
}

interface Draft {
  readonly apps: Map<string, MirrorEntry>;
  readonly good: Map<string, TreeId>;
  readonly came: Set<string>;
  readonly changes: TreeChange[];
}

export interface MirrorCommitInput {
  readonly before: ReadonlyMap<string, SiteContent>;
  readonly work: MirrorWork;
  readonly sizeOf: (tree: TreeId) => number;
  /** The meta file of a site with these apps standing there; null: it has none yet. */
  readonly metaOf: (site: string, apps: readonly string[]) => SiteMeta | null;
  /** Sites whose facts may have changed. */
  readonly facts: Iterable<string>;
}

/** Works out the commit; with no `changes` there is nothing to write. */
export function planMirrorCommit(input: MirrorCommitInput): MirrorCommit {
  const { before, work } = input;
  const drafts = new Map<string, Draft>();
  const draftOf = (site: string): Draft => {
    const draft = drafts.get(site) ?? newDraft(before.get(site) ?? noContent);
    drafts.set(site, draft);
    return draft;
  };
  for (const handOver of work.handOvers) {
    for (const step of handOver.apps) {
      handOverApp(draftOf(handOver.site), handOver.site, { step, sizeOf: input.sizeOf });
    }
  }
  for (const enter of work.enters) enterSite(draftOf(enter.site), enter);
  for (const site of input.facts) if (!work.leaves.includes(site)) draftOf(site);
  return assemble(input, drafts);
}

function newDraft({ apps, good, came }: SiteContent): Draft {
  return { apps: new Map(apps), good: new Map(good), came: new Set(came), changes: [] };
}

type Step = HandOver["apps"][number];

function handOverApp(
  draft: Draft,
  site: string,
  { step, sizeOf }: { step: Step; sizeOf: (tree: TreeId) => number },
): void {
  const { app, set, good } = step;
  const path = `sites/${site}/${app}`;
  const standing = draft.apps.get(app);
  if (isMarkedAlready(standing, set)) return;
  if (standing === undefined) forgetCame(draft, site, app);
  else if ("leaving" in standing) draft.changes.push({ path: `${path}.leaving`, remove: true });
  if ("tree" in set) {
    draft.changes.push({ path, tree: set.tree });
    draft.apps.set(app, { tree: set.tree });
  } else {
    if (standing !== undefined && "tree" in standing) draft.changes.push({ path, remove: true });
    if ("leaving" in set) leaveApp(draft, path, { app, set, sizeOf });
    else clearApp(draft, site, app);
  }
  if (good !== null && draft.good.get(app) !== good) {
    draft.changes.push({ path: `${goodFolder}/${site}/${app}`, tree: good });
    draft.good.set(app, good);
  }
}

/** Told again, after it failed: the marker stays as it is, for the tree whose size it tells stands there no more. */
function isMarkedAlready(standing: MirrorEntry | undefined, set: Step["set"]): boolean {
  if (standing === undefined || !("leaving" in standing) || !("leaving" in set)) return false;
  const { verb, release } = standing.leaving;
  return verb === set.leaving.verb && release === set.leaving.release;
}

function leaveApp(
  draft: Draft,
  path: string,
  {
    app,
    set,
    sizeOf,
  }: {
    app: string;
    set: Extract<Step["set"], { leaving: unknown }>;
    sizeOf: (tree: TreeId) => number;
  },
): void {
  const { verb, release, from } = set.leaving;
  const marker: LeavingMarker = { verb, release, expected: sizeOf(from), from };
  draft.changes.push({ path: `${path}.leaving`, content: `${canonicalJson(marker)}\n` });
  draft.apps.set(app, { leaving: { verb, release, from } });
}

/** The app has left: nothing of it stays, so that nothing can be rolled back to what was removed. */
function clearApp(draft: Draft, site: string, app: string): void {
  draft.apps.delete(app);
  forgetCame(draft, site, app);
  if (!draft.good.delete(app)) return;
  draft.changes.push({ path: `${goodFolder}/${site}/${app}`, remove: true });
}

/** Done where an app comes, too: what an older controller has left there is of an earlier time, and was let go of. */
function forgetCame(draft: Draft, site: string, app: string): void {
  if (!draft.came.delete(app)) return;
  draft.changes.push({ path: `${cameFolder}/${site}/${app}`, remove: true });
}

function enterSite(
  draft: Draft,
  { site, trees, good, came = {} }: MirrorWork["enters"][number],
): void {
  for (const app of draft.came) forgetCame(draft, site, app);
  for (const [app, tree] of Object.entries(trees)) {
    draft.apps.set(app, { tree });
    draft.changes.push({ path: `sites/${site}/${app}`, tree });
  }
  for (const [app, tree] of Object.entries(good)) {
    draft.good.set(app, tree);
    draft.changes.push({ path: `${goodFolder}/${site}/${app}`, tree });
  }
  for (const [app, earlier] of Object.entries(came)) {
    if (earlier.length > 0) draft.came.add(app);
    for (const tree of earlier) {
      draft.changes.push({ path: `${cameFolder}/${site}/${app}/${tree}`, tree });
    }
  }
}

function assemble(
  { before, work, metaOf }: MirrorCommitInput,
  drafts: ReadonlyMap<string, Draft>,
): MirrorCommit {
  const changes: TreeChange[] = [];
  const after = new Map<string, SiteContent | null>();
  for (const [site, draft] of drafts) {
    const old = before.get(site)?.meta ?? null;
    const meta = metaOf(site, [...draft.apps.keys()]) ?? old;
    const own = [...draft.changes, ...metaChange(site, meta, old)];
    if (own.length === 0) continue;
    changes.push(...own);
    after.set(site, { apps: draft.apps, good: draft.good, came: draft.came, meta });
  }
  for (const site of work.leaves) {
    const content = before.get(site);
    if (content === undefined) continue;
    changes.push(...removals(site, content));
    after.set(site, null);
  }
  return { changes, after, moved: movedBy(work) };
}

function metaChange(site: string, meta: SiteMeta | null, old: SiteMeta | null): TreeChange[] {
  if (meta === null || (old !== null && isSameJson(meta, old))) return [];
  return [{ path: `meta/${site}.json`, content: `${canonicalJson(meta)}\n` }];
}

function removals(site: string, { apps, good, came, meta }: SiteContent): TreeChange[] {
  return [
    ...(apps.size > 0 ? [{ path: `sites/${site}`, remove: true } as const] : []),
    ...(good.size > 0 ? [{ path: `${goodFolder}/${site}`, remove: true } as const] : []),
    ...(came.size > 0 ? [{ path: `${cameFolder}/${site}`, remove: true } as const] : []),
    ...(meta === null ? [] : [{ path: `meta/${site}.json`, remove: true } as const]),
  ];
}

function movedBy({ handOvers, enters }: MirrorWork): MirrorTrailers["changes"] {
  return [
    ...handOvers.flatMap(({ site, apps }) =>
      apps.map(({ app, release }) => ({ site, app, release })),
    ),
    ...enters.flatMap(({ site, trees }) =>
      Object.keys(trees).map((app) => ({ site, app, release: null })),
    ),
  ];
}

/** Sites assigned to the mirror and objects under `sites/`, for the trailers. */
export function countContent(
  sites: Iterable<SiteContent>,
  sizeOf: (tree: TreeId) => number,
): { sites: number; objects: number } {
  const count = { sites: 0, objects: 0 };
  for (const { apps, meta } of sites) {
    if (meta !== null) count.sites += 1;
    for (const entry of apps.values()) count.objects += "tree" in entry ? sizeOf(entry.tree) : 0;
  }
  return count;
}
