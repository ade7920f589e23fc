import { closestName } from "../model/closest-name.ts";
import type { Parsed } from "../model/diagnostic.ts";
import type { Json } from "../model/json.ts";
import { type KubeObject, groupOf } from "../model/kube-object.ts";
import { newestMinor, servingProblem } from "./api-lifecycle.ts";
import { type CustomKinds, customKindOf, scopeOf } from "./custom-kinds.ts";
import { isDnsSubdomain } from "./kubernetes-names.ts";
import { type ManifestObject, typeName } from "./manifest-objects.ts";
import { builtInKinds } from "./merge-schema.ts";
import { shortText } from "../model/short-text.ts";
import { type Told, mistake } from "./mistake.ts";
import type { FieldPath } from "./read-yaml.ts";

/** The object with the namespace that it belongs to: its own, else the app's; none when its kind is cluster-scoped. */
export function withNamespace(
  manifest: ManifestObject,
  context: { readonly namespace: string; readonly customKinds: CustomKinds },
): Parsed<KubeObject> {
  const { object } = manifest;
  const { namespace } = object.metadata;
  const isNamed = namespace !== undefined && namespace !== null && namespace !== "";
  const isNamespaced = scopeOf(object, context.customKinds);
  const wrong = isNamed ? wrongNamespace(object, namespace, isNamespaced) : undefined;
  if (wrong !== undefined) return fail(manifest, ["metadata", "namespace"], wrong);
  const unnamed = wrongCustomName(object, context.customKinds);
  if (unnamed !== undefined) return fail(manifest, ["metadata", "name"], unnamed);
  if (isNamed) return { ok: true, value: object, diagnostics: [] };
  if (isNamespaced === undefined) return fail(manifest, ["kind"], unknownScope(object));
  const { namespace: _empty, ...rest } = object.metadata;
  const metadata = { ...rest, name: object.metadata.name };
  const placed = isNamespaced ? { ...metadata, namespace: context.namespace } : metadata;
  return { ok: true, value: { ...object, metadata: placed }, diagnostics: [] };
}

function fail(manifest: ManifestObject, path: FieldPath, told: Told): Parsed<KubeObject> {
  return { ok: false, diagnostics: [mistake(manifest.at(path), told)] };
}

function wrongNamespace(
  object: KubeObject,
  namespace: Json,
  isNamespaced: boolean | undefined,
): Told | undefined {
  const code = "wrong-namespace";
  if (isNamespaced === false) {
    const message = `${object.kind} is cluster-scoped and cannot have a namespace`;
    return { code, message, hint: "remove metadata.namespace" };
  }
  if (isLabel(namespace)) return undefined;
  const shown = typeof namespace === "string" ? `"${namespace}"` : typeName(namespace);
  return { code, message: `metadata.namespace must be an RFC 1123 label, not ${shown}` };
}

/** An API that is not served by a definition, but by a server of its own, has names of its own. */
function wrongCustomName(object: KubeObject, kinds: CustomKinds): Told | undefined {
  const { name } = object.metadata;
  if (isDnsSubdomain(name) || customKindOf(object, kinds) === undefined) return undefined;
  const message = `"${shortText(name)}" is no name for a ${object.kind} (lower case letters, digits, \`-\` and \`.\`, at most 253)`;
  return { code: "invalid-object", message };
}

function isLabel(namespace: Json): boolean {
  return typeof namespace === "string" && /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace);
}

function unknownScope({ apiVersion, kind }: KubeObject): Told {
  const gone = servingProblem({ apiVersion, kind }, newestMinor());
  if (gone?.when === "now") return { code: "unserved-api", message: gone.message, hint: gone.hint };
  const known = builtInKinds(groupOf(apiVersion));
  const code = "unknown-scope";
  if (known.length > 0) {
    const closest = closestName(kind, known);
    const message = `Kubernetes has no kind ${shortText(kind)} in ${shortText(apiVersion)}`;
    return { code, message, ...(closest !== undefined && { hint: `did you mean ${closest}?` }) };
  }
  return {
    code,
    message: `it is not known whether ${shortText(kind)} of ${shortText(apiVersion)} is namespaced`,
    hint: "add its CustomResourceDefinition to an app of the fleet, or set metadata.namespace",
  };
}
