/** What a decision comes to: changes to control, or a refusal that says what would apply. */
import { closestName } from "../model/closest-name.ts";
import type { Decision } from "../protocol/api.ts";
import { controlPaths } from "./control-files.ts";
import { own } from "./own.ts";
import type { ControlChange, ControlState } from "./planner-types.ts";
import type { Release } from "./records.ts";

/** Names of the fleet, by what a hold may speak of; and which of them go together. */
export interface NamedThings extends Readonly<
  Record<"app" | "stage" | "site" | "region", ReadonlySet<string>>
> {
  /** The stages of each app. */
  readonly stagesOf: ReadonlyMap<string, ReadonlySet<string>>;
  readonly regionOf: ReadonlyMap<string, string>;
}

/** Who spoke and when. */
export interface Word {
  readonly by: string;
  /** ISO 8601 in UTC. */
  readonly at: string;
  /** What the followed head names; absent: nobody can tell. */
  readonly named?: NamedThings;
  /** App -> those that it depends on, as the followed head says; absent: nobody can tell. */
  readonly dependsOn?: Readonly<Record<string, readonly string[]>> | undefined;
  /** The app was healthy at the site when its worker last told; absent: nobody can tell. */
  readonly isWell?: (app: string, site: string) => boolean;
  /** The worker of the mirror is silent now; absent: nobody can tell. */
  readonly isSilent?: (mirror: string) => boolean;
  /** Heads of the mirrors, for `recover`: what the operator confirms. */
  readonly mirrorHeads?: Readonly<Record<string, string>>;
}

export type DecisionResult =
  | { readonly ok: true; readonly changes: readonly ControlChange[]; readonly message: string }
  | {
      readonly ok: false;
      /** `bad-request`: no sense in itself; `not-found`: no such thing; `conflict`: does not apply now. */
      readonly code: "bad-request" | "not-found" | "conflict";
      readonly message: string;
      readonly hint: string;
    };

/** A decision by its verb. */
export type Of<V extends Decision["verb"]> = Extract<Decision, { verb: V }>;

export function findRelease(
  control: ControlState,
  { app, release }: { app: string; release: string },
): Release | undefined {
  return own(control.apps, app)?.open.find(({ id }) => id === release);
}

/** The release that is named; else the candidate of the app, else its only open release. */
export function releaseMeant(
  control: ControlState,
  { app, release: id }: { readonly app: string; readonly release?: string | undefined },
): Release | undefined {
  if (id !== undefined) return findRelease(control, { app, release: id });
  const open = own(control.apps, app)?.open ?? [];
  return open.find(({ kind }) => kind === "app") ?? (open.length === 1 ? open[0] : undefined);
}

export function stageOf(release: Release, site: string): string {
  return release.stages[own(release.list, site)?.stage ?? -1]?.name ?? "";
}

export function releaseChange(release: Release, why: string): ControlChange {
  return { path: controlPaths.open(release.app, release.id), record: release, why };
}

export function done(changes: readonly ControlChange[], message: string): DecisionResult {
  return { ok: true, changes, message };
}

export function refuse(
  code: "bad-request" | "not-found" | "conflict",
  message: string,
  hint: string,
): DecisionResult {
  return { ok: false, code, message, hint };
}

export function missing(message: string, hint: string): DecisionResult {
  return refuse("not-found", message, hint);
}

export function conflict(message: string, hint: string): DecisionResult {
  return refuse("conflict", message, hint);
}

export function noRelease(control: ControlState, app: string): DecisionResult {
  const known = own(control.apps, app);
  if (known === undefined) return noApp(control, app);
  const open = known.open.map(({ id }) => id);
  const hint = open.length === 0 ? `${app} has no open release` : `open: ${open.join(", ")}`;
  return missing(`${app} has no such open release`, hint);
}

/** Nothing of an app of this name was ever handed out. */
export function noApp({ apps }: ControlState, app: string): DecisionResult {
  const near = closestName(app, Object.keys(apps));
  const hint = near === undefined ? "look at `flotilla status`" : `did you mean "${near}"?`;
  return missing(`no app "${app}" is on record`, hint);
}
