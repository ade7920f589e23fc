/** Which versions of Kubernetes serve an API version of a built-in kind. */

import { groupOf } from "../model/kube-object.ts";
import { apiLifecycle } from "./generated/api-lifecycle.ts";

/** [minor version with it first, minor version without it again, apiVersion that takes its place]. */
export type KindLifecycle =
  | readonly [number]
  | readonly [number, number]
  | readonly [number, number, string];

/** By `group/version/Kind` (`/v1/Pod` in the core group). What is not in it is not built in, or as old as Kubernetes. */
export interface ApiLifecycle {
  /** Version of the modules it was read from. */
  readonly version: string;
  readonly kinds: Readonly<Record<string, KindLifecycle>>;
}

/** What is wrong with an object of a kind at a cluster of Kubernetes 1.`minor`; `when` "later": only after its next upgrade. */
export interface ServingProblem {
  readonly when: "now" | "later";
  readonly message: string;
  readonly hint: string;
}

/** A kind in an API version. */
export interface VersionedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** The minor version of Kubernetes that the table is of: of later ones it knows what is announced. */
export function newestMinor(): number {
  return Number(apiLifecycle.version.split(".")[1]);
}

/** When Kubernetes serves a built-in kind in an API version; undefined when none does, or the kind is not built in. */
export function lifecycleOf({ apiVersion, kind }: VersionedKind): KindLifecycle | undefined {
  const id = apiVersion.includes("/") ? `${apiVersion}/${kind}` : `/${apiVersion}/${kind}`;
  return Object.hasOwn(apiLifecycle.kinds, id) ? apiLifecycle.kinds[id] : undefined;
}

/** Whether a cluster serves a built-in kind in an API version; undefined when it does, or the kind is not built in. */
export function servingProblem(
  { apiVersion, kind }: VersionedKind,
  minor: number,
): ServingProblem | undefined {
  const row = lifecycleOf({ apiVersion, kind });
  if (row === undefined) return unknownVersion({ apiVersion, kind }, minor);
  const [introduced, removed, replacement] = row;
  const what = `${kind} of ${apiVersion}`;
  if (minor < introduced) {
    const hint = "use an API version that it serves, or upgrade it first";
    return { when: "now", message: `${what} exists since Kubernetes 1.${introduced}`, hint };
  }
  // What Kubernetes has announced for versions after the one the table is of may yet be moved.
  if (removed === undefined || removed > minor + 1) return undefined;
  const hint = replacement === undefined ? "it has no successor" : `use ${replacement}`;
  const message = `${what} is gone since Kubernetes 1.${removed}`;
  if (minor >= removed) return { when: "now", message, hint };
  return { when: "later", message: `${what} will be gone with Kubernetes 1.${removed}`, hint };
}

/**
 * A version that is not there, of a kind that is; a later Kubernetes than the table's may have it, and an older one may have
 * had it, where it is none that stays: of those the table's modules no longer know all.
 */
function unknownVersion(
  { apiVersion, kind }: VersionedKind,
  minor: number,
): ServingProblem | undefined {
  const others = otherVersions({ apiVersion, kind });
  if (others.length === 0 || minor > newestMinor()) return undefined;
  const served = others.filter(([, [introduced, removed = Infinity]]) => {
    return introduced <= minor && minor < removed;
  });
  const best = served.findLast(([version]) => isStable(version)) ?? served.at(-1);
  const hint = best === undefined ? "it serves no other version either" : `use ${best[0]}`;
  if (isStable(apiVersion) || minor === newestMinor()) {
    return { when: "now", message: `Kubernetes has no ${kind} of ${apiVersion}`, hint };
  }
  const message = `it is not known whether Kubernetes has had ${kind} of ${apiVersion}; later versions have not`;
  return { when: "later", message, hint };
}

function isStable(apiVersion: string): boolean {
  return /(^|\/)v\d+$/.test(apiVersion);
}

/** The API versions of a group that have a kind, in the order of their names. */
function otherVersions({ apiVersion, kind }: VersionedKind): [string, KindLifecycle][] {
  const wanted = groupOf(apiVersion);
  return Object.entries(apiLifecycle.kinds).flatMap(([id, row]): [string, KindLifecycle][] => {
    const [group = "", version = "", name] = id.split("/");
    if (group !== wanted || name !== kind) return [];
    return [[group === "" ? version : `${group}/${version}`, row]];
  });
}
