/**
 * The rights that a worker needs in a cluster. In: the objects that Git gives the cluster. Out: RBAC objects that grant
 * just these, and the namespaces they lie in. Rights in a namespace are granted there; where the namespace itself comes
 * from Git, in the whole cluster, because a Role would go with it. Nothing is granted that no request of a worker asks.
 * For apps that are written as a service account the worker may read and be that account; what it may write, only the
 * account gets, and in no other namespace than those of the objects.
 */
import { type Json, type JsonObject, isJsonObject } from "../model/json.ts";
import { type KubeObject, groupOf, keyOf } from "../model/kube-object.ts";
import { systemNamespace } from "../apply/ownership.ts";
import { pluralOf } from "./plural-of.ts";

/** Who gets the rights. */
export type RightsSubject =
  | { readonly user: string }
  | { readonly serviceAccount: { readonly namespace: string; readonly name: string } };

/** Objects of apps that are written as a service account. */
export interface AccountObjects {
  readonly account: { readonly namespace: string; readonly name: string };
  readonly objects: readonly KubeObject[];
}

interface Rule extends JsonObject {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

const rbacGroup = "rbac.authorization.k8s.io";
const roleName = "flotilla-worker";
/** Apply is a patch that may create; `list` is how many objects are looked at at once. */
const readVerbs = ["get", "list"];
const writeVerbs = ["create", "delete", "patch"];
const objectVerbs = [...readVerbs, ...writeVerbs].toSorted();

/** What a worker writes beside what it writes as itself, and how its kinds are addressed. */
export interface RightsContext {
  /** What it writes as accounts, once for each account. */
  readonly written?: readonly AccountObjects[];
  /** CustomResourceDefinitions of the fleet; those among the objects count anyway. */
  readonly definitions?: readonly KubeObject[];
}

/** The objects to be applied by an administrator, in this order. `objects`: those that the worker writes as itself. */
export function workerRights(
  objects: readonly KubeObject[],
  subject: RightsSubject,
  { written = [], definitions = [] }: RightsContext = {},
): readonly KubeObject[] {
  const all = [...objects, ...written.flatMap((one) => one.objects)];
  const plurals = definedPlurals([...definitions, ...all]);
  const namespaces = all.filter(({ kind }) => kind === "Namespace");
  const delivered = new Set(namespaces.map(({ metadata }) => metadata.name));
  const placeOf = (object: KubeObject): string => {
    const { namespace } = keyOf(object);
    return delivered.has(namespace) ? "" : namespace;
  };
  const worker: Grant = { name: roleName, subject, byPlace: new Map() };
  add(worker, "", [named(rule("", "namespaces", ["get"]), "kube-system")]);
  add(worker, systemNamespace, [rule("", "configmaps", objectVerbs)]);
  for (const object of objects) add(worker, placeOf(object), rulesFor(object, plurals));
  const accounts = written.map(({ account, objects: own }) => {
    const { namespace, name } = account;
    add(worker, namespace, [named(rule("", "serviceaccounts", ["impersonate"]), name)]);
    const grant: Grant = {
      name: `flotilla:${namespace}:${name}`,
      subject: { serviceAccount: account },
      byPlace: new Map(),
    };
    for (const object of own) {
      add(worker, placeOf(object), readRulesFor(object, plurals));
      add(grant, keyOf(object).namespace, [ruleOf(object, plurals, writeVerbs)]);
    }
    return grant;
  });
  const grants = [worker, ...accounts];
  const places = new Set(grants.flatMap(({ byPlace }) => [...byPlace.keys()]));
  const spaces = [...places].filter((place) => place !== "").toSorted();
  return [...spaces.map(namespaceObject), ...grants.flatMap(granted)];
}

/** Rights by namespace ("": the whole cluster), and whose they are to be. */
interface Grant {
  readonly name: string;
  readonly subject: RightsSubject;
  readonly byPlace: Map<string, readonly Rule[]>;
}

function add({ byPlace }: Grant, place: string, rules: readonly Rule[]): void {
  byPlace.set(place, [...(byPlace.get(place) ?? []), ...rules]);
}

/** Kinds outside of Kubernetes that none of these definitions is of: their plurals are guessed. */
export function guessedKinds(
  objects: readonly KubeObject[],
  definitions: readonly KubeObject[],
  isBuiltIn: (object: KubeObject) => boolean,
): readonly string[] {
  const plurals = definedPlurals(definitions);
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

type Plurals = ReadonlyMap<string, string>;

function rulesFor(object: KubeObject, plurals: Plurals): readonly Rule[] {
  const rights = groupOf(object.apiVersion) === rbacGroup ? rulesForRights(object) : [];
  return [ruleOf(object, plurals, objectVerbs), ...rulesForPods(object), ...rights];
}

function readRulesFor(object: KubeObject, plurals: Plurals): readonly Rule[] {
  return [ruleOf(object, plurals, readVerbs), ...rulesForPods(object)];
}

function ruleOf(object: KubeObject, plurals: Plurals, verbs: readonly string[]): Rule {
  const group = groupOf(object.apiVersion);
  return rule(group, plurals.get(`${group}/${object.kind}`) ?? pluralOf(object.kind), verbs);
}

/** Why a workload is not well is asked of its pods. */
function rulesForPods({ apiVersion }: KubeObject): readonly Rule[] {
  const group = groupOf(apiVersion);
  return group === "apps" || group === "batch" ? [rule("", "pods", ["list"])] : [];
}

/** Kubernetes lets nobody hand out rights that he has not, unless he may just that: by name. Accounts never get that. */
function rulesForRights({ kind, metadata, roleRef }: KubeObject): readonly Rule[] {
  if (!kind.endsWith("Binding")) {
    return [named(rule(rbacGroup, pluralOf(kind), ["escalate"]), metadata.name)];
  }
  const role = isJsonObject(roleRef) ? roleRef : {};
  return [named(rule(rbacGroup, pluralOf(text(role["kind"])), ["bind"]), text(role["name"]))];
}

function named(one: Rule, name: string): Rule {
  return { ...one, resourceNames: [name] };
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

function granted({ name, subject, byPlace }: Grant): readonly KubeObject[] {
  const apiVersion = `${rbacGroup}/v1`;
  const places = [...byPlace].toSorted(([one], [other]) => (one < other ? -1 : 1));
  return places.flatMap(([namespace, rules]) => {
    const kind = namespace === "" ? "ClusterRole" : "Role";
    const metadata = { name, ...(namespace !== "" && { namespace }) };
    const roleRef = { apiGroup: rbacGroup, kind, name };
    const subjects = [subjectOf(subject)];
    return [
      { apiVersion, kind, metadata, rules: merged(rules) },
      { apiVersion, kind: `${kind}Binding`, metadata, roleRef, subjects },
    ];
  });
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
