/** What happens in a story, as data: drawn from a seed at first, and taken away one by one to find what matters. */
import type { HoldScope } from "../../src/core/protocol/api.ts";
import { between, type Choices, draw, pick, type Random } from "./choices.ts";
import type { ClusterFault } from "./cluster-connection.ts";
import { checkNames, stagesNames, windowNames } from "./fleet-files.ts";
import {
  type AppName,
  type AppTraits,
  appNames,
  type Change,
  type FleetTraits,
} from "./fleet-story.ts";
import { regions, siteNames, versions } from "./fleet-story.ts";
import type { Disaster } from "./disasters.ts";
import type { Word } from "./operator.ts";

type Happening =
  /** Only at the very beginning: these apps are everywhere, and nothing runs. Without it there is nothing. */
  | { readonly kind: "stand"; readonly apps: readonly AppName[] }
  | { readonly kind: "commit"; readonly change: Change }
  | { readonly kind: "fault"; readonly site: string; readonly fault: ClusterFault }
  | { readonly kind: "kill-worker"; readonly mirror: string; readonly downMs: number }
  | { readonly kind: "pause-worker"; readonly mirror: string; readonly forMs: number }
  | { readonly kind: "kill-controller"; readonly downMs: number }
  | { readonly kind: "pause-controller"; readonly forMs: number }
  | { readonly kind: "link"; readonly mirror: string; readonly isCut: boolean }
  /** The disk of a mirror is away, or full, for a while. */
  | {
      readonly kind: "damage-mirror";
      readonly mirror: string;
      readonly what: "all" | "writes";
      readonly forMs: number;
    }
  /** The wall clock of the controller, or that of a worker, goes wrong by so much more. */
  | { readonly kind: "clock"; readonly byMs: number }
  | { readonly kind: "worker-clock"; readonly mirror: string; readonly byMs: number }
  | { readonly kind: "say"; readonly word: Word }
  /** The same as files of one commit. */
  | { readonly kind: "declare"; readonly word: Word }
  | Disaster
  /** Somebody deletes an object by hand, changes it, or another tool takes it. */
  | {
      readonly kind: "stray";
      readonly site: string;
      readonly app: string;
      readonly how?: "edit" | "seize";
    };

/** Something that happens at a time (ms since the start). */
export type StoryEvent = Happening & { readonly at: number };

/** So long do things happen. */
const stormMs = { least: 2000, most: 14_000 } as const;
/** The longest from the last of them until everything is made well. */
export const aftermathMs = 5000;

/** The events of a seed, in order of time. */
export function drawEvents(random: Random): StoryEvent[] {
  const lengthMs = between(random, stormMs.least, stormMs.most);
  const at = (happening: Happening) => ({ ...happening, at: Math.floor(random() * lengthMs) });
  const events = Array.from({ length: draw(random, sizes) }, () => at(draw(random, happenings)));
  // One at most: what one leaves whole is what the fleet comes back by.
  const disaster = random() < 0.3 ? [at(draw(random, disasters))] : [];
  const begun = beginning(random, draw(random, grounds));
  const [decommission, ...detour] = random() < 0.1 ? outAndBack(random, lengthMs) : [];
  const more = random() > 0.7 ? hardToApply(random, lengthMs) : [];
  // Where control is lost too, a controller does not start before the mirrors can be read.
  const isLost = [...disaster, ...detour].some(({ kind }) => kind === "restore-controller");
  const damages = random() < 0.4 && !isLost ? several(random, 3, () => at(damage(random))) : [];
  const blind = damages.length > 0 && random() < 0.3 ? startsBlind(random, lengthMs) : [];
  const all = [...events, ...disaster, ...detour, ...more, ...damages, ...blind];
  return [
    ...begun,
    ...(decommission === undefined ? [] : [decommission]),
    ...all.toSorted((a, b) => a.at - b.at),
  ];
}

/** A controller starts while it cannot read a mirror, and a commit comes that takes an app away, or brings it. */
function startsBlind(random: Random, lengthMs: number): StoryEvent[] {
  const at = Math.floor(random() * lengthMs);
  const change: Change = { do: "app", app: pick(random, ["web", app(random)]) };
  return [
    { ...damage(random), forMs: between(random, 1000, 6000), at },
    { kind: "kill-controller", downMs: between(random, 0, 500), at },
    { kind: "commit", change, at: at + between(random, 0, 2000) },
  ];
}

/** An app gets objects that a cluster refuses, or that go to another place, and then a version or two. */
function hardToApply(random: Random, lengthMs: number): StoryEvent[] {
  const named = pick(random, ["web", app(random)]);
  const after = (from: number): number => Math.floor(from + random() * (lengthMs - from));
  const told = (traits: AppTraits, at: number): StoryEvent => {
    return { kind: "commit", change: { do: "traits", app: named, traits }, at };
  };
  const released = (at: number): StoryEvent => {
    const version = pick(random, [...versions, "bad"]);
    return { kind: "commit", change: { do: "version", app: named, version }, at };
  };
  if (random() < 0.2) {
    // The word that it may be made anew comes together with what cannot be changed.
    const at = after(lengthMs / 4);
    return [told({ fixed: "refused" }, 0), told({ fixed: "anew" }, at), released(at)];
  }
  const isEarly = maybe(random);
  const traits = several(random, 3, () => draw(random, hardTraits));
  return [
    ...traits.map((each) => told(each, isEarly ? 0 : after(0))),
    ...several(random, 2, () => released(after(lengthMs / 4))),
  ];
}

/**
 * A site leaves the fleet with what it has, is back before all has gone, and leaves again; or control is an older one then; or
 * the commit in between, which nobody follows, says that nothing is to go. Or an app does so.
 */
function outAndBack(random: Random, lengthMs: number): StoryEvent[] {
  let at = Math.floor((random() * lengthMs) / 2);
  const wait = (): number => (at += between(random, 50, 1500));
  const commit = (change: Change): StoryEvent => ({ kind: "commit", change, at });
  const begun: StoryEvent = { ...commit({ do: "budgets", decommission: "delete" }), at: 0 };
  const named = site(random);
  const leaver: Change = { do: "site", site: named };
  const toggled = (): StoryEvent => ({ ...commit(leaver), at: wait() });
  const restored = (): StoryEvent => ({
    kind: "restore-controller",
    what: "control",
    eventsAgo: pick(random, [1, 2, 4]),
    downMs: between(random, 0, 1000),
    at: wait(),
  });
  const atOnce = (...all: readonly Change[]): StoryEvent[] => {
    wait();
    return all.map(commit);
  };
  const later = (byMs: number, events: () => StoryEvent[]): StoryEvent[] => {
    at += byMs;
    return events();
  };
  const appLeaver: Change = { do: "app", app: "web" };
  const held: Change = { do: "traits", app: "web", traits: { onRemoval: "hold" } };
  const moved: Change = { do: "region", site: named };
  const way = draw<() => StoryEvent[]>(random, [
    [3, () => () => [toggled(), toggled(), toggled()]],
    [3, () => () => [toggled(), ...(maybe(random) ? [toggled()] : []), restored(), toggled()]],
    [
      2,
      () => () => [
        toggled(),
        ...atOnce({ do: "budgets", decommission: undefined }, leaver, leaver),
      ],
    ],
    [2, () => () => [...atOnce(appLeaver), ...atOnce(appLeaver, held, appLeaver)]],
    // Where its cluster does not answer, it is ordered to leave and does not, and may move then.
    [
      2,
      () => () => [
        ...atOnce(appLeaver),
        { kind: "fault", site: named, fault: pick(random, ["refuse", "hang", "cut"]), at: wait() },
        ...later(between(random, 1000, 5000), () =>
          atOnce(appLeaver, held, appLeaver, ...(maybe(random) ? [moved] : [])),
        ),
      ],
    ],
  ]);
  return [begun, ...way()];
}

/** How much happens: little in most stories, for they cost least, and much in some. */
const sizes: Choices<number> = [
  [6, (random) => between(random, 1, 4)],
  [3, (random) => between(random, 4, 9)],
  [1, (random) => between(random, 9, 17)],
];

/** What the fleet says from its first commit on: what is rare by itself meets in one story. */
function beginning(random: Random, standing: readonly AppName[] | null): StoryEvent[] {
  const isNew = standing?.includes("till") !== true && random() < 0.6;
  const changes: Change[] = [
    draw(random, budgets),
    ...(isNew ? [{ do: "app", app: "till" } as const] : []),
    ...(random() < 0.5 ? [draw(random, exchanges)] : []),
    ...several(random, 3, fleetChange),
    ...several(random, 3, appChange),
  ];
  return [
    ...(standing === null ? [] : [{ kind: "stand", apps: standing, at: 0 } as const]),
    ...changes.map((change) => ({ kind: "commit", change, at: 0 }) as const),
  ];
}

/** Most fleets stand when a story begins: that is cheaper than to see each of them come up. */
const grounds: Choices<readonly AppName[] | null> = [
  [2, () => null],
  [3, () => ["web"]],
  [5, () => ["till", "web"]],
];

const several = <T>(random: Random, most: number, one: (random: Random) => T): T[] =>
  Array.from({ length: between(random, 0, most) }, () => one(random));

const app = (random: Random) => pick(random, appNames);
const site = (random: Random) => pick(random, siteNames);
const mirror = (random: Random) => pick(random, regions);
const downMs = (random: Random) => between(random, 0, 5000);
const maybe = (random: Random) => random() < 0.5;
/** Often it is taken back. */
const orNot = <T>(random: Random, value: T): T | undefined => (maybe(random) ? value : undefined);

const budgets: Choices<Change> = [
  [
    1,
    (random) => ({
      do: "budgets",
      // 0 is for ever, also for the removal of an app that no later head has: such a story would never come to rest.
      maxInFlight: between(random, 1, 3),
      maxUnavailable: between(random, 1, 3),
      failureBudget: between(random, 0, 2),
      approval: random() < 0.3,
      deletionBudget: between(random, 0, 8),
      hasUrgent: maybe(random),
    }),
  ],
];

/** The shared object goes to an app. */
const exchanges: Choices<Change> = [[1, (random) => ({ do: "budgets", sharer: app(random) })]];

const fleetTraits: Choices<FleetTraits> = [
  [3, (random) => ({ stages: pick(random, stagesNames) })],
  [2, (random) => ({ rollback: pick(random, ["none", "failed", "stage", "all"]) })],
  [2, (random) => ({ doesTillNeedWeb: maybe(random) })],
  [
    4,
    (random) => ({
      window: orNot(random, pick(random, windowNames)),
      isWindowOfStrategy: maybe(random),
    }),
  ],
  [1, (random) => ({ maxSitesInFlight: orNot(random, between(random, 1, 2)) })],
  [2, (random) => ({ sharer: orNot(random, app(random)) })],
  [2, (random) => ({ decommission: orNot(random, "delete") })],
];

const appTraits: Choices<AppTraits> = [
  [3, (random) => ({ checks: checkNames.filter(() => random() < 0.3) })],
  [4, (random) => ({ onRemoval: pick(random, ["delete", "orphan", "orphan", "hold"]) })],
  [1, (random) => ({ drift: pick(random, ["correct", "report", "ignore"]) })],
  [1, (random) => ({ takesOver: maybe(random) })],
  [2, (random) => ({ hasKeepsake: maybe(random) })],
  [2, (random) => ({ hasVault: maybe(random) })],
  [1, (random) => ({ isCalm: maybe(random) })],
  [1, (random) => ({ isTiered: maybe(random) })],
];

const hardTraits: Choices<AppTraits> = [
  [2, (random) => ({ isAtomic: random() < 0.8 })],
  [2, (random) => ({ isElsewhere: random() < 0.7 })],
  [4, (random) => ({ fixed: orNot(random, pick(random, ["refused", "anew", "anew"])) })],
];

const fleetChange = (random: Random): Change => ({ do: "budgets", ...draw(random, fleetTraits) });
const appChange = (random: Random): Change => ({
  do: "traits",
  app: app(random),
  traits: draw(random, appTraits),
});

const changes: Choices<Change> = [
  [
    30,
    (random) => ({
      do: "version",
      app: pick(random, ["web", app(random)]),
      version: pick(random, [...versions, "bad"]),
    }),
  ],
  [5, () => ({ do: "revert" })],
  [12, (random) => ({ do: "app", app: app(random) })],
  [7, (random) => ({ do: "place", app: app(random) })],
  [6, (random) => ({ do: "extra", app: app(random) })],
  [14, appChange],
  [6, (random) => ({ do: "site", site: site(random) })],
  [10, (random) => ({ do: "label", site: site(random) })],
  [6, (random) => ({ do: "region", site: site(random) })],
  [3, (random) => ({ do: "suspend", site: site(random) })],
  [6, (random) => draw(random, budgets)],
  [16, fleetChange],
  [8, (random) => draw(random, exchanges)],
  [3, () => ({ do: "undecide" })],
];

const scopes: Choices<HoldScope> = [
  [2, (random) => ({ app: app(random) })],
  [1, () => ({ fleet: true })],
  [1, (random) => ({ region: mirror(random) })],
  [1, (random) => ({ site: site(random) })],
  [1, (random) => ({ app: app(random), stage: "rest" })],
];

const words: Choices<Word> = [
  [5, (random) => ({ verb: "hold", scope: draw(random, scopes), all: random() < 0.3 })],
  [2, (random) => ({ verb: "hold-at", app: app(random) })],
  [3, (random) => ({ verb: "resume", scope: draw(random, scopes) })],
  [4, (random) => ({ verb: "approve", removal: pick(random, ["delete", "orphan"]) })],
  [2, () => ({ verb: "retry" })],
  [2, () => ({ verb: "excuse" })],
  [2, () => ({ verb: "promote" })],
  [4, () => ({ verb: "urgent" })],
  [2, (random) => ({ verb: "rollback", of: pick(random, ["all", "stage", "site"]) })],
  [6, (random) => ({ verb: "back-to", app: app(random), index: between(random, 0, 2) })],
];

/** For a moment, as a git that does not answer in time, or for longer. */
function damage(random: Random): Extract<Happening, { kind: "damage-mirror" }> {
  const forMs = pick(random, [between(random, 20, 300), downMs(random)]);
  const what = random() < 0.7 ? "all" : "writes";
  return { kind: "damage-mirror", mirror: mirror(random), what, forMs };
}

/** Whose clock jumps is told by how far: nothing more is drawn, so that the rest of a story does not depend on it. */
function clockJump(byMs: number): Happening {
  const mirror = [undefined, ...regions][Math.abs(byMs) % (1 + regions.length)];
  return mirror === undefined ? { kind: "clock", byMs } : { kind: "worker-clock", mirror, byMs };
}

const happenings: Choices<Happening> = [
  [42, (random) => ({ kind: "commit", change: draw(random, changes) })],
  [
    10,
    (random) => ({
      kind: "fault",
      site: site(random),
      fault: pick(random, ["none", "refuse", "error", "hang", "cut", "late", "full"]),
    }),
  ],
  [6, (random) => ({ kind: "kill-worker", mirror: mirror(random), downMs: downMs(random) })],
  [3, (random) => ({ kind: "pause-worker", mirror: mirror(random), forMs: downMs(random) })],
  [6, (random) => ({ kind: "kill-controller", downMs: downMs(random) })],
  [2, (random) => ({ kind: "pause-controller", forMs: downMs(random) })],
  [6, (random) => ({ kind: "link", mirror: mirror(random), isCut: random() < 0.6 })],
  [3, (random) => clockJump(between(random, -20_000, 20_000))],
  [2, (random) => ({ kind: "stray", site: site(random), app: app(random) })],
  [
    3,
    (random) => ({
      kind: "stray",
      site: site(random),
      app: app(random),
      how: pick(random, ["edit", "seize"]),
    }),
  ],
  [16, (random) => ({ kind: "say", word: draw(random, words) })],
  [8, (random) => ({ kind: "declare", word: draw(random, words) })],
];

const disasters: Choices<Disaster> = [
  [5, (random) => ({ kind: "exchange", site: site(random), forMs: between(random, 2000, 8000) })],
  [
    3,
    (random) => ({
      kind: "restore-worker",
      mirror: mirror(random),
      what: pick(random, ["store", "copy", "both"]),
      eventsAgo: pick(random, [null, 1, 2, 4]),
      downMs: downMs(random),
    }),
  ],
  [
    3,
    (random) => ({
      kind: "restore-controller",
      what: pick(random, ["control", "both"]),
      eventsAgo: pick(random, [null, 1, 2, 4]),
      downMs: downMs(random),
    }),
  ],
  [2, (random) => ({ kind: "twin", pausedMs: downMs(random) })],
];
