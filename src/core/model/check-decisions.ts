/** Decisions as files: that each says one clear thing, and names things that there are. */
import { danglingHint } from "./check-references.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, errorAt, type FleetDraft, warningAt } from "./fleet-draft.ts";
import type { Decision, KindName } from "./kinds.ts";
import { namedStages } from "./named-stages.ts";
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
  excuse: [{ fields: ["site", "region"], needed: true }],
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
  return fields.flatMap(([field, name]): Unknown[] => {
    const names = field === "stage" ? stageNames(draft) : declaredNames(draft, field);
    if (typeof name !== "string" || names === undefined || names.has(name)) return [];
    const known = new Set<string>().union(names);
    const what = kindOf[field] ?? "stage";
    const hint = danglingHint(what, name, known);
    const path: FieldPath = ["spec", action, field];
    const message = `there is no ${what} "${name}"`;
    return [{ place: entry.document.at(path), code: "dangling-reference", message, hint }];
  });
}

function declaredNames(draft: FleetDraft, field: string): ReadonlySetLike<string> | undefined {
  const kind = kindOf[field];
  return kind === undefined ? undefined : (draft.declared.get(kind) ?? new Set());
}

/** The stages of all strategies, and those of the built-in one; undefined where a strategy has mistakes of its own. */
function stageNames(draft: FleetDraft): ReadonlySet<string> | undefined {
  const { strategies, declared } = draft;
  if (strategies.size < (declared.get("RolloutStrategy")?.size ?? 0)) return undefined;
  const valuesOf = <T>(entries: ReadonlyMap<string, { readonly value: T }>): T[] =>
    [...entries.values()].map(({ value }) => value);
  return namedStages(valuesOf(strategies), valuesOf(draft.sites));
}
