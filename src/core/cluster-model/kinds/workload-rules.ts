/** Deployments, StatefulSets, DaemonSets, ReplicaSets, Jobs and CronJobs. */
import type { Json, JsonObject } from "../../model/json.ts";
import { type Cause, invalidValue, requiredValue } from "../status-failure.ts";
import {
  type StoredObject,
  isSame,
  objectOf,
  objectsOf,
  textOf,
  withFields,
} from "../stored-object.ts";
import { matchesLabelSelector } from "../requests/select-objects.ts";
import { quantityOf } from "../../model/quantity.ts";
import { withDefaults } from "./config-rules.ts";
import type { KindRules } from "./kind-rules.ts";
import { checkPodSpec, completeTemplate } from "./pod-rules.ts";

/** Only what is there is completed: a spec without a template is refused, not filled in. */
function withSpec(object: StoredObject, complete: (spec: JsonObject) => JsonObject): StoredObject {
  const spec = objectOf(object["spec"]);
  const { template } = spec;
  const withTemplate =
    template === undefined
      ? spec
      : { ...spec, template: completeTemplate(objectOf(template), "Always") };
  return { ...object, spec: complete(withTemplate) };
}

function withStrategy(spec: JsonObject, field: string, rolling: JsonObject): JsonObject {
  const strategy = withDefaults(objectOf(spec[field]), { type: "RollingUpdate" });
  const isRolling = strategy["type"] === "RollingUpdate";
  const rollingUpdate = withDefaults(objectOf(strategy["rollingUpdate"]), rolling);
  return { ...spec, [field]: isRolling ? { ...strategy, rollingUpdate } : strategy };
}

export const deploymentRules: Partial<KindRules> = {
  complete: (object) =>
    withSpec(object, (spec) =>
      withStrategy(
        withDefaults(spec, { progressDeadlineSeconds: 600, replicas: 1, revisionHistoryLimit: 10 }),
        "strategy",
        { maxSurge: "25%", maxUnavailable: "25%" },
      ),
    ),
  atBirth: withoutStatus,
  check: checkWorkload,
  checkChange: checkSelector,
};

export const replicaSetRules: Partial<KindRules> = {
  complete: (object) => withSpec(object, (spec) => withDefaults(spec, { replicas: 1 })),
  atBirth: (_cluster, object) => ({ ...object, status: { replicas: 0 } }),
  check: checkWorkload,
  checkChange: checkSelector,
};

export const daemonSetRules: Partial<KindRules> = {
  complete: (object) =>
    withSpec(object, (spec) =>
      withStrategy(withDefaults(spec, { revisionHistoryLimit: 10 }), "updateStrategy", {
        maxSurge: 0,
        maxUnavailable: 1,
      }),
    ),
  atBirth: (_cluster, object) => ({
    ...object,
    status: {
      currentNumberScheduled: 0,
      desiredNumberScheduled: 0,
      numberMisscheduled: 0,
      numberReady: 0,
    },
  }),
  check: checkWorkload,
  checkChange: checkSelector,
};

const mutableInStatefulSets = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

export const statefulSetRules: Partial<KindRules> = {
  complete: (object) =>
    withSpec(object, (spec) =>
      withStrategy(
        withClaims(
          withDefaults(spec, {
            persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
            podManagementPolicy: "OrderedReady",
            replicas: 1,
            revisionHistoryLimit: 10,
            serviceName: "",
          }),
        ),
        "updateStrategy",
        { partition: 0 },
      ),
    ),
  atBirth: (_cluster, object) => ({ ...object, status: { availableReplicas: 0, replicas: 0 } }),
  check: checkWorkload,
  checkChange: (before, after) => {
    const rest = (object: StoredObject): JsonObject =>
      withFields(
        objectOf(object["spec"]),
        Object.fromEntries(mutableInStatefulSets.map((field) => [field, undefined])),
      );
    if (isSame(rest(before), rest(after))) return [];
    const message =
      "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
    return [{ reason: "FieldValueForbidden", message, field: "spec" }];
  },
};

function withClaims(spec: JsonObject): JsonObject {
  const { volumeClaimTemplates } = spec;
  if (volumeClaimTemplates === undefined) return spec;
  const claims = objectsOf(volumeClaimTemplates).map((claim) => ({
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    ...claim,
    spec: withDefaults(objectOf(claim["spec"]), { volumeMode: "Filesystem" }),
    status: { phase: "Pending" },
  }));
  return { ...spec, volumeClaimTemplates: claims };
}

export const claimRules: Partial<KindRules> = {
  complete: (object) => ({
    ...object,
    spec: withDefaults(objectOf(object["spec"]), { volumeMode: "Filesystem" }),
  }),
  atBirth: (_cluster, object) => ({ ...object, status: { phase: "Pending" } }),
  checkChange: (before, after) => {
    if (!isSame(fixedOfClaim(before, after), fixedOfClaim(before, before))) {
      const message =
        "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
      return [{ reason: "FieldValueForbidden", message, field: "spec" }];
    }
    const size = (from: Json | undefined, field: string): number =>
      quantityOf(objectOf(objectOf(from)[field])["storage"]) ?? 0;
    const wanted = (object: StoredObject): number =>
      size(objectOf(object["spec"])["resources"], "requests");
    const isLess = wanted(after) < wanted(before);
    if (!isLess || wanted(after) > size(before["status"], "capacity")) return [];
    const message = "Forbidden: field can not be less than status.capacity";
    return [{ reason: "FieldValueForbidden", message, field: "spec.resources.requests.storage" }];
  },
};

/** What cannot be changed of a claim: once it is bound, all but its size. */
function fixedOfClaim(before: StoredObject, object: StoredObject): JsonObject {
  const spec = withFields(objectOf(object["spec"]), { volumeName: undefined });
  if (objectOf(before["status"])["phase"] !== "Bound") return spec;
  const resources = objectOf(spec["resources"]);
  const requests = withFields(objectOf(resources["requests"]), { storage: undefined });
  return { ...spec, resources: { ...resources, requests } };
}

const jobDefaults: JsonObject = {
  backoffLimit: 6,
  completionMode: "NonIndexed",
  manualSelector: false,
  parallelism: 1,
  podReplacementPolicy: "TerminatingOrFailed",
  suspend: false,
};

/** A Job without completions and parallelism is done when one pod has succeeded. */
function completeJob(spec: JsonObject): JsonObject {
  const isSingle = spec["completions"] === undefined && spec["parallelism"] === undefined;
  return withDefaults(spec, { ...jobDefaults, ...(isSingle && { completions: 1 }) });
}

export const jobRules: Partial<KindRules> = {
  complete: (object) => withSpec(object, completeJob),
  atBirth: (_cluster, object) => withJobSelector(object),
  check: (object) => {
    const template = objectOf(objectOf(object["spec"])["template"]);
    const pod = objectOf(template["spec"]);
    const causes = checkPodSpec(pod, "spec.template.spec");
    if (["OnFailure", "Never"].includes(textOf(pod["restartPolicy"]))) return causes;
    const message = `Unsupported value: ${JSON.stringify(pod["restartPolicy"] ?? "")}: supported values: "OnFailure", "Never"`;
    const field = "spec.template.spec.restartPolicy";
    return [...causes, { reason: "FieldValueNotSupported", message, field }];
  },
  checkChange: (before, after) =>
    ["completions", "selector", "template"].flatMap((field) =>
      checkImmutableField({ before, after, field }),
    ),
};

/** The server tells the pods of Jobs apart by the Job's uid. */
function withJobSelector(object: StoredObject): StoredObject {
  const spec = objectOf(object["spec"]);
  if (spec["manualSelector"] === true) return { ...object, status: {} };
  const { uid, name } = object.metadata;
  const template = objectOf(spec["template"]);
  const metadata = objectOf(template["metadata"]);
  const labels = {
    ...objectOf(metadata["labels"]),
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const selector = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  const labelled = { ...template, metadata: { ...metadata, labels } };
  return { ...object, spec: { ...spec, selector, template: labelled }, status: {} };
}

export const cronJobRules: Partial<KindRules> = {
  complete: (object) => {
    const spec = objectOf(object["spec"]);
    const template = objectOf(spec["jobTemplate"]);
    const job = objectOf(template["spec"]);
    const pods = completeTemplate(objectOf(job["template"]), "Always");
    const jobSpec = { ...job, template: pods };
    return {
      ...object,
      spec: {
        ...withDefaults(spec, {
          concurrencyPolicy: "Allow",
          failedJobsHistoryLimit: 1,
          successfulJobsHistoryLimit: 3,
          suspend: false,
        }),
        jobTemplate: { ...template, metadata: objectOf(template["metadata"]), spec: jobSpec },
      },
    };
  },
  atBirth: withoutStatus,
};

function withoutStatus(_cluster: unknown, object: StoredObject): StoredObject {
  return { ...object, status: {} };
}

function checkWorkload(object: StoredObject): Cause[] {
  const spec = objectOf(object["spec"]);
  const template = objectOf(spec["template"]);
  const pods = checkPodSpec(objectOf(template["spec"]), "spec.template.spec");
  const replicas = spec["replicas"];
  const negative =
    typeof replicas === "number" && replicas < 0
      ? [invalidValue("spec.replicas", replicas, "must be greater than or equal to 0")]
      : [];
  if (spec["selector"] === undefined) return [requiredValue("spec.selector"), ...negative, ...pods];
  const labels = objectOf(objectOf(template["metadata"])["labels"]);
  if (matchesLabelSelector(objectOf(spec["selector"]), labels)) return [...negative, ...pods];
  const why = "`selector` does not match template `labels`";
  return [invalidValue("spec.template.metadata.labels", labels, why), ...negative, ...pods];
}

function checkSelector(before: StoredObject, after: StoredObject): Cause[] {
  return checkImmutableField({ before, after, field: "selector" });
}

function checkImmutableField(change: {
  readonly before: StoredObject;
  readonly after: StoredObject;
  readonly field: string;
}): Cause[] {
  const { before, after, field } = change;
  const value: Json = objectOf(after["spec"])[field] ?? null;
  if (isSame(objectOf(before["spec"])[field] ?? null, value)) return [];
  return [invalidValue(`spec.${field}`, value, "field is immutable")];
}
