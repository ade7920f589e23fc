/** Objects as rows of a `meta.k8s.io/v1` Table, which is what kubectl prints: columns of the common kinds. */
import type { Json, JsonObject } from "../../model/json.ts";
import type { ResourceType } from "../resource-types.ts";
import {
  type StoredObject,
  isDeleting,
  numberOf,
  objectOf,
  objectsOf,
  textOf,
} from "../stored-object.ts";

interface Column {
  readonly name: string;
  readonly type: "string" | "integer";
  readonly value: (object: StoredObject, now: number) => Json;
}

const nameColumn: Column = { name: "Name", type: "string", value: ({ metadata }) => metadata.name };
const ageColumn: Column = {
  name: "Age",
  type: "string",
  value: ({ metadata }, now) => ageText(now - Date.parse(metadata.creationTimestamp)),
};

const column = (name: string, value: Column["value"], type: Column["type"] = "string"): Column => ({
  name,
  type,
  value,
});

const statusNumber = (name: string, field: string): Column =>
  column(name, ({ status }) => numberOf(objectOf(status)[field]), "integer");

const columns: Readonly<Record<string, readonly Column[]>> = {
  Deployment: [
    column("Ready", ({ spec, status }) => {
      const wanted = numberOf(objectOf(spec)["replicas"], 1);
      return `${numberOf(objectOf(status)["readyReplicas"])}/${wanted}`;
    }),
    statusNumber("Up-to-date", "updatedReplicas"),
    statusNumber("Available", "availableReplicas"),
  ],
  StatefulSet: [
    column("Ready", ({ spec, status }) => {
      const wanted = numberOf(objectOf(spec)["replicas"], 1);
      return `${numberOf(objectOf(status)["readyReplicas"])}/${wanted}`;
    }),
  ],
  ReplicaSet: [
    column("Desired", ({ spec }) => numberOf(objectOf(spec)["replicas"], 1), "integer"),
    statusNumber("Current", "replicas"),
    statusNumber("Ready", "readyReplicas"),
  ],
  DaemonSet: [
    statusNumber("Desired", "desiredNumberScheduled"),
    statusNumber("Current", "currentNumberScheduled"),
    statusNumber("Ready", "numberReady"),
    statusNumber("Up-to-date", "updatedNumberScheduled"),
    statusNumber("Available", "numberAvailable"),
  ],
  Job: [
    column("Completions", ({ spec, status }) => {
      const wanted = numberOf(objectOf(spec)["completions"], 1);
      return `${numberOf(objectOf(status)["succeeded"])}/${wanted}`;
    }),
  ],
  Pod: [
    column("Ready", podReadiness),
    column("Status", podReason),
    column("Restarts", ({ status }) => {
      const containers = objectsOf(objectOf(status)["containerStatuses"]);
      return String(containers.reduce((sum, one) => sum + numberOf(one["restartCount"]), 0));
    }),
  ],
  Namespace: [column("Status", ({ status }) => textOf(objectOf(status)["phase"]))],
  Node: [column("Status", () => "Ready")],
  ConfigMap: [column("Data", ({ data }) => Object.keys(objectOf(data)).length, "integer")],
  Secret: [
    column("Type", ({ type }) => textOf(type)),
    column("Data", ({ data }) => Object.keys(objectOf(data)).length, "integer"),
  ],
  Service: [
    column("Type", ({ spec }) => textOf(objectOf(spec)["type"])),
    column("Cluster-IP", ({ spec }) => textOf(objectOf(spec)["clusterIP"]) || "None"),
  ],
};

/** The rows of some objects. */
export function tableOf(
  objects: readonly StoredObject[],
  type: ResourceType,
  { metadata, now }: { readonly metadata: JsonObject; readonly now: number },
): JsonObject {
  const shown = [nameColumn, ...(columns[type.kind] ?? []), ageColumn];
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: shown.map(({ name, type: columnType }) => ({
      name,
      type: columnType,
      format: name === "Name" ? "name" : "",
      description: "",
      priority: 0,
    })),
    rows: objects.map((object) => ({
      cells: shown.map(({ value }) => value(object, now)),
      object: {
        kind: "PartialObjectMetadata",
        apiVersion: "meta.k8s.io/v1",
        metadata: object.metadata,
      },
    })),
  };
}

/** `75s`, `12m`, `3h`, `5d`: as kubectl's own tables tell ages. */
function ageText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 3 * 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 48 * 3600
    ? `${Math.floor(seconds / 3600)}h`
    : `${Math.floor(seconds / 86_400)}d`;
}

function podReadiness({ spec, status }: StoredObject): string {
  const ready = objectsOf(objectOf(status)["containerStatuses"]).filter(
    (container) => container["ready"] === true,
  );
  return `${ready.length}/${objectsOf(objectOf(spec)["containers"]).length}`;
}

function podReason(pod: StoredObject): string {
  if (isDeleting(pod)) return "Terminating";
  const status = objectOf(pod["status"]);
  for (const container of objectsOf(status["containerStatuses"])) {
    const state = objectOf(container["state"]);
    const reason = textOf(objectOf(state["waiting"] ?? state["terminated"])["reason"]);
    if (reason !== "") return reason;
  }
  return textOf(status["phase"]);
}
