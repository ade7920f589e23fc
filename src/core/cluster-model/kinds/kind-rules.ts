/** What the server knows of single kinds: what it fills in, checks, and never lets change. A table; most kinds need nothing. */
import type { Cluster } from "../cluster.ts";
import type { ResourceType } from "../resource-types.ts";
import type { Cause } from "../status-failure.ts";
import type { StoredObject } from "../stored-object.ts";
import { configMapRules, secretRules } from "./config-rules.ts";
import { customRules } from "./custom-rules.ts";
import { definitionRules } from "./definition-rules.ts";
import { namespaceRules } from "./namespace-rules.ts";
import { podRules } from "./pod-rules.ts";
import {
  ingressRules,
  priorityClassRules,
  roleBindingRules,
  serviceRules,
} from "./service-rules.ts";
import {
  claimRules,
  cronJobRules,
  daemonSetRules,
  deploymentRules,
  jobRules,
  replicaSetRules,
  statefulSetRules,
} from "./workload-rules.ts";

/** The rules of one kind. None of them changes its arguments. */
export interface KindRules {
  /** Fills in defaults; on every write. */
  complete(object: StoredObject): StoredObject;
  /** What a replacement that says nothing of it keeps: addresses that were given out. */
  carry(live: StoredObject, next: StoredObject): StoredObject;
  /** What is given out once, at creation: addresses, the first status. */
  atBirth(cluster: Cluster, object: StoredObject): StoredObject;
  check(object: StoredObject): readonly Cause[];
  checkChange(before: StoredObject, after: StoredObject): readonly Cause[];
}

const noRules: KindRules = {
  complete: (object) => object,
  carry: (_live, next) => next,
  atBirth: (_cluster, object) => object,
  check: () => [],
  checkChange: () => [],
};

const rulesByResource: Readonly<Record<string, Partial<KindRules>>> = {
  configmaps: configMapRules,
  secrets: secretRules,
  namespaces: namespaceRules,
  pods: podRules,
  services: serviceRules,
  persistentvolumeclaims: claimRules,
  "apps/deployments": deploymentRules,
  "apps/replicasets": replicaSetRules,
  "apps/statefulsets": statefulSetRules,
  "apps/daemonsets": daemonSetRules,
  "batch/jobs": jobRules,
  "batch/cronjobs": cronJobRules,
  "networking.k8s.io/ingresses": ingressRules,
  "rbac.authorization.k8s.io/rolebindings": roleBindingRules,
  "rbac.authorization.k8s.io/clusterrolebindings": roleBindingRules,
  "scheduling.k8s.io/priorityclasses": priorityClassRules,
  "apiextensions.k8s.io/customresourcedefinitions": definitionRules,
};

const complete = new Map(
  Object.entries(rulesByResource).map(([resource, rules]) => [resource, { ...noRules, ...rules }]),
);

/** The rules of a kind; those of a custom one come from its schema. */
export function rulesOf(type: ResourceType): KindRules {
  if (type.custom !== undefined) return { ...noRules, ...customRules(type.custom) };
  return complete.get(type.resource) ?? noRules;
}
