/** The Secrets that an App gets from its region: as objects without data, which name what a worker puts in. */
import { templatesIn } from "../expressions/fill-json.ts";
import type { Diagnostic } from "../model/diagnostic.ts";
import type { Located } from "../model/fleet-model.ts";
import type { App } from "../model/kinds.ts";
import { objectId } from "../model/kube-object.ts";
import { regionField, withRegionSecret } from "../secrets/region-secret.ts";
import { FillableManifest } from "./fill-manifests.ts";
import type { ManifestObject } from "./manifest-objects.ts";
import {
  checkManifests,
  duplicate,
  type ManifestContext,
  type SourceObject,
} from "./parse-manifests.ts";
import type { FieldPath } from "./read-yaml.ts";

/** The Secrets, and what is wrong with them; `fillable` are those whose name in the region is an expression. */
export interface AppSecrets {
  readonly objects: readonly SourceObject[];
  readonly fillable: readonly FillableManifest[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads them. `others`: the objects of the app beside them. */
export function appSecrets(
  app: Located<App>,
  context: ManifestContext,
  others: readonly SourceObject[],
): AppSecrets {
  const all = (app.value.spec.secrets ?? []).map((_, index) => secretManifest(app, index));
  const isFillable = ({ object }: ManifestObject): boolean => templatesIn(object).length > 0;
  const checked = checkManifests(
    all.filter((manifest) => !isFillable(manifest)),
    context,
  );
  const fillable = all.filter(isFillable).map((each) => new FillableManifest(each, context));
  const known = new Map(others.map((each) => [objectId(each.key), each]));
  const twice = checked.objects.flatMap((each) => {
    const first = known.get(objectId(each.key));
    return first === undefined ? [] : [duplicate(each, first)];
  });
  return { ...checked, fillable, diagnostics: [...checked.diagnostics, ...twice] };
}

function secretManifest(app: Located<App>, index: number): ManifestObject {
  const { name = "", from = name, keys } = app.value.spec.secrets?.[index] ?? {};
  const placed = (inside: FieldPath): FieldPath => ["spec", "secrets", index, ...writtenAt(inside)];
  return {
    object: withRegionSecret({ name }, { name: from, ...(keys !== undefined && { keys }) }),
    at: (path) => app.at(placed(path)),
    keyAt: (path) => app.keyAt(placed(path)),
    textAt: (path, at) => app.textAt(placed(path), at),
  };
}

/** Where in an entry of `secrets` a field of the object is written. */
function writtenAt(path: FieldPath): FieldPath {
  if (path[0] === "metadata") return path.slice(1);
  if (path[0] !== regionField) return [];
  return path[1] === "name" ? ["from"] : path.slice(1);
}
