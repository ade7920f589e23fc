/**
 * Which hold stops what. A hold applies where everything that its scope names agrees. It stops candidates and
 * removals; a site release only when it names a place (fleet, region, site); the open list only with `all`.
 */
import type { Block } from "./block.ts";
import { own } from "./own.ts";
import type { FrozenStage, Hold, Release } from "./records.ts";
import { namesOf } from "./stage-names.ts";

/** What is about to move. */
export interface HoldTarget {
  readonly app: string;
  /** `open`: the open list. */
  readonly kind: Release["kind"] | "open";
  readonly stage?: Pick<FrozenStage, "name" | "of" | "covers"> | undefined;
  /** Its name; the open list has none. */
  readonly release?: string;
  /** The commit that started it. */
  readonly source?: string;
  /** Without it, only holds that name no site and no region are looked at: they stop a whole stage. */
  readonly at?: { readonly site: string; readonly region: string };
}

/** The first hold that stops it. */
export function holdOn(holds: readonly Hold[], target: HoldTarget): Hold | undefined {
  return holds.find((hold) => applies(hold, target) && stops(hold, target));
}

function applies({ scope }: Hold, { app, stage, at }: HoldTarget): boolean {
  const { fleet: _, stage: held, ...named } = scope;
  const target = { app, site: at?.site, region: at?.region };
  return (
    Object.keys(scope).length > 0 &&
    (held === undefined || (stage !== undefined && namesOf(stage).includes(held))) &&
    Object.entries(named).every(([key, name]) => own<string | undefined>(target, key) === name)
  );
}

function stops(hold: Hold, { kind, release: name, source }: HoldTarget): boolean {
  const { scope, all, release, endedBy } = hold;
  if (endedBy !== undefined && endedBy !== source) return false;
  if (release !== undefined && release === name) return false;
  if (all === true) return true;
  if (kind === "open") return false;
  const namesPlace = scope.fleet !== undefined || (scope.site ?? scope.region) !== undefined;
  return kind !== "site" || namesPlace;
}

/** `app web, stage early`: what a hold is about, in words; the same for one scope, in whichever order it was written. */
function scopeInWords({ fleet, app, stage, site, region }: Hold["scope"]): string {
  const parts = Object.entries({ app, stage, site, region }).flatMap(([key, name]) =>
    name === undefined ? [] : [`${key} ${name}`],
  );
  return [...(fleet === true ? ["fleet"] : []), ...parts].join(", ");
}

/** `app web, at web-1`: what a hold is about, and which release it lets through. */
export function targetInWords({ scope, release }: Pick<Hold, "scope" | "release">): string {
  return `${scopeInWords(scope)}${release === undefined ? "" : `, at ${release}`}`;
}

/** `held by ada (app web): being looked at`. */
export function holdInWords({ by, why, declared, ...hold }: Hold): string {
  const place = declared === undefined ? "" : `, declared in ${declared.file}:${declared.line}`;
  return `held by ${by} (${targetInWords(hold)}${place}): ${why}`;
}

/** The block of whatever a hold stops. */
export function heldBlock(hold: Hold): Block {
  return { code: "held", reason: holdInWords(hold), endsWhen: endOf(hold) };
}

function endOf({ declared, endedBy }: Hold): string {
  if (endedBy !== undefined)
    return "the next commit is followed, or an operator resumes it: the commit that ends a hold does not free what it starts";
  if (declared === undefined) return "an operator resumes it";
  const { decision, file, line } = declared;
  return `the Decision ${decision} (${file}:${line}) leaves the fleet repository`;
}
