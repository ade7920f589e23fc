/** What a story begins with: nothing, or a fleet that stands, which is played once for all stories. */
import { type AppName, firstApp, firstHead } from "./fleet-story.ts";
import { copyLand, emptyLand, type Land } from "./land.ts";
import { type Ground, hastySettings, startController, startWorker } from "./processes.ts";
import { seededRandom, settle, VirtualTime } from "./virtual-time.ts";

/** Virtual time at which stories begin: a fleet that stands then has come to rest before. */
export const beginMs = 12_000;

const played = new Map<string, Promise<Land>>();

/** A land of its own for a story: null: nothing in it; else these apps are everywhere, and nothing runs. */
export async function landWith(apps: readonly AppName[] | null): Promise<Land> {
  if (apps === null) return emptyLand();
  const key = apps.join(" ");
  const land = played.get(key) ?? playUntilItStands(apps);
  played.set(key, land);
  return copyLand(await land);
}

async function playUntilItStands(apps: readonly AppName[]): Promise<Land> {
  const land = emptyLand();
  const placed = apps.map((name) => [name, firstApp] as const);
  land.repository.commit({ ...firstHead, apps: Object.fromEntries(placed) });
  const time = new VirtualTime(seededRandom(0));
  let isAtRest = false;
  const fail = (what: string): never => {
    throw new Error(what);
  };
  const ground: Ground = {
    ...land,
    time,
    skewMs: 0,
    settings: hastySettings,
    watch: {
      onPass: ({ control }) => {
        const known = Object.values(control.state.apps);
        isAtRest = known.length === apps.length && known.every(({ open }) => open.length === 0);
      },
      onMirrorCommit: () => undefined,
      onAccept: () => undefined,
      onFollow: () => undefined,
      onReport: () => undefined,
      onWrite: () => () => undefined,
      onNoStart: fail,
      onBug: fail,
    },
  };
  const controller = startController(ground);
  for (const region of ground.regions.values()) startWorker(ground, region, () => controller);
  await settle();
  while (await time.step(beginMs));
  if (!isAtRest) fail(`a fleet does not stand after ${beginMs} ms`);
  controller.life.ending.abort("ended");
  time.end();
  return land;
}
