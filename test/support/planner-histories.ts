/** Random fleets, commits and troubles, for properties of the planner. */
import * as fc from "fast-check";
import { waitingLosses } from "../../src/core/rollout/arrival-losses.ts";
import { isMarked } from "./planner-invariants.ts";
import type { WindowRule } from "../../src/core/rollout/planner-types.ts";
import { pilotWindow } from "./planner-order-invariants.ts";
import type { Release } from "../../src/core/rollout/records.ts";
import type { PlannerWorld, WorldApp, WorldHead, WorldSite } from "./planner-world.ts";

const regions = ["eu", "us"];
const siteNames = ["s1", "s2", "s3", "s4", "s5", "s6", "s7"];

/** What may happen in a history. */
export type Event =
  | { readonly kind: "commit"; readonly head: number }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "offline" | "online"; readonly site: string }
  | { readonly kind: "silence" | "dead" | "revive"; readonly region: string }
  | { readonly kind: "hold" | "resume"; readonly scope: number }
  | { readonly kind: "retry" | "approve" | "excuse" | "urgent" }
  | { readonly kind: "release" }
  | { readonly kind: "recover" }
  | { readonly kind: "restart" }
  | { readonly kind: "die" };

type WorldStage = {
  name: string;
  count?: number;
  percent?: number;
  selector?: string;
  approval?: boolean;
};

const amount = fc.constantFrom<number | string>(0, 1, 2, "30%", "100%");

const strategy = fc.record({
  stages: fc.constantFrom<WorldStage[]>(
    [{ name: "canary", count: 1 }, { name: "rest" }],
    [{ name: "pilots", selector: "ring=pilot" }, { name: "half", percent: 50 }, { name: "rest" }],
    [
      { name: "first", count: 2 },
      { name: "rest", approval: true },
    ],
    [{ name: "all" }],
  ),
  soak: fc.constantFrom("0s", "2s", "5s"),
  minReady: fc.constantFrom("0s", "1s"),
  progressDeadline: fc.constant("6s"),
  maxInFlight: amount,
  maxUnavailable: amount,
  failureBudget: fc.constantFrom<number | string>(0, 1, "30%"),
  rollback: fc.constantFrom("none" as const, "failed" as const, "stage" as const, "all" as const),
  urgent: fc.constantFrom<NonNullable<NonNullable<WorldApp["strategy"]>["urgent"]>>(
    { stages: ["rest", "all"], soak: "1s", windows: "ignore" },
    { minReady: "0s" },
  ),
});

const roomyStrategy = fc.record({
  stages: fc.constantFrom<WorldStage[]>(
    [{ name: "canary", count: 1 }, { name: "rest" }],
    [{ name: "all" }],
  ),
  soak: fc.constantFrom("0s", "4s"),
  minReady: fc.constant("1s"),
  progressDeadline: fc.constant("30s"),
  maxInFlight: fc.constantFrom<number | string>(1, "100%"),
  maxUnavailable: fc.constant("100%"),
  failureBudget: fc.constant("100%"),
  rollback: fc.constant("failed" as const),
});

/** Mostly none; those that there are turn true and false with what happens. */
const checks = fc.option(
  fc.record({
    before: fc.subarray([
      { name: "pilot", cel: 'has(site.labels.ring) || stage.name != "all"' },
      { name: "few", cel: "stage.inFlight < 2" },
      { name: "none-failed", cel: "stage.failed == 0" },
      { name: "other", cel: '!("db" in apps) || apps.db.healthy' },
      { name: "broken", cel: 'site.labels.ring == "pilot"' },
    ]),
    after: fc.subarray([
      { name: "neighbour", cel: 'apps.all(name, name == "web" || apps[name].healthy)' },
      { name: "some-time", cel: "app.healthyForSeconds >= 2" },
      { name: "most", cel: "stage.healthyShare > 0.5" },
    ]),
  }),
  { nil: undefined, freq: 2 },
);

interface AppKind {
  readonly checks: fc.Arbitrary<WorldApp["checks"]>;
  readonly versions: readonly string[];
  readonly strategies: typeof strategy | typeof roomyStrategy;
}

const roomyKind: AppKind = {
  checks: fc.constant(undefined),
  versions: ["v1", "v2"],
  strategies: roomyStrategy,
};

const anyKind: AppKind = { checks, versions: ["v1", "v2", "bad", "slow"], strategies: strategy };

const app = (name: string, kind: AppKind = anyKind): fc.Arbitrary<WorldApp> =>
  fc
    .record({
      version: fc.constantFrom(...kind.versions),
      strategy: kind.strategies,
      onRemoval: fc.constantFrom("delete" as const, "orphan" as const, "hold" as const),
      checks: kind.checks,
      placement: fc.constantFrom("all", "ring", "odd"),
      takes: fc.subarray(["_Service_x_shared", "_Secret_x_vault", `_ConfigMap_${name}_more`]),
      byRing: fc.boolean(),
    })
    .map(({ placement, takes, byRing, version, checks: asked, ...rest }) => ({
      ...rest,
      ...(asked === undefined ? {} : { checks: asked }),
      version: `${version}${takes.map((id) => `+${id.at(-1)}`).join("")}@${placement}${byRing ? "r" : ""}`,
      objects: [`_ConfigMap_${name}_main`, ...takes],
      ...(byRing
        ? { variant: (labels: Readonly<Record<string, string>>) => labels["ring"] ?? "" }
        : {}),
      places: (labels: Readonly<Record<string, string>>, site: string) =>
        placement === "all" ||
        (placement === "ring" ? labels["ring"] === "pilot" : Number(site.slice(1)) % 2 === 1),
    }));

const site: fc.Arbitrary<WorldSite> = fc.record({
  region: fc.constantFrom(...regions),
  labels: fc.constantFrom({}, { ring: "pilot" }),
  suspend: fc.boolean().map((value) => value && false),
});

/** A commit. */
export const someHead: fc.Arbitrary<WorldHead> = fc
  .record({
    sites: fc.array(site, { minLength: 7, maxLength: 7 }),
    count: fc.integer({ min: 3, max: 7 }),
    web: app("web"),
    db: fc.option(app("db"), { nil: undefined }),
    maxSitesInFlight: fc.constantFrom(undefined, 0, 2),
    dependsOn: fc.constantFrom<readonly string[]>([], ["db"]),
    windows: fc.constantFrom<readonly WindowRule[]>([], [], [pilotWindow]),
    deletionBudget: fc.constantFrom({ objects: 50, percent: 100 }, { objects: 2, percent: 10 }),
  })
  .map(({ sites, count, web, db, maxSitesInFlight, deletionBudget, dependsOn, windows }) => ({
    sites: Object.fromEntries(
      sites.slice(0, count).map((each, index) => [siteNames[index] ?? "", each]),
    ),
    apps: { web: { ...web, dependsOn }, ...(db === undefined ? {} : { db }) },
    deletionBudget,
    windows,
    ...(maxSitesInFlight === undefined ? {} : { maxSitesInFlight }),
  }));

/** An event of a history with so many commits. */
export const someEvent = (heads: number): fc.Arbitrary<Event> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant("commit" as const), head: fc.nat(heads - 1) }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("wait" as const),
        seconds: fc.integer({ min: 1, max: 12 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("offline" as const, "online" as const),
        site: fc.constantFrom(...siteNames),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("silence" as const, "dead" as const, "revive" as const),
        region: fc.constantFrom(...regions),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom("hold" as const, "resume" as const),
        scope: fc.nat(7),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          "retry" as const,
          "approve" as const,
          "excuse" as const,
          "urgent" as const,
        ),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Event>(
        { kind: "restart" },
        { kind: "die" },
        { kind: "release" },
        { kind: "recover" },
      ),
    },
  );

/** Commits, and what happens. */
export const someHistory = fc.array(someHead, { minLength: 2, maxLength: 4 }).chain((heads) =>
  fc.record({
    heads: fc.constant(heads),
    events: fc.array(someEvent(heads.length), { maxLength: 14 }),
  }),
);

/** A commit of two apps that do well and pass objects to and fro. */
const someExchangeHead: fc.Arbitrary<WorldHead> = fc
  .record({
    sites: fc.array(site, { minLength: 3, maxLength: 3 }),
    web: app("web", roomyKind),
    db: app("db", roomyKind),
    dependsOn: fc.constantFrom<readonly string[]>([], ["db"]),
  })
  .map(({ sites, web, db, dependsOn }) => ({
    sites: Object.fromEntries(sites.map((each, index) => [siteNames[index] ?? "", each])),
    apps: { web: { ...web, dependsOn }, db },
  }));

/** Histories in which objects go from one app to another, and what was to take them changes its mind. */
export const someExchange = fc
  .array(someExchangeHead, { minLength: 3, maxLength: 5 })
  .chain((heads) =>
    fc.record({
      heads: fc.constant(heads),
      events: fc.array(
        fc.oneof(
          {
            weight: 4,
            arbitrary: fc.record({
              kind: fc.constant("commit" as const),
              head: fc.nat(heads.length - 1),
            }),
          },
          {
            weight: 5,
            arbitrary: fc.record({
              kind: fc.constant("wait" as const),
              seconds: fc.constantFrom(1, 2, 15),
            }),
          },
          { weight: 4, arbitrary: someEvent(heads.length) },
        ),
        { minLength: 4, maxLength: 16 },
      ),
    }),
  );

const scopes = [{ app: "web" }, { region: "eu" }, { fleet: true }, { site: "s2" }] as const;

/** Plays a history. Versions named `bad` never get healthy, `slow` ones late. */
export function play(
  world: PlannerWorld,
  heads: readonly WorldHead[],
  events: readonly Event[],
): void {
  world.behaviour = ({ tree, afterMs }) => {
    if (tree.includes(":bad")) return "Degraded";
    if (tree.includes(":slow")) return afterMs >= 9000 ? "Healthy" : "Progressing";
    return afterMs >= 1000 ? "Healthy" : "Progressing";
  };
  world.isProtected = isMarked;
  world.follow(heads[0] ?? { sites: {}, apps: {} });
  world.run(3);
  const copy = world.control;
  for (const each of events) {
    if (each.kind === "recover") recover(world, copy);
    else happen(world, heads, each);
  }
}

/** Control comes back from a copy of an early day; every site belongs to the mirror in which it stands. */
function recover(world: PlannerWorld, copy: PlannerWorld["control"]): void {
  const known = Object.keys(copy.sites);
  if (known.some((site) => world.hosts[site] === undefined)) return;
  const sites = Object.entries(world.hosts).map(
    ([site, mirror]) =>
      [site, copy.sites[site]?.mirror === mirror ? copy.sites[site] : { mirror }] as const,
  );
  world.control = { ...copy, sites: Object.fromEntries(sites) };
  world.recoverControl();
}

/** An operator says of every site on its way that its old worker cannot write any more. */
function releaseAll(world: PlannerWorld): void {
  for (const site of Object.keys(world.control.sites))
    say(world, { verb: "excuse", site, uid: `u-${site}`, why: "x" });
}

/** What an event does to the world. */
function happen(
  world: PlannerWorld,
  heads: readonly WorldHead[],
  event: Exclude<Event, { kind: "recover" }>,
): void {
  if ("head" in event) world.follow(heads[event.head] ?? { sites: {}, apps: {} });
  else if ("seconds" in event) world.run(event.seconds);
  else if ("site" in event || "region" in event) disturb(world, event);
  else if ("scope" in event) hold(world, event);
  else if (event.kind === "die") world.step({ dies: true });
  else if (event.kind === "restart") world.observed = {};
  else if (event.kind === "release") releaseAll(world);
  else decideAll(world, event.kind);
}

function hold(
  world: PlannerWorld,
  { kind, scope }: { kind: "hold" | "resume"; scope: number },
): void {
  const named = { scope: scopes[scope % scopes.length] ?? {}, why: "x" };
  if (kind === "hold") say(world, { verb: "pause", ...named, all: scope >= scopes.length });
  else say(world, { verb: "resume", ...named });
}

function disturb(
  world: PlannerWorld,
  event: Extract<Event, { kind: "offline" | "online" | "silence" | "dead" | "revive" }>,
): void {
  if (event.kind === "offline") world.offline.add(event.site);
  if (event.kind === "online") world.offline.delete(event.site);
  if ((event.kind === "silence" || event.kind === "dead") && !world.silent.has(event.region))
    world.silence(event.region, event.kind === "dead");
  if (event.kind === "revive" && world.silent.has(event.region)) world.revive(event.region);
}

/** Says the same of every open release, stage and site; what does not apply is refused. */
export function decideAll(
  world: PlannerWorld,
  verb: "retry" | "approve" | "excuse" | "urgent",
): void {
  const releases = Object.values(world.control.apps).flatMap(({ open }) => open);
  for (const release of releases) {
    const named = { app: release.app, release: release.id, why: "x" };
    if (verb === "retry" || verb === "urgent") say(world, { verb, ...named });
    if (verb === "approve") approveAll(world, release);
    if (verb !== "excuse") continue;
    for (const site of Object.keys(release.list)) say(world, { verb, ...named, site });
  }
  if (verb !== "approve") return;
  for (const [name, { arrivals }] of Object.entries(world.control.apps)) {
    const deletions = waitingLosses(arrivals ?? {});
    say(world, { verb, app: name, release: "open-list", deletions, why: "x" });
  }
}

function approveAll(world: PlannerWorld, { app, id, stages, deletions }: Release): void {
  const named = { verb: "approve", app, release: id, why: "x" } as const;
  for (const { name } of stages) say(world, { ...named, stage: name });
  say(world, { ...named, deletions: deletions.objects });
  say(world, { ...named, removal: "delete" });
}

/** A refused word is part of the story. */
export function say(world: PlannerWorld, decision: Parameters<PlannerWorld["decide"]>[0]): void {
  try {
    world.decide(decision);
  } catch (error) {
    if (!(error instanceof Error) || !/^(bad-request|not-found|conflict):/.test(error.message))
      throw error;
  }
}

/** 0 would be for ever, also for the removal of an app that no later head has. */
export function withRoom(each: WorldHead): WorldHead {
  const room = { maxInFlight: 1, maxUnavailable: 1 };
  const apps = Object.entries(each.apps).map(
    ([name, spec]) => [name, { ...spec, strategy: { ...spec.strategy, ...room } }] as const,
  );
  return { ...each, apps: Object.fromEntries(apps) };
}

/** A last commit of a good version with room in its budgets, on sites that all answer. */
export function makeWell(world: PlannerWorld, last: WorldHead): void {
  for (const region of regions) if (world.silent.has(region)) world.revive(region);
  world.offline.clear();
  for (const { id } of world.control.holds) {
    const scope = world.control.holds.find((hold) => hold.id === id)?.scope ?? {};
    say(world, { verb: "resume", scope, why: "well again" });
  }
  const roomy = {
    stages: [{ name: "canary", count: 1 }, { name: "rest" }],
    soak: "1s",
    minReady: "1s",
    progressDeadline: "30s",
    maxInFlight: "100%",
    maxUnavailable: "100%",
    failureBudget: "100%",
  };
  const apps = Object.fromEntries(
    Object.entries(last.apps).map(([name, asked]) => {
      const { checks: _, ...each } = asked;
      const version = each.version.replace(/^[a-z0-9]+/, "good");
      return [name, { ...each, strategy: roomy, version }] as const;
    }),
  );
  const { maxSitesInFlight: _, ...head } = {
    ...last,
    apps,
    deletionBudget: { objects: 999, percent: 100 },
  };
  world.follow(head);
  // Budgets are those of the head before: once more, so that the open list has room too.
  world.follow({
    ...head,
    apps: Object.fromEntries(
      Object.entries(apps).map(([name, each]) => [
        name,
        { ...each, version: each.version.replace("good", "best") },
      ]),
    ),
  });
}
