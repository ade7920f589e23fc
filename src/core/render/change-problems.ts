/** What a step of an overlay has made wrong in an object, at its own places. */
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Place } from "../model/fleet-model.ts";
import { canonicalJson } from "../model/json.ts";
import { regionField } from "../secrets/region-secret.ts";
import { sopsField } from "../secrets/sops-file.ts";
import { checkObject } from "./check-object.ts";
import { mistake } from "./mistake.ts";
import type { OverlayChange, SourceObject } from "./parse-manifests.ts";
import { placeInChange } from "./place-of-field.ts";
import type { FieldPath } from "./read-yaml.ts";

type ChangedObject = SourceObject & { readonly changedBy: OverlayChange };

/** What is wrong with the object and was not before the step. */
export function changeProblems(changed: ChangedObject): readonly Diagnostic[] {
  return [...newProblems(changed), ...sealChange(changed)];
}

function newProblems(changed: ChangedObject): readonly Diagnostic[] {
  const at = (path: FieldPath): Place => placeInChange(changed, path);
  const keyAt = (path: FieldPath): Place => placeInChange(changed, path, true);
  const problems = checkObject({ ...changed, at, keyAt, textAt: at });
  if (problems.length === 0) return problems;
  const known = new Set(checkObject(changed.changedBy.before).map(({ message }) => message));
  return problems.filter(({ message }) => !known.has(message));
}

/** What SOPS sealed is opened as it was written, and which Secret of the region is meant is said by the App alone. */
function sealChange({ object: after, changedBy }: ChangedObject): Diagnostic[] {
  const before = changedBy.before.object;
  const at = (): Place => changedBy.at(changedBy.path);
  const [was, is] = [before, after].map((object) => canonicalJson(object[regionField] ?? null));
  if (was !== is) {
    const message = `\`${regionField}\` cannot be changed by an overlay`;
    const hint = "name the Secret in `secrets` of the App; `from` may be an expression";
    return [mistake(at(), { code: "region-secret", message, hint })];
  }
  if (before[sopsField] === after[sopsField]) return [];
  const message = `\`${sopsField}\` cannot be changed by an overlay`;
  return [mistake(at(), { code: "sealed-secret", message, hint: "seal another Secret with sops" })];
}
