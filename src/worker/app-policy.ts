import type { AppPolicy, SiteMeta } from "../core/protocol/mirror-layout.ts";
import { own } from "../core/rollout/own.ts";
import type { SiteContext } from "./site-context.ts";

const usual: AppPolicy = { drift: "correct", ignored: [] };

/** How an app is treated, by the mirror. */
export function policyOf(context: SiteContext, app: string): AppPolicy {
  return own(context.target()?.meta.policies, app) ?? usual;
}

/** What a meta file says of how an app is treated, to be compared. */
export function policyText(meta: SiteMeta | undefined, app: string): string {
  return JSON.stringify(own(meta?.policies, app) ?? null);
}
