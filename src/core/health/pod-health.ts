/** Health of a pod, and why it does not run: in one line that names container, cause and what was last seen of it. */
import type { JsonObject } from "../model/json.ts";
import type { Health } from "./health.ts";
import { at, condition, health, healthBy, listAt, numberAt, textAt } from "./read-object.ts";

/** Pod: by phase, readiness and restart policy; a container that cannot start, or ends again and again, is trouble. */
export function podHealth(object: JsonObject): Health {
  const phase = textAt(object, "status", "phase");
  if (phase === "Succeeded") return health("Healthy");
  if (phase === "Failed") return health("Degraded", failureOf(object));
  if (phase === "Unknown") return health("Unknown", "its node does not answer");
  const trouble = podTrouble(object);
  if (trouble !== "") return health("Degraded", trouble);
  if (condition(object, "Ready") !== undefined) {
    return doesEnd(object) ? health("Progressing", "it has not ended yet") : health("Healthy");
  }
  return unreadyHealth(object);
}

/** By its restart policy, which is Always where none is said. */
function doesEnd(pod: JsonObject): boolean {
  return /^(Never|OnFailure)$/.test(textAt(pod, "spec", "restartPolicy"));
}

function unreadyHealth(object: JsonObject): Health {
  const unschedulable = condition(object, "PodScheduled", "False");
  if (unschedulable !== undefined) return healthBy("Progressing", unschedulable);
  const crashed = crashOf(object);
  if (crashed !== "") return health("Degraded", crashed);
  return health("Progressing", startOf(object));
}

/** Why a pod does not run: what keeps its containers from it, or that no node takes it; "" when nothing is known. */
export function podReason(pod: JsonObject): string {
  const trouble = podTrouble(pod) || crashOf(pod);
  if (trouble !== "") return trouble;
  const unscheduled = condition(pod, "PodScheduled", "False");
  return unscheduled === undefined ? "" : `no node takes it: ${unscheduled.message}`;
}

/** Reasons of the kubelet for a container that waits and is not going to run as it is. */
const fatalReason =
  /(BackOff|Error|^InvalidImageName|^ErrImage\w*|^ImageInspect\w*|^RegistryUnavailable|^SignatureValidationFailed)$/;

/** What keeps a pod from running: image, crash, memory, a secret that is missing. */
function podTrouble(pod: JsonObject): string {
  for (const container of containersOf(pod)) {
    const trouble = troubleOf(container);
    if (trouble !== "") return trouble;
  }
  return "";
}

function troubleOf(container: JsonObject): string {
  const name = textAt(container, "name");
  const reason = textAt(container, "state", "waiting", "reason");
  if (fatalReason.test(reason)) {
    if (textAt(container, "lastState", "terminated", "reason") === "OOMKilled") {
      return `container ${name} was out of memory (OOMKilled)`;
    }
    const said = textAt(container, "state", "waiting", "message");
    const ended = endOf(container, "lastState") || (said === "" ? "" : `: ${said}`);
    return `container ${name}: ${reason}${ended}`;
  }
  const isOut = textAt(container, "state", "terminated", "reason") === "OOMKilled";
  return isOut ? `container ${name} was out of memory (OOMKilled)` : "";
}

/** A container that runs again and is not ready, or has just ended: it has come to its end before. */
function crashOf(pod: JsonObject): string {
  if (doesEnd(pod) || condition(pod, "Ready") !== undefined) return "";
  const crashed = listAt(pod, "status", "containerStatuses").find(
    (container) =>
      container["ready"] !== true &&
      (at(container, "lastState", "terminated") ?? at(container, "state", "terminated")) !==
        undefined,
  );
  if (crashed === undefined) return "";
  const name = textAt(crashed, "name");
  if (textAt(crashed, "lastState", "terminated", "reason") === "OOMKilled") {
    return `container ${name} was out of memory (OOMKilled)`;
  }
  const ended = endOf(crashed, "state") || endOf(crashed, "lastState");
  const restarts = numberAt(crashed, ["restartCount"]);
  return `container ${name} has ended (restarts: ${restarts})${ended}`;
}

function endOf(container: JsonObject, state: "state" | "lastState"): string {
  const reason = textAt(container, state, "terminated", "reason");
  const code = numberAt(container, [state, "terminated", "exitCode"]);
  return reason === "" ? "" : `, last ended with ${reason} (exit code ${code})`;
}

function failureOf(pod: JsonObject): string {
  const reason = textAt(pod, "status", "reason");
  const message = textAt(pod, "status", "message");
  if (message !== "") return reason === "" ? message : `${reason}: ${message}`;
  if (reason !== "") return reason;
  const trouble = podTrouble(pod);
  if (trouble !== "") return trouble;
  const failed = containersOf(pod).find(
    (container) => numberAt(container, ["state", "terminated", "exitCode"]) !== 0,
  );
  if (failed === undefined) return "the pod has failed";
  return `container ${textAt(failed, "name")}${endOf(failed, "state") || " has failed"}`;
}

/** How far a pod has come that does not serve yet. */
function startOf(pod: JsonObject): string {
  const init = listAt(pod, "status", "initContainerStatuses").find((one) => !hasDone(pod, one));
  if (init !== undefined) return `it waits for its init container ${textAt(init, "name")}`;
  const unready = listAt(pod, "status", "containerStatuses").find((one) => one["ready"] !== true);
  if (unready !== undefined && at(unready, "state", "running") !== undefined) {
    return `the pod is not ready: container ${textAt(unready, "name")} does not pass its checks yet`;
  }
  const isRunning = textAt(pod, "status", "phase") === "Running";
  return isRunning ? "the pod is not ready" : "the pod is starting";
}

/** An init container has ended well; one that is restarted always (a sidecar) has started. */
function hasDone(pod: JsonObject, status: JsonObject): boolean {
  const container = listAt(pod, "spec", "initContainers").find(
    (one) => one["name"] === status["name"],
  );
  if (container?.["restartPolicy"] === "Always") return status["started"] === true;
  return numberAt(status, ["state", "terminated", "exitCode"], -1) === 0;
}

function containersOf(pod: JsonObject): readonly JsonObject[] {
  return ["initContainerStatuses", "containerStatuses"].flatMap((field) =>
    listAt(pod, "status", field),
  );
}
