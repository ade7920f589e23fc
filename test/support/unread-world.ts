import type { PlannerInput } from "../../src/core/rollout/planner-types.ts";
import { PlannerWorld } from "./planner-world.ts";

/** A world in which the mirror of eu cannot be read for a while. */
export class UnreadWorld extends PlannerWorld {
  isUnread = false;

  override input(): PlannerInput {
    const input = super.input();
    if (!this.isUnread) return input;
    const eu = { silentSince: this.now, stopped: {}, isAwaited: true, mirrorMayLack: true };
    const workers = { ...input.workers, eu: { ...eu, isMirrorUnreadable: true } };
    const read = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
      Object.fromEntries(Object.entries(all).filter(([site]) => this.hosts[site] !== "eu"));
    return { ...input, mirrors: read(input.mirrors), good: read(input.good ?? {}), workers };
  }
}
