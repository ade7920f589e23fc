import type { SiteMeta } from "../core/protocol/mirror-layout.ts";
import { own } from "../core/rollout/own.ts";
import { policyText } from "./app-policy.ts";
import { type AppState, needsRepair } from "./app-state.ts";
import { checkDrift } from "./check-drift.ts";
import type { DriftBudget } from "./drift-budget.ts";
import type { SiteContext } from "./site-context.ts";
import { noteStaleSecrets } from "./stale-secrets.ts";

/** What a look for drift at a site came to. */
export interface DriftLook {
  /** Apps of which there is something to tell. */
  readonly told: ReadonlySet<string>;
  /** Apps that are to be repaired now. */
  readonly repair: readonly string[];
  /** Why nothing is repaired, "" where nothing is in the way; null: it was not this site's turn. */
  readonly note: string | null;
  /** Time to the next look. */
  readonly waitMs: number;
}

/** Looks a site over for drift, as far as the region's budget goes. */
export async function lookForDrift(
  context: SiteContext,
  budget: DriftBudget,
  { drift }: SiteMeta,
): Promise<DriftLook> {
  const { clock, config } = context;
  if (!budget.mayCheck(clock.monotonic(), drift.maxSitesPerMinute)) {
    return { ...nothing, waitMs: 1000 + clock.random() * 5000 };
  }
  const before = unchecked(context);
  const stale = await noteStaleSecrets(context);
  const drifted = await checkDrift(context);
  const after = unchecked(context);
  budget.note(context.site, hasDrifted(context));
  const broken = drifted.filter(needsRepair);
  const reason = broken.length > 0 ? budget.reasonToWait(drift.maxDriftedPercent) : null;
  // Whatever else wakes an app does not repair it either.
  for (const state of context.apps.values()) state.isRepairHeld = reason !== null;
  const waitMs = drift.intervalMs * (0.9 + 0.2 * clock.random());
  return {
    told: new Set([...before, ...after, ...drifted.map(({ app }) => app)]),
    repair: [...new Set([...stale, ...(reason === null ? broken : [])])].map(({ app }) => app),
    note: reason ?? "",
    waitMs: after.length > 0 ? Math.min(waitMs, config.retryMaxMs) : waitMs,
  };
}

const nothing = { told: new Set<string>(), repair: [], note: null };

/** Apps of which the last look for drift did not see all. */
function unchecked({ apps }: SiteContext): readonly string[] {
  return [...apps.values()].filter((state) => state.unchecked !== "").map(({ app }) => app);
}

/** True where the site has drift that is to be repaired. */
export function hasDrifted({ apps }: Pick<SiteContext, "apps">): boolean {
  return [...apps.values()].some(needsRepair);
}

/**
 * Apps that are to be treated otherwise than before: what has drifted of them is judged anew. After a start (`before`
 * undefined) those whose drift is ignored by now, for nobody looks at it.
 */
export function judgeAnew(
  states: Iterable<AppState>,
  before: SiteMeta | undefined,
  now: SiteMeta,
): readonly AppState[] {
  const changed = [...states].filter(({ app, drifted }) =>
    before === undefined
      ? drifted.size > 0 && own(now.policies, app)?.drift === "ignore"
      : policyText(before, app) !== policyText(now, app),
  );
  for (const state of changed) {
    state.drifted.clear();
    state.isRepairHeld = false;
    state.fights.clear();
  }
  return changed;
}
