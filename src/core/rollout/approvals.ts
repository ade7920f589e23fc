/** Approvals bind to (release, stages, set of sites), not to trees: fewer sites keep one, anything else withdraws it. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../model/json.ts";
import type { Approval, Release, RemovalVerb } from "./records.ts";
import { refillStages } from "./refill-stages.ts";
import { broughtSites, broughtTo, withBrought } from "./rollback/brought.ts";

/** What an approval is bound to. The numbers of the stages are no part of it: they follow their strategy. */
export function approvalDigest({
  id,
  stages,
  list,
}: Pick<Release, "id" | "stages" | "list">): string {
  const sites = Object.keys(list)
    .toSorted()
    .map((site) => [site, list[site]?.stage ?? 0]);
  const division = stages.map(({ name, by }) => [name, by]);
  return createHash("sha256")
    .update(canonicalJson([id, division, sites]))
    .digest("hex");
}

/** The stage may open as far as people are concerned. */
export function isStageApproved(release: Release, stage: string): boolean {
  return validApprovals(release, "stage").some(({ value }) => value === stage);
}

/** Somebody let the release go on past what its stage waits for of its own: soak and promotion. */
export function isStagePromoted(release: Release, stage: string): boolean {
  return validApprovals(release, "promotion").some(({ value }) => value === stage);
}

/** The release may delete as much as it does. */
export function areDeletionsApproved(release: Release): boolean {
  if (release.deletions.needsApproval === undefined || release.deletions.objects === 0) return true;
  if (removalVerb(release) === "orphan") return true;
  return validApprovals(release, "deletions").some(
    ({ value }) => Number(value) >= release.deletions.objects,
  );
}

/** How the app leaves: `hold` until an approval names another verb. */
export function removalVerb(release: Release): RemovalVerb {
  const verb = release.verb ?? "delete";
  if (verb !== "hold") return verb;
  const named = validApprovals(release, "verb").at(-1)?.value;
  return named === "delete" || named === "orphan" ? named : "hold";
}

function validApprovals(release: Release, what: Approval["what"]): readonly Approval[] {
  const candidates = release.approvals.filter((approval) => approval.what === what);
  if (candidates.length === 0) return [];
  const digest = approvalDigest(release);
  return candidates.filter((approval) => approval.digest === digest);
}

/**
 * The release with fewer sites: what was approved for more holds for them. No stage that is to come is left empty; where
 * that takes a site from another stage, the division is another one, and what was approved is to be approved again.
 */
export function withoutSites(
  release: Release,
  sites: ReadonlySet<string>,
  isReachable: (site: string) => boolean,
): Release {
  if (!Object.keys(release.list).some((site) => sites.has(site))) return release;
  const keep = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(record).filter(([site]) => !sites.has(site)));
  const smaller: Release = {
    ...release,
    list: keep(release.list),
    handed: keep(release.handed),
    ...broughtWithout(release, sites),
    carried: keep(release.carried),
    failed: keep(release.failed),
    excused: keep(release.excused),
    ...(release.retried === undefined ? {} : { retried: keep(release.retried) }),
    ...(release.setBack === undefined ? {} : { setBack: keep(release.setBack) }),
    ...(release.back === undefined ? {} : { back: keep(release.back) }),
    ...(release.left === undefined ? {} : { left: keep(release.left) }),
  };
  const full = refillStages(release, smaller, isReachable);
  return full === smaller ? { ...smaller, approvals: rebound(release, smaller) } : full;
}

/** What a candidate brought to the sites that go stays its own there. */
function broughtWithout(release: Release, sites: ReadonlySet<string>): Pick<Release, "brought"> {
  if (release.kind !== "app") return {};
  const its = [...broughtSites(release)].filter((site) => sites.has(site));
  const found = its.flatMap((site) => broughtTo(release, site).map((tree) => ({ site, tree })));
  return withBrought(release, found);
}

function rebound(before: Release, after: Release): Approval[] {
  if (before.approvals.length === 0) return [];
  const [old, digest] = [approvalDigest(before), approvalDigest(after)];
  return before.approvals.map((approval) =>
    approval.digest === old ? { ...approval, digest } : approval,
  );
}
