/** Random histories of one app whose sites get other trees as their labels change, and share trees with each other. */
import * as fc from "fast-check";
import { decideAll, say } from "./planner-histories.ts";
import { type PlannerWorld, quick, type WorldHead } from "./planner-world.ts";

type Strategy = NonNullable<WorldHead["apps"][string]["strategy"]>;

const sites = ["s1", "s2", "s3", "s4"];
const flavours = ["a", "b", "c"];

/**
 * Versions of the app. Those of one letter have the same trees, and give them to other flavours: so what one brings to a
 * site is what stood at another.
 */
const versions = ["x@1", "x@2", "x@3", "y@1", "y@2", "z"];

type Turn =
  | { readonly kind: "version"; readonly version: string }
  | { readonly kind: "label"; readonly site: string; readonly flavour: string }
  | { readonly kind: "move"; readonly site: string }
  | { readonly kind: "leave"; readonly site: string }
  | { readonly kind: "strategy"; readonly strategy: Strategy }
  | { readonly kind: "break"; readonly breaks: readonly string[] }
  | { readonly kind: "say"; readonly verb: Said; readonly site: string }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "offline"; readonly site: string }
  | { readonly kind: "silence"; readonly region: string }
  | { readonly kind: "die" };

type Said = "promote" | "rollback" | "rollback-stage" | "rollback-site" | "retry" | "approve";

const strategy: fc.Arbitrary<Strategy> = fc
  .record({
    stages: fc.constantFrom<NonNullable<Strategy["stages"]>>(
      [{ name: "canary", count: 1 }, { name: "rest" }],
      [{ name: "canary", selector: "flavour=a" }, { name: "rest" }],
      [{ name: "share", percent: 50, promotion: "manual" }, { name: "rest" }],
      [{ name: "canary", count: 1 }, { name: "mid", count: 1, approval: true }, { name: "rest" }],
    ),
    soak: fc.constantFrom("0s", "3s", "20s"),
    maxInFlight: fc.constantFrom<number | string>(1, "100%"),
    failureBudget: fc.constantFrom(0, 0, 1),
    rollback: fc.constantFrom("failed" as const, "stage" as const, "all" as const),
  })
  .map((each) => ({ ...quick, ...each }));

/** Which trees do not get healthy, at which sites. */
const breaks = fc.subarray(
  sites.flatMap((site) =>
    ["x:a", "x:b", "x:c", "y:a", "y:b", "z:a"].map((tree) => `${site} ${tree}`),
  ),
  { maxLength: 8 },
);

const site = fc.constantFrom(...sites);

const turn: fc.Arbitrary<Turn> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("version" as const),
      version: fc.constantFrom(...versions),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("label" as const),
      site,
      flavour: fc.constantFrom(...flavours),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom("move" as const, "leave" as const), site }),
  },
  { weight: 1, arbitrary: strategy.map((each) => ({ kind: "strategy" as const, strategy: each })) },
  { weight: 3, arbitrary: breaks.map((each) => ({ kind: "break" as const, breaks: each })) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("say" as const),
      verb: fc.constantFrom<Said>(
        "promote",
        "rollback",
        "rollback-stage",
        "rollback-site",
        "retry",
        "approve",
      ),
      site,
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.integer({ min: 1, max: 25 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("offline" as const), site }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("silence" as const),
      region: fc.constantFrom("eu", "us"),
    }),
  },
  { weight: 1, arbitrary: fc.constant<Turn>({ kind: "die" }) },
);

/** What happens to a fleet that stands on `x@1`. */
export const someFlavours = fc.record({
  first: strategy,
  turns: fc.array(turn, { minLength: 4, maxLength: 18 }),
});

/** What a version gives to a flavour. */
const treesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "x@2": { a: "b", b: "a" },
  "x@3": { a: "c", c: "a" },
  "y@1": { c: "b" },
  "y@2": { a: "b", b: "a", c: "a" },
  z: { b: "a", c: "a" },
};

interface Fleet {
  version: string;
  strategy: Strategy;
  broken: readonly string[];
  readonly flavour: Record<string, string>;
  readonly region: Record<string, string>;
  readonly gone: Set<string>;
}

/** Plays it, with all that there is to say about the app; at the end every site answers, and time passes. */
export function playFlavours(
  world: PlannerWorld,
  { first, turns }: { first: Strategy; turns: readonly Turn[] },
): void {
  const fleet: Fleet = {
    version: "x@1",
    strategy: { ...quick, stages: [{ name: "all" }] },
    broken: [],
    flavour: { s1: "a", s2: "a", s3: "b", s4: "b" },
    region: { s1: "eu", s2: "us", s3: "eu", s4: "us" },
    gone: new Set(),
  };
  world.behaviour = ({ site: at, tree, afterMs }) => {
    if (fleet.broken.includes(`${at} ${tree.replace(/^web:/, "")}`)) return "Degraded";
    return afterMs >= 1000 ? "Healthy" : "Progressing";
  };
  world.follow(headOf(fleet));
  world.run(15);
  fleet.strategy = first;
  world.follow(headOf(fleet));
  for (const each of turns) take(world, fleet, each);
  world.offline.clear();
  for (const region of world.silent.keys()) world.revive(region);
  world.run(90);
}

function headOf({ version, strategy: rules, flavour, region, gone }: Fleet): WorldHead {
  const trees = treesOf[version] ?? {};
  return {
    sites: Object.fromEntries(
      sites
        .filter((each) => !gone.has(each))
        .map((each) => [
          each,
          { region: region[each] ?? "", labels: { flavour: flavour[each] ?? "" } },
        ]),
    ),
    apps: {
      web: {
        version,
        strategy: rules,
        variant: ({ flavour: own = "" }) => trees[own] ?? own,
      },
    },
  };
}

function take(world: PlannerWorld, fleet: Fleet, each: Turn): void {
  if (each.kind === "break") fleet.broken = each.breaks;
  else if (changes(fleet, each)) follow(world, fleet);
  else disturb(world, each);
}

/** What the next commit says otherwise; false: it is no matter of commits. */
function changes(fleet: Fleet, each: Turn): boolean {
  if (each.kind === "version") fleet.version = each.version;
  else if (each.kind === "strategy") fleet.strategy = each.strategy;
  else if (each.kind === "label") fleet.flavour[each.site] = each.flavour;
  else if (each.kind === "move")
    fleet.region[each.site] = fleet.region[each.site] === "eu" ? "us" : "eu";
  else if (each.kind !== "leave") return false;
  else if (!fleet.gone.delete(each.site)) fleet.gone.add(each.site);
  return true;
}

function follow(world: PlannerWorld, fleet: Fleet): void {
  world.follow(headOf(fleet));
  world.settle();
}

function disturb(world: PlannerWorld, each: Turn): void {
  if (each.kind === "wait") world.run(each.seconds);
  if (each.kind === "die") world.step({ dies: true });
  if (each.kind === "offline" && !world.offline.delete(each.site)) world.offline.add(each.site);
  if (each.kind === "silence") {
    if (world.silent.has(each.region)) world.revive(each.region);
    else world.silence(each.region);
  }
  if (each.kind === "say") speak(world, each);
}

function speak(world: PlannerWorld, { verb, site: at }: { verb: Said; site: string }): void {
  if (verb === "retry" || verb === "approve") return decideAll(world, verb);
  const release = world.open("web") ?? world.open("web", "site");
  if (release === undefined) return;
  const named = { app: "web", release: release.id, why: "x" };
  const scopes = {
    rollback: {},
    "rollback-site": { site: at },
    "rollback-stage": { stage: release.stages[release.list[at]?.stage ?? 0]?.name ?? "" },
  };
  if (verb === "promote") say(world, { verb, ...named });
  else say(world, { verb: "rollback", ...named, ...scopes[verb] });
}
