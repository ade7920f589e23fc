/** Which objects are deleted only with an operator's consent. */
import { isJsonObject } from "../model/json.ts";
import { type KubeObject, type ObjectId, parseObjectId } from "../model/kube-object.ts";
import type { Variant } from "../render/rendered.ts";

/** `group/Kind`: what is lost with them does not come back by applying again. */
const protectedKinds: ReadonlySet<string> = new Set([
  "/Namespace",
  "/PersistentVolume",
  "/PersistentVolumeClaim",
  "apiextensions.k8s.io/CustomResourceDefinition",
]);

/** Groups (and those that end in one of them) whose custom resources stand for data or for whole clusters. */
const statefulGroups: readonly string[] = [
  "acid.zalan.do",
  "ceph.rook.io",
  "cluster.x-k8s.io",
  "crossplane.io",
  "elasticsearch.k8s.elastic.co",
  "k8ssandra.io",
  "kafka.strimzi.io",
  "kubevirt.io",
  "longhorn.io",
  "mariadb.com",
  "mongodb.com",
  "mysql.oracle.com",
  "percona.com",
  "postgres-operator.crunchydata.com",
  "postgresql.cnpg.io",
  "rabbitmq.com",
  "redis.redis.opstreelabs.in",
  "upbound.io",
];

const protectMark = "flotilla.dev/protect";

/** A test of objects by their kind, and by their contents as far as these renderings know them. */
export function protectedObjects(
  renderings: readonly ReadonlyMap<string, Variant>[],
): (id: ObjectId) => boolean {
  const marked = new Set<ObjectId>();
  const variants = renderings
    .flatMap((rendering) => [...rendering.values()])
    .filter(({ isOrdinary }) => isOrdinary !== true);
  for (const { id, object } of variants.flatMap(({ objects }) => objects)) {
    if (isProtectedByContent(object)) marked.add(id);
  }
  return (id) => marked.has(id) || isProtectedKind(id);
}

/** A kind that is deleted only with consent, whatever is in it. */
export function isProtectedKind(id: ObjectId): boolean {
  const key = parseObjectId(id);
  // What cannot be read is not known to be harmless.
  if (key === undefined) return true;
  if (protectedKinds.has(`${key.group}/${key.kind}`)) return true;
  return statefulGroups.some((group) => key.group === group || key.group.endsWith(`.${group}`));
}

/** What says so itself, and StatefulSets that have claims. */
export function isProtectedByContent({ kind, metadata, ...rest }: KubeObject): boolean {
  const { labels, annotations } = metadata;
  const isMarked = [labels, annotations].some(
    (marks) =>
      isJsonObject(marks) && marks[protectMark] !== undefined && marks[protectMark] !== "false",
  );
  if (isMarked) return true;
  const spec = rest["spec"];
  if (kind !== "StatefulSet" || !isJsonObject(spec)) return false;
  const claims = spec["volumeClaimTemplates"];
  return Array.isArray(claims) && claims.length > 0;
}
