/** Which versions of Kubernetes serve an API version of a built-in kind. */

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

/** Whether a cluster serves a built-in kind in an API version; undefined when it does, or the kind is not built in. */
export function servingProblem(
  { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string },
  minor: number,
): ServingProblem | undefined {
  const id = apiVersion.includes("/") ? `${apiVersion}/${kind}` : `/${apiVersion}/${kind}`;
  const row = Object.hasOwn(apiLifecycle.kinds, id) ? apiLifecycle.kinds[id] : undefined;
  if (row === undefined) return undefined;
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
