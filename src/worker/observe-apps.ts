import { assessHealth } from "../core/health/assess-health.ts";
import { type AppHealth, appHealth } from "../core/health/app-health.ts";
import type { Health } from "../core/health/health.ts";
import { olderPods } from "../core/health/older-pods.ts";
import { podReason } from "../core/health/pod-health.ts";
import { at, health } from "../core/health/read-object.ts";
import { isJsonObject } from "../core/model/json.ts";
import { type KubeObject, type ObjectId, describeKey } from "../core/model/kube-object.ts";
import type { HealthRule } from "../core/protocol/mirror-layout.ts";
import { meetSecrets } from "./learn-secrets.ts";
import { policyOf, ruleFor } from "./app-policy.ts";
import { type AppState, noteUnseen, takeHealth } from "./app-state.ts";
import { type LiveObjects, observable, readLive, whyUnread } from "./read-live.ts";
import { type SiteContext, throwUnlessPassable } from "./site-context.ts";
import { needsWrite, save } from "./apply-app.ts";
import { endOf, healthOfCleared, isClearedAway } from "./cleared-jobs.ts";
import type { ObjectRow } from "./state-store.ts";
import type { TreeObject } from "./tree-cache.ts";
import { whatStands } from "./what-stands.ts";

/**
 * Looks at the health of what stands of apps. What was written while it looked is not judged by what it saw before.
 * Gives the apps whose word or message changed.
 */
export async function observeApps(
  context: SiteContext,
  states: readonly AppState[],
): Promise<readonly AppState[]> {
  const looks: Look[] = [];
  const changed: AppState[] = [];
  for (const state of states) {
    try {
      const standing = await whatStands(context, state);
      const { health: rules = [] } = policyOf(context, state.app);
      if (standing === null) continue;
      const objects = observable(standing, rules);
      looks.push({ state, objects, rules, writes: state.writes });
    } catch (error) {
      throwUnlessPassable(context, error);
      if (noteTime(context, state, error.message)) changed.push(state);
    }
  }
  const queries = looks.map(({ state, objects }) => ({ app: state.app, objects }));
  const live = await readLive(context, queries);
  for (const look of looks) {
    if (await observeApp(context, look, live)) changed.push(look.state);
  }
  return changed;
}

interface Look {
  readonly state: AppState;
  /** Those of what stands that say something. */
  readonly objects: readonly TreeObject[];
  /** As they were when it was asked what there is to look at. */
  readonly rules: readonly HealthRule[];
  readonly writes: number;
}

/** True when a person would see a difference. */
async function observeApp(context: SiteContext, look: Look, live: LiveObjects): Promise<boolean> {
  const { state, objects } = look;
  const reason = whyUnread(live, objects);
  const assessed = reason === "" ? await assess(context, look, live.objects) : null;
  if (state.writes !== look.writes) return false;
  const before = { since: state.healthySince, until: state.observedAt };
  const isUnseenAnew = noteTime(context, state, reason);
  const differs = assessed !== null && takeHealth(state, assessed, context.clock.monotonic());
  keepWord(context, state);
  keepTimes(context, state, before);
  return isUnseenAnew || differs || (before.since === null) !== (state.healthySince === null);
}

/** Notes why an app could not be looked at, "" when it could. True when a person would see a difference. */
function noteTime(context: SiteContext, state: AppState, reason: string): boolean {
  const { offlineAfterMs: patienceMs } = context.config;
  return noteUnseen(state, reason, { now: context.clock.monotonic(), patienceMs });
}

async function assess(
  context: SiteContext,
  { state, objects, rules }: Look,
  live: ReadonlyMap<ObjectId, KubeObject | null>,
): Promise<AppHealth> {
  const rated: Rated[] = [];
  for (const object of objects) {
    const found = live.get(object.id) ?? null;
    const rule = ruleFor(rules, object.key);
    const judged = await judge(context, { row: state.rows.get(object.id), rule }, found);
    if (found !== null) noteEnd(context, state, { object, judged, live: found });
    // Who is gone as it should be tells nothing any more, by whatever rule.
    const mustTell = rule !== undefined && found !== null;
    rated.push({ name: describeKey(object.key), health: judged, object: found, mustTell });
  }
  const whole = { ...counted(state, appHealth(rated)), ...olderPodsOf(rated) };
  const message = (await messageOf(context, whole, rated)) || unseenEnd(rated);
  if (message !== "" && message !== state.health?.message) await meetSecrets(context);
  const failing = rated.filter(({ health: { status } }) => status === "Degraded");
  if (failing.length === 0) return { ...whole, message };
  return { ...whole, message, said: failing.map(({ health: { message: said } }) => said) };
}

/** What is read of the first that has any. */
function olderPodsOf(rated: readonly Rated[]): Pick<AppHealth, "olderPods"> {
  for (const { name, object } of rated) {
    const told = object === null ? "" : olderPods(object);
    if (told !== "") return { olderPods: `${name}: ${told}` };
  }
  return {};
}

/** What never stood whole has not come: however well it is so far, it is on its way. */
function counted({ row }: AppState, health: AppHealth): AppHealth {
  const isWell = health.status === "Healthy" || health.status === "Suspended";
  const hasStood = row !== null && row.tree !== null;
  return isWell && !hasStood ? { ...health, status: "Progressing" } : health;
}

/** With the reason of the pods, where they are why the app is not well. */
async function messageOf(
  context: SiteContext,
  { status, message }: AppHealth,
  rated: readonly Rated[],
): Promise<string> {
  if (status === "Healthy") return message;
  const worst = rated.find(
    (one) => one.health.status === status && message.startsWith(one.name),
  )?.object;
  const reason = worst ? await podsReason(context, worst) : "";
  return reason === "" ? message : `${message} (${reason})`;
}

/** Of a Job that is gone as it should be, what nobody has seen; "" where there is none. */
function unseenEnd(rated: readonly Rated[]): string {
  const unseen = rated.find((one) => one.object === null && one.health.status === "Unknown");
  return unseen === undefined ? "" : `${unseen.name}: ${unseen.health.message}`;
}

interface Rated {
  readonly name: string;
  readonly health: Health;
  readonly object: KubeObject | null;
  readonly mustTell: boolean;
}

async function judge(
  context: SiteContext,
  { row, rule }: { readonly row: ObjectRow | undefined; readonly rule: HealthRule | undefined },
  live: KubeObject | null,
): Promise<Health> {
  if (live !== null) {
    // Known since the object was read: no request.
    const resource = await context.client.resource(live.apiVersion, live.kind, context.signal());
    const hasStatus = resource?.hasStatus ?? false;
    const facts = { now: context.clock.now(), hasStatus };
    if (rule === undefined) return assessHealth(live, facts);
    // Only a worker that has rules loads the language.
    const { healthByRule } = await import("../core/health/user-rules.ts");
    return assessHealth(live, facts, (object) => healthByRule(rule, object));
  }
  return row !== undefined && isClearedAway(row)
    ? healthOfCleared(row)
    : health("Missing", "it is gone from the cluster");
}

function noteEnd(context: SiteContext, state: AppState, { object, judged, live }: Ended): void {
  const row = state.rows.get(object.id);
  const ended = endOf(object.key, { judged, live });
  if (row === undefined || ended === "" || row.ended === ended || needsWrite(state, object)) return;
  save(context, state, [{ ...row, ended }]);
}

interface Ended {
  readonly object: TreeObject;
  readonly judged: Health;
  readonly live: KubeObject;
}

/** Why the pods of a workload do not run, asked only where it is not well. */
async function podsReason(context: SiteContext, workload: KubeObject): Promise<string> {
  const selector = at(workload, "spec", "selector", "matchLabels");
  const namespace = workload.metadata["namespace"];
  if (!isJsonObject(selector) || typeof namespace !== "string") return "";
  const labelSelector = Object.entries(selector)
    .flatMap(([key, value]) => (typeof value === "string" ? [`${key}=${value}`] : []))
    .join(",");
  try {
    const pods = await context.client.list({
      apiVersion: "v1",
      kind: "Pod",
      namespace,
      labelSelector,
      limit: 50,
      sample: 200,
      signal: context.signal(),
    });
    return pods.map(podReason).find((reason) => reason !== "") ?? "";
  } catch (error) {
    // Only the message would have been better: the health is known.
    throwUnlessPassable(context, error);
    return "";
  }
}

/** The store learns of each new word, so that a restart does not tell another one before it has looked. */
function keepWord(context: SiteContext, state: AppState): void {
  const word = state.health?.status ?? "";
  if (state.row === null || state.row.health === word) return;
  state.row = { ...state.row, health: word };
  context.store.saveApp(state.row);
}

/** The store learns of healthy times when they end, and in growing steps, so that a restart forgets little. */
function keepTimes(
  context: SiteContext,
  state: AppState,
  before: { readonly since: number | null; readonly until: number },
): void {
  const { row } = state;
  const isHealthy = state.healthySince !== null;
  const since = state.healthySince ?? before.since;
  if (row === null || since === null) return;
  // A time that has ended is known to have lasted until the look before.
  const lastedMs = Math.floor((isHealthy ? state.observedAt : before.until) - since);
  const longest = Math.max(row.longestHealthyMs, lastedMs);
  const grown = longest - row.longestHealthyMs;
  const broke = !isHealthy && grown > 0;
  const isMuchLonger = grown >= 1000 && grown >= row.longestHealthyMs / 2;
  if (row.everHealthy && !broke && !isMuchLonger) return;
  state.row = { ...row, everHealthy: true, longestHealthyMs: longest };
  context.store.saveApp(state.row);
}
