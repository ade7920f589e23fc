/**
 * Commits of the leader on control. Each takes the silences along that still last: a restart takes the time of the
 * newest commit for the time up to which everything was seen.
 */
import type { ControlCommit, ControlSnapshot } from "./control-repository.ts";
import { withSilences } from "./silences.ts";
import type { World } from "./world.ts";

/** Who commits what the controller does by itself. */
export const controllerAuthor = "flotilla-controller";

/** The name that somebody gives, without what proves a name (the brackets at its end); nobody's where it is the controller's. */
export function unprovenName(name: string): string {
  const plain = name.replaceAll(/[()]/g, "").trim();
  return plain === "" || plain === controllerAuthor ? "unknown" : plain;
}

/** Commits the changes with the silences up to now; REF_RACE when somebody else was first. */
export async function commitToControl(
  { control, mirrors, observations }: Pick<World, "control" | "mirrors" | "observations">,
  base: ControlSnapshot,
  request: ControlCommit,
): Promise<ControlSnapshot> {
  const open = observations.openSilences(mirrors.all().map(({ name }) => name));
  return control.commit(base, {
    ...request,
    changes: withSilences(base.state, request.changes, open),
  });
}

/** Commits changes that speak for themselves. */
export async function commitChanges(
  world: World,
  base: ControlSnapshot,
  { changes, countsOf }: Pick<ControlCommit, "changes" | "countsOf">,
): Promise<ControlSnapshot> {
  const [first] = changes;
  const more = changes.length - 1;
  const subject = `${first?.why ?? "Change"}${more > 0 ? ` (and ${more} more)` : ""}`;
  const at = world.clock.now();
  const counts = countsOf === undefined ? {} : { countsOf };
  return commitToControl(world, base, {
    changes,
    subject,
    author: controllerAuthor,
    at,
    ...counts,
  });
}
