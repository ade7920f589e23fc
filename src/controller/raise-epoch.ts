import { FleetError } from "../core/errors.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import type { ControlRepository, ControlSnapshot } from "./control-repository.ts";
import type { Mirrors } from "./mirrors.ts";
import { withSilences } from "./silences.ts";

/** What a starting controller found: the epoch in which it is going to lead, and since when nobody has looked. */
export interface Candidacy {
  readonly epoch: number;
  /** Time (ms) of what control recorded last: a worker not heard yet is silent since then. */
  readonly lastRecorded: number;
  readonly found: ControlSnapshot;
  /** Names of the mirrors that there are. */
  readonly mirrors: readonly string[];
}

/** Picks an epoch higher than any that control or a mirror has seen. Writes nothing. */
export async function stand(
  control: ControlRepository,
  mirrors: Mirrors,
  now: number,
): Promise<Candidacy> {
  const found = await control.read();
  const seen = [found.state.epoch];
  for (const mirror of mirrors.all()) {
    const { trailers } = await mirror.standing();
    // Without control, what stands in the mirrors is all that is known.
    if (mirror.unreadable !== null && found.state.head === null) throw mirror.unreadable;
    seen.push(trailers?.epoch ?? 0);
  }
  return {
    epoch: Math.max(...seen) + 1,
    lastRecorded: Math.min(found.at ?? now, now),
    found,
    mirrors: mirrors.all().map(({ name }) => name),
  };
}

/**
 * Makes this process the leader: its epoch is in control from now on. A leader that still writes is overtaken, so its
 * commits in between are no obstacle; REF_RACE: another candidate was first.
 */
export async function raiseEpoch(
  control: ControlRepository,
  { epoch, lastRecorded, found, mirrors }: Candidacy,
  now: number,
): Promise<void> {
  const why = `a controller starts as leader of epoch ${epoch}`;
  const epochChange = { path: controlPaths.epoch, record: { epoch }, why };
  // This commit is the newest from now on, so the time before it must not be lost to a controller that starts next.
  const unseen = lastRecorded < now ? [{ from: lastRecorded, to: now }] : [];
  const silences = new Map(mirrors.map((mirror) => [mirror, unseen]));
  let newest = found;
  for (;;) {
    try {
      await control.commit(newest, {
        changes: withSilences(newest.state, [epochChange], silences),
        subject: why,
        author: "flotilla-controller",
        at: now,
      });
      return;
    } catch (error) {
      if (!(error instanceof FleetError && error.code === "REF_RACE")) throw error;
      newest = await control.read();
      if (newest.state.epoch >= epoch) throw error;
    }
  }
}

/** The leader goes on with a higher epoch: a mirror that came back is of its own or a later one. */
export async function takeEpoch(
  control: ControlRepository,
  epoch: number,
  now: number,
): Promise<void> {
  const why = `the leader goes on with epoch ${epoch}: a mirror came back with an epoch as high as its own`;
  await control.commit(await control.read(), {
    changes: [{ path: controlPaths.epoch, record: { epoch }, why }],
    subject: why,
    author: "flotilla-controller",
    at: now,
  });
}
