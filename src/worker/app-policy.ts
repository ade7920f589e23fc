import type { ClusterWriter } from "../adapters/kubernetes/write-objects.ts";
import { type LeftToOthers, leftToOthers } from "../core/apply/left-to-others.ts";
import { FleetError } from "../core/errors.ts";
import { type ObjectKey, groupOf } from "../core/model/kube-object.ts";
import type { AppPolicy, HealthRule, SiteMeta } from "../core/protocol/mirror-layout.ts";
import { own } from "../core/rollout/own.ts";
import type { SiteContext } from "./site-context.ts";

const usual: AppPolicy = { drift: "correct", ignored: [] };

/** How an app is treated, by the mirror. */
export function policyOf(context: SiteContext, app: string): AppPolicy {
  return own(context.target()?.meta.policies, app) ?? usual;
}

/**
 * Writes to the cluster for an app, by the mirror: as its service account where it has one, else as the worker. Asked
 * for each write: never kept. Throws where the mirror does not name the app any more: nobody knows as whom.
 */
export function writerFor(context: SiteContext, app: string): ClusterWriter {
  const { link, site } = context;
  const now = context.target();
  if (now?.apps.has(app) !== true) {
    throw new FleetError("NOT_FOUND", `the mirror does not name app ${app} at site ${site} now`);
  }
  const { namespace = "", serviceAccountName: name } = own(now.meta.apps, app) ?? {};
  return name === undefined ? link.client : link.client.as({ namespace, name });
}

/** What an app leaves to others of an object; null: nothing. */
export function leftOf(
  context: SiteContext,
  app: string,
  key: Pick<ObjectKey, "kind" | "name">,
): LeftToOthers | null {
  return leftToOthers(policyOf(context, app).ignored, key);
}

/** The rule by which the health of objects of this kind is told. */
export function ruleFor(
  rules: readonly HealthRule[],
  { group, kind }: Pick<ObjectKey, "group" | "kind">,
): HealthRule | undefined {
  return rules.find((rule) => rule.kind === kind && groupOf(rule.apiVersion) === group);
}

/** What a meta file says of how an app is treated, to be compared. */
export function policyText(meta: SiteMeta | undefined, app: string): string {
  return JSON.stringify(own(meta?.policies, app) ?? null);
}
