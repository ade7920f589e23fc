/** Health of volumes: the claim, the volume, and what brings it to a node. */
import type { JsonObject } from "../model/json.ts";
import type { Health, HealthStatus } from "./health.ts";
import { at, condition, health, healthBy, textAt } from "./read-object.ts";

/** PersistentVolumeClaim: bound, and neither its size nor its attributes are being changed. */
export function claimHealth(object: JsonObject): Health {
  const phase = textAt(object, "status", "phase");
  if (phase === "Lost")
    return health("Degraded", "its volume is lost: restore it, or make a new claim");
  if (phase !== "Bound") {
    const name = textAt(object, "spec", "storageClassName");
    const of = name === "" ? "" : ` (storage class ${name})`;
    return health("Progressing", `no volume is bound to it yet${of}`);
  }
  return (
    changeHealth(object, "Degraded") ?? changeHealth(object, "Progressing") ?? health("Healthy")
  );
}

/** Conditions of a change. A file system that grows with the next pod (`FileSystemResizePending`) waits for no one. */
const changes: readonly (readonly [string, HealthStatus])[] = [
  ["ControllerResizeError", "Degraded"],
  ["NodeResizeError", "Degraded"],
  ["ModifyVolumeError", "Degraded"],
  ["Resizing", "Progressing"],
  ["ModifyingVolume", "Progressing"],
];

/** Steps of a change, where no condition speaks of it (`NodeResizePending`: it grows with the next pod). */
const steps: readonly (readonly [RegExp, HealthStatus, string])[] = [
  [/^(Controller|Node)Resize(Infeasible|Failed)$/, "Degraded", "its volume cannot get the size"],
  [/^(Controller|Node)ResizeInProgress$/, "Progressing", "its volume is being resized"],
];
const attributeSteps: readonly (readonly [RegExp, HealthStatus, string])[] = [
  [/^Infeasible$/, "Degraded", "its volume cannot get the attributes that are asked for"],
  [/^Pending$/, "Progressing", "its volume waits for the attributes that are asked for"],
  [/^InProgress$/, "Progressing", "its volume is being changed"],
];

/** What tells that a change of the claim is so; undefined: nothing does. */
function changeHealth(object: JsonObject, asked: HealthStatus): Health | undefined {
  for (const [type, status] of changes) {
    const told = status === asked ? condition(object, type) : undefined;
    if (told !== undefined) return healthBy(status, told);
  }
  const size = textAt(object, "status", "allocatedResourceStatuses", "storage");
  const attributes = textAt(object, "status", "modifyVolumeStatus", "status");
  const known = [
    ...steps.filter(([pattern]) => pattern.test(size)),
    ...attributeSteps.filter(([pattern]) => pattern.test(attributes)),
  ];
  const step = known.find(([, status]) => status === asked);
  return step && health(step[1], step[2]);
}

/** PersistentVolume, by its phase. */
export function volumeHealth(object: JsonObject): Health {
  const phase = textAt(object, "status", "phase");
  if (phase === "Bound" || phase === "Available") return health("Healthy");
  const said = textAt(object, "status", "message") || textAt(object, "status", "reason");
  if (phase === "Failed") return health("Degraded", said || "it could not be reclaimed");
  if (phase === "Released")
    return health("Progressing", "its claim is gone, it is not reclaimed yet");
  return health("Progressing", said || "it is not available yet");
}

/** VolumeAttachment: attached. What it says of detaching matters only while it is being deleted. */
export function attachmentHealth(object: JsonObject): Health {
  if (at(object, "status", "attached") === true) return health("Healthy");
  const error = at(object, "status", "attachError");
  return error === undefined || error === null
    ? health("Progressing", "it is not attached yet")
    : health("Degraded", textAt(error, "message") || "it cannot be attached");
}
