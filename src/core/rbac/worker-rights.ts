/**
 * The rights that a worker needs in a cluster. In: the objects that Git gives the cluster. Out: RBAC objects that grant
 * just these, and the namespaces they lie in. Rights in a namespace are granted there; where the namespace itself comes
 * from Git, in the whole cluster, because a Role would go with it. Nothing is granted that no request of a worker asks.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf, keyOf } from "../model/kube-object.ts";
import { systemNamespace } from "../apply/ownership.ts";
import { pluralOf } from "./plural-of.ts";

/** Who gets the rights. */
export type RightsSubject =
  | { readonly user: string }
  | { readonly serviceAccount: { readonly namespace: string; readonly name: string } };

interface Rule extends JsonObject {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const rbacGroup = "rbac.authorization.k8s.io";
const roleName = "flotilla-worker";
/** Apply is a patch that may create; `list` is how many objects are looked at at once. */
const objectVerbs = ["create", "delete", "get", "list", "patch"];

/** The objects to be applied by an administrator, in this order. */
export function workerRights(
  objects: readonly KubeObject[],
  subject: RightsSubject,
): readonly KubeObject[] {
  const plurals = definedPlurals(objects);
  const delivered = new Set(
    objects.filter(({ kind }) => kind === "Namespace").map(({ metadata }) => metadata.name),
  );
  const byPlace = new Map<string, Rule[]>([
    [
      "",
      [
        {
          apiGroups: [""],
          resources: ["namespaces"],
          verbs: ["get"],
          resourceNames: ["kube-system"],
        },
      ],
    ],
    [systemNamespace, [rule("", "configmaps", objectVerbs)]],
  ]);
  for (const object of objects) {
    const { namespace } = keyOf(object);
    const place = delivered.has(namespace) ? "" : namespace;
    byPlace.set(place, [...(byPlace.get(place) ?? []), ...rulesFor(object, plurals)]);
  }
  const places = [...byPlace.keys()].toSorted();
  const spaces = places.filter((place) => place !== "").map(namespaceObject);
  const grants = places.flatMap((place) =>
    granted(place, merged(byPlace.get(place) ?? []), subject),
  );
  return [...spaces, ...grants];
}

/** Kinds outside of Kubernetes whose definition is not among the objects: their plurals are guessed. */
export function guessedKinds(
  objects: readonly KubeObject[],
  isBuiltIn: (object: KubeObject) => boolean,
): readonly string[] {
  const plurals = definedPlurals(objects);
  const unknown = objects.filter(
    (object) => !isBuiltIn(object) && !plurals.has(`${groupOf(object.apiVersion)}/${object.kind}`),
  );
  return [...new Set(unknown.map(({ kind, apiVersion }) => `${kind} of ${apiVersion}`))].toSorted();
}

/** `group/Kind` -> plural, by the definitions among the objects. */
function definedPlurals(objects: readonly KubeObject[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { kind, spec } of objects) {
    if (kind !== "CustomResourceDefinition" || !isJsonObject(spec)) continue;
    const names = isJsonObject(spec["names"]) ? spec["names"] : {};
    found.set(`${text(spec["group"])}/${text(names["kind"])}`, text(names["plural"]));
  }
  return found;
}

function rulesFor(object: KubeObject, plurals: ReadonlyMap<string, string>): readonly Rule[] {
  const group = groupOf(object.apiVersion);
  const plural = plurals.get(`${group}/${object.kind}`) ?? pluralOf(object.kind);
  const rules = [rule(group, plural, objectVerbs)];
  // Why a workload is not well is asked of its pods.
  if (group === "apps" || group === "batch") rules.push(rule("", "pods", ["list"]));
  if (group === rbacGroup) rules.push(...rulesForRights(object, plural));
  return rules;
}

/** Kubernetes lets nobody hand out rights that he has not, unless he may just that: by name. */
function rulesForRights(object: KubeObject, plural: string): readonly Rule[] {
  const { name } = object.metadata;
  if (!object.kind.endsWith("Binding")) return [named(plural, "escalate", name)];
  const roleRef = isJsonObject(object["roleRef"]) ? object["roleRef"] : {};
  return [named(pluralOf(text(roleRef["kind"])), "bind", text(roleRef["name"]))];
}

function named(plural: string, verb: string, name: string): Rule {
  return { ...rule(rbacGroup, plural, [verb]), resourceNames: [name] };
}

function rule(group: string, plural: string, verbs: readonly string[]): Rule {
  return { apiGroups: [group], resources: [plural], verbs };
}

/** One rule for all resources of a group that get the same verbs, and one for each verb by name. */
function merged(rules: readonly Rule[]): readonly Rule[] {
  const byKey = new Map<string, Rule>();
  for (const one of rules) {
    const isNamed = one.resourceNames !== undefined;
    const key = [one.apiGroups, one.verbs, isNamed ? one.resources : []].join(" ");
    const same = byKey.get(key);
    byKey.set(key, {
      ...one,
      resources: union(same?.resources, one.resources),
      ...(isNamed && { resourceNames: union(same?.resourceNames, one.resourceNames) }),
    });
  }
  return [...byKey.keys()].toSorted().flatMap((key) => byKey.get(key) ?? []);
}

function union(one: readonly string[] = [], other: readonly string[] = []): readonly string[] {
  return [...new Set([...one, ...other])].toSorted();
}

function granted(
  namespace: string,
  rules: readonly Rule[],
  subject: RightsSubject,
): readonly KubeObject[] {
  const kind = namespace === "" ? "ClusterRole" : "Role";
  const apiVersion = `${rbacGroup}/v1`;
  const metadata = { name: roleName, ...(namespace !== "" && { namespace }) };
  const roleRef = { apiGroup: rbacGroup, kind, name: roleName };
  return [
    { apiVersion, kind, metadata, rules },
    { apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects: [subjectOf(subject)] },
  ];
}

function subjectOf(subject: RightsSubject): JsonObject {
  return "user" in subject
    ? { apiGroup: rbacGroup, kind: "User", name: subject.user }
    : { kind: "ServiceAccount", ...subject.serviceAccount };
}

function namespaceObject(name: string): KubeObject {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name } };
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
