/**
 * Two revisions of a fleet -> the plan as a value. The releases in it are those that the controller would begin
 * (`startReleases`), on a fleet at rest; the diffs compare what the two revisions render to.
 */
import { createHash } from "node:crypto";
import { immutableChanges } from "../apply/immutable-fields.ts";
import { mayBeMadeAnew } from "../apply/made-anew.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import type { Site } from "../model/kinds.ts";
import { type Json, canonicalJson } from "../model/json.ts";
import { describeKey, keyOf, type KubeObject, type ObjectId } from "../model/kube-object.ts";
import { type TreeId, type Variant, rendererNumber } from "../render/rendered.ts";
import { changedReleases } from "../rollout/changed-releases.ts";
import { siteFacts } from "../rollout/fleet-facts.ts";
import type { Release } from "../rollout/records.ts";
import { isProtectedKind } from "../rollout/protected-objects.ts";
import { someOf } from "../rollout/words.ts";
import { startReleases } from "../rollout/start-releases.ts";
import { type PlanSide, assumedState } from "./assumed-state.ts";
import { decisionPlans } from "./decision-plans.ts";
import { diffGroups } from "./diff-groups.ts";
import { factNotes } from "./fact-notes.ts";
import type { DeletionPlan, FleetPlan, SitePlan, VariantPlan } from "./fleet-plan.ts";
import { objectChanges } from "./object-changes.ts";
import { hasWindows, plannedWaits } from "./planned-waits.ts";
import { releasePlan, stagePlans } from "./release-plans.ts";
import { ruleNotes } from "./rule-notes.ts";

/** What a plan needs to know besides the two revisions. */
export interface PlanOptions {
  /** Objects that are deleted only with consent. */
  readonly isProtected: (object: ObjectId) => boolean;
  /** When it is planned (ms): which windows are open. */
  readonly now: number;
}

/** Plans going from `base` (null: nothing) to `head`. Same inputs, same bytes. */
export function planFleet(
  base: PlanSide | null,
  head: PlanSide,
  { isProtected, now }: PlanOptions,
): FleetPlan {
  const start = assumedState({ base, head, isProtected, now });
  const { changes, notes } = startReleases(start);
  const releases = changedReleases(changes);
  const moves = movesOf(base, head);
  const variants = variantPlans(moves, [base, head]);
  const siteOf = (site: string): Site | undefined =>
    (head.model.sites.get(site) ?? base?.model.sites.get(site))?.value;
  const leaving = new Set(moves.map(({ site }) => site)).difference(head.model.sites);
  const plan: Omit<FleetPlan, "digest"> = {
    base: base?.revision ?? null,
    head: head.revision,
    renderer: rendererNumber,
    sites: sitePlans(moves, siteOf, releases),
    siteCount: head.model.sites.size + leaving.size,
    variants,
    groups: diffGroups(variants, (site) => siteOf(site)?.spec.address),
    releases: releases.map(releasePlan),
    stages: releases.flatMap(stagePlans),
    deletions: deletionPlan(releases),
    refusals: refusals(moves, [base, head]),
    notes: [
      ...siteNotes(base?.model, head.model),
      ...decommissionNotes(base?.model, head.model),
      ...(base === null ? [] : factNotes(base.model, head.model)),
      ...(base === null ? [] : ruleNotes(base.model, head.model)),
    ],
    decisions: decisionPlans(base?.model ?? null, head.model),
    plannerNotes: notes,
    waits: plannedWaits(start, changes),
    at: hasWindows(start.budgets) ? new Date(start.now).toISOString() : null,
  };
  // A plan is made of JSON values only, though its interfaces do not say so.
  const digest = createHash("sha256")
    .update(canonicalJson(plan as unknown as Json))
    .digest("hex");
  return { ...plan, digest };
}

/** An app that changes at a site. */
interface Move {
  readonly app: string;
  readonly site: string;
  readonly from: TreeId | null;
  readonly to: TreeId | null;
}

/** Sorted by app and site. A site that the head does not declare is forgotten, not changed, but where it is emptied first. */
function movesOf(base: PlanSide | null, head: PlanSide): readonly Move[] {
  const facts = base === null ? undefined : siteFacts(base.model);
  const isLeft = (site: string): boolean =>
    !head.model.sites.has(site) && facts?.get(site)?.decommission !== true;
  const [before, after] = [base?.rendered.apps, head.rendered.apps];
  const apps = [...new Set([...(before?.keys() ?? []), ...after.keys()])].toSorted();
  return apps.flatMap((app) => {
    const [from, to] = [before?.get(app)?.sites, after.get(app)?.sites];
    const sites = new Set([...(from?.keys() ?? []), ...(to?.keys() ?? [])]);
    return [...sites]
      .filter((site) => !isLeft(site) && from?.get(site) !== to?.get(site))
      .toSorted()
      .map((site) => ({ app, site, from: from?.get(site) ?? null, to: to?.get(site) ?? null }));
  });
}

function variantPlans(
  moves: readonly Move[],
  sides: readonly (PlanSide | null)[],
): readonly VariantPlan[] {
  const groups = Map.groupBy(moves, ({ app, from, to }) => JSON.stringify([app, from, to]));
  const variantOf = variantsOf(sides);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { app, from, to } = first;
    const sites = group.map(({ site }) => site);
    return [{ app, from, to, sites, objects: objectChanges(variantOf(from), variantOf(to)) }];
  });
}

function variantsOf(
  sides: readonly (PlanSide | null)[],
): (tree: TreeId | null) => Variant | undefined {
  return (tree) =>
    tree === null
      ? undefined
      : sides.map((side) => side?.rendered.variants.get(tree)).find(Boolean);
}

/** What API servers will refuse: told once for each object and its fields, with the sites. */
function refusals(moves: readonly Move[], sides: readonly (PlanSide | null)[]): readonly string[] {
  const variantOf = variantsOf(sides);
  const found = new Map<string, { readonly advice: string; readonly sites: Set<string> }>();
  const told = new Map<string, readonly Refusal[]>();
  for (const { app, site, from, to } of moves) {
    const pair = `${app} ${from} ${to}`;
    const refused = told.get(pair) ?? refusalsOf(app, variantOf(from), variantOf(to));
    told.set(pair, refused);
    for (const { what, advice } of refused) {
      const known = found.get(what) ?? { advice, sites: new Set() };
      known.sites.add(site);
      found.set(what, known);
    }
  }
  return [...found].map(
    ([what, { advice, sites }]) =>
      `${what} cannot be changed in place, and will be refused at ${someOf([...sites])}: ${advice}`,
  );
}

interface Refusal {
  /** App, fields and object. */
  readonly what: string;
  readonly advice: string;
}

const newName = "give the object another name";

function refusalsOf(
  app: string,
  from: Variant | undefined,
  to: Variant | undefined,
): readonly Refusal[] {
  const before = new Map(from?.objects.map(({ id, object }) => [id, object]));
  return (to?.objects ?? []).flatMap(({ id, object }) => {
    const old = before.get(id);
    const fields = old === undefined ? [] : refusedFields(old, object);
    if (fields.length === 0) return [];
    const what = `${app}: ${fields.join(", ")} of ${describeKey(keyOf(object))}`;
    // What is protected is never made anew.
    const orAnew = isProtectedKind(id)
      ? ""
      : ", or let it be made anew by flotilla.dev/immutable: recreate";
    return [{ what, advice: newName + orAnew }];
  });
}

function refusedFields(before: KubeObject, after: KubeObject): readonly string[] {
  const isMadeAnew = mayBeMadeAnew(before) && mayBeMadeAnew(after);
  return isMadeAnew ? [] : immutableChanges(before, after);
}

function sitePlans(
  moves: readonly Move[],
  siteOf: (site: string) => Site | undefined,
  releases: readonly Release[],
): readonly SitePlan[] {
  const bySite = Map.groupBy(moves, ({ site }) => site);
  return [...bySite.keys()].toSorted().map((site) => ({
    site,
    region: siteOf(site)?.spec.region ?? "",
    apps: (bySite.get(site) ?? []).map(({ app, from, to }) => {
      const change = from === null ? "added" : to === null ? "removed" : "changed";
      return { app, change, ...bringerOf(releases, app, site) };
    }),
  }));
}

/** Where a site's own data and its app change at once, the app's release is the one that ends at the head's tree. */
function bringerOf(
  releases: readonly Release[],
  app: string,
  site: string,
): { release: string | null; stage: string | null } {
  const own = releases.filter(
    (release) => release.app === app && Object.hasOwn(release.list, site),
  );
  const release = own.find(({ kind }) => kind !== "site") ?? own[0];
  const stage = release?.stages[release.list[site]?.stage ?? -1];
  return { release: release?.id ?? null, stage: stage?.name ?? null };
}

function deletionPlan(releases: readonly Release[]): DeletionPlan {
  const deleting = releases.filter(({ deletions }) => deletions.objects > 0);
  const perApp = new Map<string, number>();
  for (const { app, deletions } of deleting) {
    perApp.set(app, (perApp.get(app) ?? 0) + deletions.objects);
  }
  const reasons = deleting.flatMap(({ deletions }) => deletions.needsApproval ?? []);
  return {
    objects: deleting.reduce((sum, { deletions }) => sum + deletions.objects, 0),
    perApp: Object.fromEntries([...perApp].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    needsApproval: reasons.length === 0 ? null : [...new Set(reasons)].join("; "),
  };
}

/** What happens to sites as such: no release says it. */
function siteNotes(base: FleetModel | undefined, head: FleetModel): readonly string[] {
  if (base === undefined) return [];
  const names = [...new Set([...base.sites.keys(), ...head.sites.keys()])].toSorted();
  return names.flatMap((site) => {
    const [before, after] = [base.sites.get(site)?.value.spec, head.sites.get(site)?.value.spec];
    if (before === undefined) return [`site ${site} is new`];
    if (after === undefined && siteFacts(base).get(site)?.decommission === true) {
      return [`site ${site} is no longer declared: its apps leave it, then it is forgotten`];
    }
    if (after === undefined) {
      return [`site ${site} is no longer declared: it is forgotten, and nothing is deleted there`];
    }
    if (before.region === after.region) return [];
    return [`site ${site} moves from region ${before.region} to ${after.region}`];
  });
}

/** What a later commit that removes a site will do: this one says it, and changes nothing else. */
function decommissionNotes(base: FleetModel | undefined, head: FleetModel): readonly string[] {
  if (base === undefined) return [];
  const before = siteFacts(base);
  const [said, unsaid]: [string[], string[]] = [[], []];
  for (const [site, { decommission }] of siteFacts(head)) {
    const known = before.get(site);
    if (known !== undefined && known.decommission !== decommission)
      (decommission === true ? said : unsaid).push(site);
  }
  return [
    ...whenRemoved(said, "`decommission: delete` is said of", "its apps leave it first"),
    ...whenRemoved(
      unsaid,
      "`decommission: delete` is no longer said of",
      "nothing is deleted there",
    ),
  ];
}

function whenRemoved(sites: string[], what: string, then: string): readonly string[] {
  if (sites.length === 0) return [];
  return [`${what} ${someOf(sites.toSorted())}: when a later commit removes such a site, ${then}`];
}
