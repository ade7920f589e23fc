/** Decisions as files: that each says one clear thing, and names things that there are. */
import { danglingHint } from "./check-references.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft, warningAt } from "./fleet-draft.ts";
import type { Decision, KindName } from "./kinds.ts";
import { namedStages, type NamedStages } from "./named-stages.ts";
import type { FieldPath } from "./yaml-places.ts";

/** What a Decision can say, in the order of its page. */
const decisionActions = [
  "hold",
  "resume",
  "approve",
  "excuse",
  "retry",
  "promote",
  "urgent",
  "rollback",
] as const;
type Action = (typeof decisionActions)[number];

/** The action of a valid Decision; undefined where it has none, or several. */
function actionOf({ spec }: Decision): Action | undefined {
  const [first, ...others] = decisionActions.filter((action) => spec[action] !== undefined);
  return others.length === 0 ? first : undefined;
}

/** What is wrong in Decisions. A hold that names what there is not would hold nothing, so that is wrong too. */
export function checkDecisions(draft: FleetDraft): Diagnostic[] {
  return [...draft.decisions.values()].flatMap((entry) => {
    const action = actionOf(entry.value);
    if (action === undefined) return [notOneAction(entry)];
    return [
      ...excludes(entry, action),
      ...releaseOfNoApp(entry, action),
      ...(action === "hold" ? unknownNames(draft, entry, action).map(asError) : []),
    ];
  });
}

/**
 * Names that lead nowhere in decisions that are carried out once: they may be older than what has left the fleet since,
 * and must not keep a commit from being followed.
 */
export function warnOfDecisions(draft: FleetDraft): Diagnostic[] {
  return [...draft.decisions.values()].flatMap((entry) => {
    const action = actionOf(entry.value);
    if (action === undefined || action === "hold") return [];
    return unknownNames(draft, entry, action).map(({ place, ...finding }) =>
      warningAt(place, finding),
    );
  });
}

function notOneAction({ value, document }: Entry<Decision>): Diagnostic {
  const given = decisionActions.filter((action) => value.spec[action] !== undefined);
  const [, second] = given;
  const hint = `exactly one of ${decisionActions.join(", ")}`;
  if (second === undefined) {
    const message = "a Decision needs something that is decided";
    return errorAt(document.keyAt(["spec"]), { code: "missing-field", message, hint });
  }
  const message = `\`${given.join("` and `")}\` exclude each other`;
  const place = document.keyAt(["spec", second]);
  return errorAt(place, { code: "invalid-value", message, hint: `${hint}; write two Decisions` });
}

/** Groups of fields of which one must be there, or at most one may be. */
const groups: Readonly<
  Partial<
    Record<Action, readonly { readonly fields: readonly string[]; readonly needed: boolean }[]>
  >
> = {
  hold: [{ fields: ["fleet", "region", "site", "app", "stage"], needed: true }],
  resume: [{ fields: ["fleet", "region", "site", "app", "stage"], needed: true }],
  approve: [{ fields: ["stage", "deletions", "removal"], needed: true }],
  // A region is excused for everything: its worker is silent for all apps.
  excuse: [
    { fields: ["site", "region"], needed: true },
    { fields: ["region", "app"], needed: false },
    { fields: ["region", "release"], needed: false },
    { fields: ["region", "uid"], needed: false },
  ],
  rollback: [
    { fields: ["site", "stage"], needed: false },
    { fields: ["release", "to"], needed: false },
  ],
};

function excludes({ value, document }: Entry<Decision>, action: Action): Diagnostic[] {
  const fields = Object.keys(value.spec[action] ?? {});
  return (groups[action] ?? []).flatMap(({ fields: group, needed }) => {
    const [first, second] = group.filter((field) => fields.includes(field));
    const words = group.map((field) => `\`${field}\``).join(", ");
    if (first === undefined) {
      if (!needed) return [];
      const message = `\`${action}\` says nothing of what it is about`;
      const hint = `add one of ${words}`;
      return [errorAt(document.keyAt(["spec", action]), { code: "missing-field", message, hint })];
    }
    const isScope = group.includes("fleet");
    if (second === undefined || (isScope && first !== "fleet")) return [];
    const message = `\`${first}\` and \`${second}\` exclude each other`;
    const hint = "remove one of the two";
    const place = document.keyAt(["spec", action, second]);
    return [errorAt(place, { code: "invalid-value", message, hint })];
  });
}

/** A scope that lets a release through has to say of which app. */
function releaseOfNoApp({ value, document }: Entry<Decision>, action: Action): Diagnostic[] {
  if (action !== "hold" && action !== "resume") return [];
  const { app, release } = value.spec[action] ?? {};
  if (release === undefined || app !== undefined) return [];
  const message = "`release` needs `app`";
  const hint = "add the app that the release is of";
  const place = document.keyAt(["spec", action, "release"]);
  return [errorAt(place, { code: "missing-field", message, hint })];
}

type Unknown = Parameters<typeof errorAt>[1] & { readonly place: Parameters<typeof errorAt>[0] };

function asError({ place, ...finding }: Unknown): Diagnostic {
  return errorAt(place, finding);
}

const kindOf: Readonly<Record<string, KindName>> = { app: "App", site: "Site", region: "Region" };

function unknownNames(draft: FleetDraft, entry: Entry<Decision>, action: Action): Unknown[] {
  if (draft.hasUnreadable) return [];
  const fields = Object.entries(entry.value.spec[action] ?? {});
  const stages = fields.some(([field]) => field === "stage") ? stagesOf(draft) : undefined;
  const unknown = fields.flatMap(([field, name]): Unknown[] => {
    const known = field === "stage" ? stages?.all : declaredNames(draft, field);
    if (typeof name !== "string" || known === undefined || known.has(name)) return [];
    const what = kindOf[field] ?? "stage";
    const message = `there is no ${what} "${name}"`;
    return [unknownAt(entry, [action, field], { message, hint: danglingHint(what, name, known) })];
  });
  if (unknown.length > 0) return unknown;
  const scope = Object.fromEntries(fields) as Scope; // as far as the action has them
  return [
    ...noStageOfApp(entry, action, { scope, stages }),
    ...notOfRegion(entry, action, { scope, sites: draft.sites }),
  ];
}

/** What of a decision has to agree. */
interface Scope {
  readonly app?: string;
  readonly stage?: string;
  readonly site?: string;
  readonly region?: string;
}

function unknownAt(
  { document }: Entry<Decision>,
  path: FieldPath,
  { message, hint }: { message: string; hint: string },
): Unknown {
  return { place: document.at(["spec", ...path]), code: "dangling-reference", message, hint };
}

/** The stage is of other apps alone. */
function noStageOfApp(
  entry: Entry<Decision>,
  action: Action,
  { scope: { app = "", stage }, stages }: { scope: Scope; stages: NamedStages | undefined },
): Unknown[] {
  const known = stages?.byApp.get(app);
  if (stage === undefined || known === undefined || known.has(stage)) return [];
  const message = `App "${app}" has no stage "${stage}"`;
  return [
    unknownAt(entry, [action, "stage"], { message, hint: danglingHint("stage", stage, known) }),
  ];
}

function notOfRegion(
  entry: Entry<Decision>,
  action: Action,
  { scope: { site = "", region }, sites }: { scope: Scope; sites: FleetDraft["sites"] },
): Unknown[] {
  const its = sites.get(site)?.value.spec.region;
  if (its === undefined || region === undefined || its === region) return [];
  const message = `Site "${site}" is in Region "${its}", not in "${region}"`;
  const hint = "remove one of the two: everything that is named has to agree";
  return [unknownAt(entry, [action, "region"], { message, hint })];
}

function declaredNames(draft: FleetDraft, field: string): ReadonlySetLike<string> | undefined {
  const kind = kindOf[field];
  return kind === undefined ? undefined : (draft.declared.get(kind) ?? new Set());
}

/** The stages of all strategies and of each app; undefined where something that tells has mistakes of its own. */
function stagesOf({
  fleet,
  apps,
  strategies,
  sites,
  declared,
}: FleetDraft): NamedStages | undefined {
  const isWhole =
    strategies.size === (declared.get("RolloutStrategy")?.size ?? 0) &&
    apps.size === (declared.get("App")?.size ?? 0);
  if (fleet === undefined || !isWhole) return undefined;
  const valuesOf = <T>(entries: ReadonlyMap<string, { readonly value: T }>): Map<string, T> =>
    new Map([...entries].map(([name, { value }]) => [name, value]));
  return namedStages({
    fleet: fleet.value,
    apps: valuesOf(apps),
    strategies: valuesOf(strategies),
    sites: [...valuesOf(sites).values()],
  });
}
