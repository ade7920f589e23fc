/** What an operator says of everything that is open, as decisions of the API and as files of the fleet repository. */
import type { ControlRepository } from "../../src/controller/control-repository.ts";
import { releasedNames, traceReleases } from "../../src/controller/release-history.ts";
import type { Decision } from "../../src/core/protocol/api.ts";
import { waitingLosses } from "../../src/core/rollout/arrival-losses.ts";
import type { AppControl, ControlState } from "../../src/core/rollout/planner-types.ts";
import type { Release } from "../../src/core/rollout/records.ts";

/** A word; whatever it says of releases it says of each that is open. */
export type Word =
  | { readonly verb: "hold"; readonly scope: HoldScope; readonly all: boolean }
  /** At its release that is open or current: newer ones of the app are stopped. */
  | { readonly verb: "hold-at"; readonly app: string }
  | { readonly verb: "resume"; readonly scope: HoldScope }
  | { readonly verb: "resume-all" }
  | { readonly verb: "approve"; readonly removal?: "delete" | "orphan" }
  | { readonly verb: "retry" }
  | { readonly verb: "excuse" }
  /** Of these releases the sites that were excused from another one that moves together with them. */
  | { readonly verb: "excuse-tied"; readonly releases: ReadonlySet<string> }
  | { readonly verb: "promote" }
  | { readonly verb: "urgent" }
  /** Only what would never go on by itself. */
  | { readonly verb: "promote-manual" }
  | { readonly verb: "rollback"; readonly of: "all" | "stage" | "site" }
  /** To a release that was through once: one of them by its place, newest first. */
  | { readonly verb: "back-to"; readonly app: string; readonly index: number }
  | { readonly verb: "recover" };

type HoldScope = Extract<Decision, { verb: "pause" }>["scope"];
type Control = Pick<ControlRepository, "read" | "history">;

const why = "x";

type Saying = {
  readonly [V in Word["verb"]]: (
    word: Extract<Word, { verb: V }>,
    state: ControlState,
    control: Control,
  ) => Decision[] | Promise<Decision[]>;
};

const sayings: Saying = {
  hold: ({ scope, all }) => [{ verb: "pause", scope, all, why }],
  "hold-at": ({ app }, { apps }) => holdAt(app, apps[app]),
  resume: ({ scope }) => [{ verb: "resume", scope, why }],
  "resume-all": (_, state) => resumeAll(state),
  approve: (word, state) => [
    ...releasesOf(state).flatMap((release) => approve(release, word)),
    ...openLists(state),
  ],
  retry: ofEach,
  promote: ofEach,
  urgent: ofEach,
  excuse: (_, state) =>
    releasesOf(state).flatMap(({ app, id, list }) =>
      Object.keys(list).map((site) => ({ verb: "excuse", app, release: id, site, why })),
    ),
  "excuse-tied": ({ releases }, state) =>
    releasesOf(state).flatMap(({ app, id, excused }) =>
      Object.entries(excused).flatMap(([site, word]): Decision[] =>
        releases.has(id) && word.with !== undefined
          ? [{ verb: "excuse", app, release: id, site, why }]
          : [],
      ),
    ),
  "promote-manual": (_, state) =>
    releasesOf(state).flatMap(({ app, id, stages, passed }) => {
      const at = stages.find(({ name }) => !Object.hasOwn(passed, name));
      return at?.promotion === "manual" ? [{ verb: "promote", app, release: id, why }] : [];
    }),
  rollback: ({ of }, state) =>
    releasesOf(state).map((release) => {
      const { app, id } = release;
      return { verb: "rollback", app, release: id, ...partOf(release, of), why };
    }),
  "back-to": (word, _, control) => backTo(word, control),
  recover: () => [{ verb: "recover", why }],
};

/** What a word comes to, as control stands. */
export async function decisionsOf(word: Word, control: Control): Promise<Decision[]> {
  const { state } = await control.read();
  // Each entry takes the words of its own verb.
  const say = sayings[word.verb] as (...all: [Word, ControlState, Control]) => Decision[];
  return say(word, state, control);
}

function ofEach(
  { verb }: Extract<Word, { verb: "retry" | "promote" | "urgent" }>,
  state: ControlState,
): Decision[] {
  return releasesOf(state).map(({ app, id }) => ({ verb, app, release: id, why }));
}

function releasesOf({ apps }: ControlState): Release[] {
  return Object.values(apps).flatMap(({ open }) => open);
}

function holdAt(app: string, known: AppControl | undefined): Decision[] {
  const release = known?.open.find(({ kind }) => kind === "app") ?? known?.current.release;
  return release ? [{ verb: "pause", scope: { app }, release: release.id, why }] : [];
}

function resumeAll({ holds }: ControlState): Decision[] {
  return holds.map(({ scope, release }) => ({
    verb: "resume",
    scope,
    ...(release !== undefined && { release }),
    why,
  }));
}

async function backTo(
  { app, index }: Extract<Word, { verb: "back-to" }>,
  control: Control,
): Promise<Decision[]> {
  const to = releasedNames(await traceReleases(control, { app }, () => false))[index];
  return to === undefined ? [] : [{ verb: "rollback", app, to, why }];
}

function approve(
  { app, id, kind, stages, deletions }: Release,
  { removal }: Extract<Word, { verb: "approve" }>,
): Decision[] {
  const named = { verb: "approve", app, release: id, why } as const;
  return [
    ...stages.map(({ name }) => ({ ...named, stage: name })),
    { ...named, deletions: deletions.objects },
    ...(kind === "removal" && removal !== undefined ? [{ ...named, removal }] : []),
  ];
}

function openLists({ apps }: ControlState): Decision[] {
  return Object.entries(apps).flatMap(([app, { arrivals }]): Decision[] => {
    const deletions = waitingLosses(arrivals ?? {});
    if (deletions === 0) return [];
    return [{ verb: "approve", app, release: "open-list", deletions, why }];
  });
}

function partOf(
  { handed, opened }: Release,
  of: "all" | "stage" | "site",
): { site?: string; stage?: string } {
  const [site] = Object.keys(handed);
  const [stage] = Object.keys(opened);
  if (of === "site" && site !== undefined) return { site };
  return of === "stage" && stage !== undefined ? { stage } : {};
}

/** `spec` of the Decision that says the same. */
export function specOf(decision: Decision): Record<string, unknown> {
  const { verb, why: reason, ...rest } = decision;
  if (verb !== "pause") return { why: reason, [verb]: rest };
  const { scope, ...more } = rest as Omit<Extract<Decision, { verb: "pause" }>, "verb" | "why">; // as the verb says
  return { why: reason, hold: { ...scope, ...more } };
}
