/** Carries out an operator's decision as one commit on control: who, when, why. */
import { FleetError } from "../core/errors.ts";
import type { Decision, DecisionAnswer } from "../core/protocol/api.ts";
import type { SiteMeta } from "../core/protocol/mirror-layout.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import { applyDecision } from "../core/rollout/decisions.ts";
import type { DecisionResult, Word } from "../core/rollout/decision-result.ts";
import { dependencies } from "../core/rollout/fleet-facts.ts";
import { namedThings } from "../core/rollout/hold-scope.ts";
import { own } from "../core/rollout/own.ts";
import type { ControlChange } from "../core/rollout/planner-types.ts";
import type { SiteAssignment } from "../core/rollout/site-assignment.ts";
import { commitToControl } from "./control-commit.ts";
import type { NamedMirror } from "./control-loss.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import type { AskedDecision } from "./decision-body.ts";
import { shortId } from "./short-id.ts";
import { rollBackTo } from "./roll-back-to.ts";
import { isoTime } from "./silences.ts";
import type { World } from "./world.ts";

/** Commits the decision. NOT_FOUND, NOT_NOW, CONTROL_LOST when it does not apply; REF_RACE when it came too late. */
export async function decide(
  world: World,
  { decision, by }: AskedDecision,
): Promise<DecisionAnswer> {
  const control = await world.control.read();
  const mirrors = await namedMirrors(world);
  const lost = await world.lossCheck.find(control, mirrors);
  refuseEarly(world, { control, decision, lost });
  const at = world.clock.now();
  const heads = mirrors.flatMap(({ name, snapshot: { head } }) =>
    head === null ? [] : [[name, head] as const],
  );
  const word = {
    by,
    at: isoTime(at),
    ...(lost === undefined ? {} : { mirrorHeads: Object.fromEntries(heads) }),
  };
  const result = await decisionResult(world, control, { decision, word });
  if (!result.ok) throw refusal(refusalCodes[result.code], result.message, result.hint);
  const found =
    decision.verb === "recover"
      ? [...standingAssignments(control, mirrors), ...absentAssignments(control, mirrors, at)]
      : [];
  const next = await commitToControl(world, control, {
    changes: [...result.changes, ...found],
    subject: `${decision.verb} by ${by}, ${result.message}: ${decision.why}`,
    author: by,
    at,
  });
  world.logger.info("decision carried out", { verb: decision.verb, by, commit: next.head });
  return { commit: next.head ?? "", message: result.message };
}

/** What the followed head says of what the decision speaks of; one that cannot be read keeps nobody from deciding. */
async function headWords(
  { rendering }: World,
  { state }: ControlSnapshot,
  verb: Decision["verb"],
): Promise<Pick<Word, "named" | "dependsOn">> {
  if (state.head === null || !["pause", "approve", "promote"].includes(verb)) return {};
  try {
    const head = await rendering.followed(state.head.commit);
    if (!head.ok) return {};
    const { model } = head.value;
    return verb === "pause" ? { named: namedThings(model) } : { dependsOn: dependencies(model) };
  } catch (error) {
    if (error instanceof FleetError) return {};
    throw error;
  }
}

/** What a decision changes: most need nothing but what control says now. */
export async function decisionResult(
  world: World,
  control: ControlSnapshot,
  { decision, word }: { decision: Decision; word: Word },
): Promise<DecisionResult> {
  if (decision.verb !== "rollback" || decision.to === undefined) {
    const isWell = (app: string, site: string): boolean => isWellAt(world, control, { app, site });
    const isSilent = (mirror: string): boolean =>
      world.observations.silentSince(mirror) !== null || isUncertain(world, mirror);
    const said = await headWords(world, control, decision.verb);
    return applyDecision(control.state, decision, { ...word, ...said, isWell, isSilent });
  }
  return rollBackTo(world, control, { decision: { ...decision, to: decision.to }, word });
}

/** Its worker counts as silent, also while it reports: what that follows is not known to be in the mirror. */
function isUncertain({ recovery, mirrors }: World, mirror: string): boolean {
  return recovery.isBehind(mirror) || (mirrors.get(mirror)?.unreadable ?? null) !== null;
}

/** As its worker last told, live or not. */
function isWellAt(
  { observations }: World,
  { state }: ControlSnapshot,
  { app, site }: { app: string; site: string },
): boolean {
  const mirror = own(state.sites, site)?.mirror ?? "";
  const { health = "Unknown" } = observations.appReport(mirror, site, app) ?? {};
  const isReachable = observations.siteReport(mirror, site)?.reachable !== false;
  return isReachable && (health === "Healthy" || health === "Suspended");
}

const refusalCodes = {
  "bad-request": "BAD_REQUEST",
  "not-found": "NOT_FOUND",
  conflict: "NOT_NOW",
} as const;

/** What only this process knows: whether control is lost, and where the branch is. */
function refuseEarly(
  world: World,
  {
    control,
    decision,
    lost,
  }: { control: ControlSnapshot; decision: Decision; lost?: string | undefined },
): void {
  if (lost !== undefined && decision.verb !== "recover") {
    throw refusal("CONTROL_LOST", `everything is held: ${lost}`, "flotilla rollout recover");
  }
  if (decision.verb !== "accept-head") return;
  const { commit } = decision;
  if (control.state.head?.commit === commit) {
    throw refusal("NOT_NOW", `${shortId(commit)} is followed already`, "there is nothing to do");
  }
  if (world.source.state().seen !== commit) {
    const hint = "name the commit that the branch is at now";
    throw refusal("NOT_NOW", `${shortId(commit)} is not the head of the fleet repository`, hint);
  }
}

async function namedMirrors({ mirrors }: World): Promise<NamedMirror[]> {
  return Promise.all(
    mirrors.all().map(async (mirror) => ({ name: mirror.name, snapshot: await mirror.standing() })),
  );
}

function refusal(
  code: "BAD_REQUEST" | "NOT_FOUND" | "NOT_NOW" | "CONTROL_LOST",
  message: string,
  hint: string,
): FleetError {
  return new FleetError(code, message, { retry: "never", hint });
}

/**
 * After a loss each site belongs to the mirror in which it stands, wherever the next head puts it. Where it stands in
 * several, the planner takes it out of all but one.
 */
function standingAssignments(
  { state }: ControlSnapshot,
  mirrors: readonly NamedMirror[],
): ControlChange[] {
  const found = new Map<string, { readonly mirror: string; readonly meta: SiteMeta }[]>();
  for (const { name, snapshot } of mirrors) {
    for (const [site, { meta }] of snapshot.sites) {
      if (meta !== null) found.set(site, [...(found.get(site) ?? []), { mirror: name, meta }]);
    }
  }
  return [...found].flatMap(([site, standing]) => {
    const known = own(state.sites, site);
    const isThere = standing.some(({ mirror }) => mirror === known?.mirror);
    const [first] = standing;
    if (first === undefined) return [];
    const uid = known?.uid ?? standing.map(({ meta }) => meta.uid).find((one) => one !== undefined);
    if (isThere && uid === known?.uid) return [];
    const stays: SiteAssignment = isThere && known ? known : { mirror: first.mirror };
    const record: SiteAssignment = { ...stays, ...(uid === undefined ? {} : { uid }) };
    return [{ path: controlPaths.site(site), record, why: `${site} stands in ${record.mirror}` }];
  });
}

/**
 * A site that stands in no mirror was between two when control was lost, and the worker that had it last may still
 * write there: it comes to another mirror only when that one says that it stopped, or an operator does.
 */
function absentAssignments(
  { state }: ControlSnapshot,
  mirrors: readonly NamedMirror[],
  now: number,
): ControlChange[] {
  const standing = new Set(mirrors.flatMap(({ snapshot }) => [...snapshot.sites.keys()]));
  return Object.entries(state.sites).flatMap(([site, known]) => {
    if (standing.has(site) || known.moving !== undefined) return [];
    const moving = { to: known.mirror, commit: "", at: isoTime(now), trees: {}, good: {} };
    const why = `${site} stands in no mirror: ${known.mirror} had it`;
    return [{ path: controlPaths.site(site), record: { ...known, moving }, why }];
  });
}
