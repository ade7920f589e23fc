import type { NeededApproval, WaitCode } from "./planner-types.ts";

/** Why something may not move now. */
export interface Block {
  readonly code: WaitCode;
  readonly reason: string;
  readonly endsWhen: string;
  readonly needs?: NeededApproval;
}
