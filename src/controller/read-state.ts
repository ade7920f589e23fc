import { mirrorState, type ReadMirror, type ReadState } from "./planner-input.ts";
import type { ControlSnapshot } from "./control-repository.ts";
import { entitledByApp, renderOpenReleases } from "./rendered-releases.ts";
import type { ValidHead } from "./rendering.ts";
import type { World } from "./world.ts";

/** What a pass has found and goes on with. */
export interface PassState {
  readonly control: ControlSnapshot;
  readonly mirrors: readonly ReadMirror[];
  readonly head: ValidHead;
  readonly controlLost: string | undefined;
}

/** Adds what planning needs beside: renderings, and what the workers told. */
export async function readState(
  world: World,
  { control, mirrors, head, controlLost }: PassState,
  previous: ValidHead | null,
): Promise<ReadState> {
  const { rendering, observations, clock } = world;
  const entitlement = { control: control.state, mirrors: mirrorState(mirrors), rendering };
  await renderOpenReleases(control.state, head, rendering);
  return {
    now: clock.now(),
    control,
    mirrors,
    head,
    previous,
    entitled: await entitledByApp({ ...entitlement, head }),
    observations,
    rendering,
    controlLost,
  };
}
