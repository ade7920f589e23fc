/** What waits, as it is told to who may see the fleet: where a site does not answer, with what its worker met there. Pure. */
import type { Wait } from "../core/rollout/planner-types.ts";
import { siteLink } from "./app-at-site.ts";
import type { Observations } from "./observations.ts";
import type { Pass } from "./reconcile.ts";

/** The waits of a pass. The planner's own do not hold the cause: GitHub is told them, and need not know the addresses. */
export function toldWaits(
  { plan, read }: Pick<Pass, "plan" | "read">,
  observations: Observations,
): readonly Wait[] {
  const waits = plan?.waits ?? [];
  if (read === null) return waits;
  return waits.map((wait) => {
    if (wait.code !== "offline" || wait.site === null) return wait;
    const { isSilent, reachable, message } = siteLink(read, observations, wait.site);
    const cause = isSilent || reachable ? "" : causeIn(message);
    return cause === "" ? wait : { ...wait, reason: `${wait.reason}; its worker says: ${cause}` };
  });
}

/** What was met, of a message `CODE: what was met; what to look at; what ends it`. */
function causeIn(message: string): string {
  const [met = ""] = message.split("; ");
  return met.replace(/^[A-Z_]+: /, "");
}
