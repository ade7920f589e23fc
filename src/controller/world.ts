import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import type { ControlLossCheck } from "./control-loss.ts";
import type { ControlRepository } from "./control-repository.ts";
import type { Mirrors } from "./mirrors.ts";
import type { PassMemory } from "./pass-memory.ts";
import type { Observations } from "./observations.ts";
import type { Recovery } from "./recovery.ts";
import type { Rendering } from "./rendering.ts";
import type { Sources } from "./sources.ts";
import type { SourceFollower } from "./source-follower.ts";

/** Everything that a pass reads and writes. */
export interface World {
  /** Of this leader: who finds a higher one in control is no longer the leader. */
  readonly epoch: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly control: ControlRepository;
  readonly lossCheck: ControlLossCheck;
  readonly mirrors: Mirrors;
  readonly sources: Sources;
  readonly source: SourceFollower;
  readonly rendering: Rendering;
  readonly observations: Observations;
  readonly memory: PassMemory;
  readonly recovery: Recovery;
  /** Makes this process the leader; nothing is written before. REF_RACE: another one was first. */
  lead(): Promise<void>;
  /** Leads with a higher epoch than this one, which a mirror turned out to have. REF_RACE: read again. */
  raise(above: number): Promise<void>;
  /** Gathers what many small commits leave behind. */
  maintain(): Promise<void>;
  /** Ends the git processes. */
  close(): Promise<void>;
}
