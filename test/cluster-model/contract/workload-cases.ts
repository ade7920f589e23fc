/** Workloads whose pods come to the end that a script says. On the real side the test bed's kubelet plays the pods. */
import { expect } from "vitest";
import {
  type Body,
  type ClusterUnderTest,
  type ContractCase,
  eventually,
} from "./cluster-under-test.ts";
import {
  conditionOf,
  create,
  deployment,
  deployments,
  patch,
  podTemplate,
  remove,
} from "./requests.ts";

async function podsOf(cluster: ClusterUnderTest, namespace: string): Promise<readonly Body[]> {
  const { body } = await cluster.request("GET", `/api/v1/namespaces/${namespace}/pods`);
  return body["items"] ?? [];
}

/** Waits until an object is as wanted, and gives it. */
function until(
  cluster: ClusterUnderTest,
  path: string,
  is: (object: Body) => boolean,
): Promise<Body> {
  return eventually(cluster, `${path} to get there`, async () => {
    const { body } = await cluster.request("GET", path);
    return is(body) ? body : undefined;
  });
}

const number = (value: Body | undefined): number => Number(value ?? 0);
const hasCondition =
  (type: string, status: string, reason = "") =>
  (object: Body): boolean => {
    const condition = conditionOf(object, type);
    const fits = reason === "" || String(condition?.["reason"]) === reason;
    return String(condition?.["status"]) === status && fits;
  };

function waitingReason(pod: Body): string {
  return String(
    pod["status"]?.["containerStatuses"]?.[0]?.["state"]?.["waiting"]?.["reason"] ?? "",
  );
}

export const workloadCases: readonly ContractCase[] = [
  {
    row: "Deployment → ReplicaSet → Pod: owners, labels, counts, conditions Available and Progressing, observedGeneration",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      await create(cluster, deployments(namespace), deployment("web", { replicas: 2 }));
      const live = await until(cluster, path, (object) => {
        const isDone = hasCondition("Progressing", "True", "NewReplicaSetAvailable")(object);
        return isDone && number(object["status"]?.["availableReplicas"]) === 2;
      });
      expect(live).toMatchObject({
        metadata: { generation: 1, annotations: { "deployment.kubernetes.io/revision": "1" } },
        status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2 },
      });
      expect(live["status"]?.["unavailableReplicas"]).toBeUndefined();
      expect(conditionOf(live, "Available")).toMatchObject({
        status: "True",
        reason: "MinimumReplicasAvailable",
        message: "Deployment has minimum availability.",
      });
      const sets = await cluster.request(
        "GET",
        `/apis/apps/v1/namespaces/${namespace}/replicasets`,
      );
      const set = sets.body["items"]?.[0];
      expect(set).toMatchObject({
        metadata: {
          name: expect.stringMatching(/^web-/),
          labels: { app: "web", "pod-template-hash": expect.any(String) },
          ownerReferences: [{ kind: "Deployment", name: "web", controller: true }],
        },
        spec: { replicas: 2 },
        status: { replicas: 2, readyReplicas: 2, availableReplicas: 2, fullyLabeledReplicas: 2 },
      });
      const pods = await podsOf(cluster, namespace);
      expect(pods).toHaveLength(2);
      expect(pods[0]).toMatchObject({
        metadata: {
          generateName: `${String(set?.metadata?.["name"])}-`,
          ownerReferences: [{ kind: "ReplicaSet", controller: true, blockOwnerDeletion: true }],
        },
        spec: { nodeName: expect.stringMatching(/^node-/), enableServiceLinks: true },
        status: {
          phase: "Running",
          qosClass: "BestEffort",
          containerStatuses: [{ name: "main", ready: true, restartCount: 0 }],
        },
      });
      expect(conditionOf(pods[0] as Body, "Ready")).toMatchObject({ status: "True" }); // there are two
    },
  },
  {
    row: "a changed template rolls: revision 2, old replicas gone, never fewer than the strategy allows; scaling changes no revision",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      const strategy = { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } };
      await create(cluster, deployments(namespace), deployment("web", { replicas: 2, strategy }));
      await until(cluster, path, hasCondition("Progressing", "True", "NewReplicaSetAvailable"));
      const image = { template: { spec: { containers: [{ name: "main", image: "app:2" }] } } };
      await patch(cluster, path, { type: "strategic-merge", body: { spec: image } });
      let fewest = 2;
      const rolled = await until(cluster, path, (object) => {
        const status = object["status"];
        fewest = Math.min(fewest, number(status?.["availableReplicas"]));
        const isSeen = number(status?.["observedGeneration"]) === 2;
        return (
          isSeen && number(status?.["updatedReplicas"]) === 2 && number(status?.["replicas"]) === 2
        );
      });
      expect(fewest).toBe(2);
      expect(rolled.metadata?.["annotations"]).toEqual({
        "deployment.kubernetes.io/revision": "2",
      });
      await patch(cluster, path, { type: "merge", body: { spec: { replicas: 3 } } });
      const scaled = await until(cluster, path, (object) => {
        return number(object["status"]?.["availableReplicas"]) === 3;
      });
      expect(scaled.metadata?.["annotations"]).toEqual({
        "deployment.kubernetes.io/revision": "2",
      });
    },
  },
  {
    row: "pods that stall, crash, run out of memory, lack their image or find no node: their states, and the Deployment's conditions",
    run: async (cluster, namespace) => {
      const outcomes = ["stalled", "crashing", "out-of-memory", "image", "unschedulable"] as const;
      cluster.setScript(
        outcomes.map((outcome) => ({ match: { namespace, labels: { app: outcome } }, outcome })),
      );
      for (const outcome of outcomes) {
        await create(cluster, deployments(namespace), deployment(outcome));
      }
      const podOf = async (app: string): Promise<Body | undefined> => {
        const pods = await podsOf(cluster, namespace);
        return pods.find((pod) => String(pod.metadata?.["labels"]?.["app"]) === app);
      };
      const stateOf = (app: string, reason: string): Promise<Body> =>
        eventually(cluster, `${app} to be ${reason}`, async () => {
          const pod = await podOf(app);
          return pod !== undefined && waitingReason(pod) === reason ? pod : undefined;
        });
      const status = (pod: Body): Body | undefined => pod["status"]?.["containerStatuses"]?.[0];
      expect(await stateOf("stalled", "ContainerCreating")).toMatchObject({
        status: { phase: "Pending" },
      });
      const crashing = await stateOf("crashing", "CrashLoopBackOff");
      expect(status(crashing)?.["lastState"]).toMatchObject({
        terminated: { exitCode: 1, reason: "Error" },
      });
      await eventually(cluster, "a second restart", async () => {
        const pod = await podOf("crashing");
        return pod !== undefined && number(status(pod)?.["restartCount"]) > 1;
      });
      const outOfMemory = await stateOf("out-of-memory", "CrashLoopBackOff");
      expect(status(outOfMemory)?.["lastState"]).toMatchObject({
        terminated: { exitCode: 137, reason: "OOMKilled" },
      });
      await stateOf("image", "ImagePullBackOff");
      const unschedulable = await eventually(cluster, "no node to be found", async () => {
        const pod = await podOf("unschedulable");
        return pod !== undefined && hasCondition("PodScheduled", "False")(pod) ? pod : undefined;
      });
      expect(conditionOf(unschedulable, "PodScheduled")).toMatchObject({ reason: "Unschedulable" });
      for (const outcome of outcomes) {
        const { body } = await cluster.request("GET", `${deployments(namespace)}/${outcome}`);
        expect(body["status"]).toMatchObject({ replicas: 1, unavailableReplicas: 1 });
        expect(conditionOf(body, "Available")).toMatchObject({
          status: "False",
          reason: "MinimumReplicasUnavailable",
        });
        expect(conditionOf(body, "Progressing")).toMatchObject({
          status: "True",
          reason: "ReplicaSetUpdated",
        });
      }
      cluster.setScript([]);
      for (const outcome of outcomes) {
        const path = `${deployments(namespace)}/${outcome}`;
        await until(cluster, path, hasCondition("Available", "True"));
      }
    },
  },
  {
    row: "Progressing becomes False, ProgressDeadlineExceeded, when nothing moves for `progressDeadlineSeconds`",
    run: async (cluster, namespace) => {
      cluster.setScript([{ match: { namespace }, outcome: "never-ready" }]);
      const path = `${deployments(namespace)}/web`;
      const body = deployment("web", { progressDeadlineSeconds: 2 });
      await create(cluster, deployments(namespace), body);
      const late = await until(
        cluster,
        path,
        hasCondition("Progressing", "False", "ProgressDeadlineExceeded"),
      );
      expect(conditionOf(late, "Progressing")).toMatchObject({
        message: expect.stringMatching(/^ReplicaSet "web-.*" has timed out progressing\.$/),
      });
      cluster.setScript([]);
      await until(cluster, path, hasCondition("Progressing", "True", "NewReplicaSetAvailable"));
    },
  },
  {
    row: "deleting a Deployment deletes its ReplicaSets and pods; a deleted pod is made anew",
    run: async (cluster, namespace) => {
      const path = `${deployments(namespace)}/web`;
      await create(cluster, deployments(namespace), deployment("web"));
      await until(cluster, path, hasCondition("Available", "True"));
      const [first] = await podsOf(cluster, namespace);
      const name = String(first?.metadata?.["name"]);
      const deleted = await remove(cluster, `/api/v1/namespaces/${namespace}/pods/${name}`);
      expect(deleted.body.metadata).toMatchObject({ deletionGracePeriodSeconds: 30 });
      await eventually(cluster, "another pod", async () => {
        const pods = await podsOf(cluster, namespace);
        return pods.length === 1 && String(pods[0]?.metadata?.["name"]) !== name;
      });
      await remove(cluster, path);
      await eventually(
        cluster,
        "no pods",
        async () => (await podsOf(cluster, namespace)).length === 0,
      );
    },
  },
  {
    row: "StatefulSet: numbered pods one after the other, revisions, claims; a change replaces the highest first",
    run: async (cluster, namespace) => {
      const sets = `/apis/apps/v1/namespaces/${namespace}/statefulsets`;
      await create(cluster, sets, {
        metadata: { name: "db" },
        spec: {
          serviceName: "db",
          replicas: 2,
          selector: { matchLabels: { app: "db" } },
          template: podTemplate("db"),
          volumeClaimTemplates: [
            {
              metadata: { name: "data" },
              spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
            },
          ],
        },
      });
      const live = await until(cluster, `${sets}/db`, (object) => {
        return number(object["status"]?.["availableReplicas"]) === 2;
      });
      expect(live["status"]).toMatchObject({
        observedGeneration: 1,
        replicas: 2,
        readyReplicas: 2,
        currentReplicas: 2,
        updatedReplicas: 2,
        updateRevision: live["status"]?.["currentRevision"],
      });
      const pods = await podsOf(cluster, namespace);
      expect(pods.map(({ metadata }) => metadata?.["name"])).toEqual(["db-0", "db-1"]);
      const claims = await cluster.request(
        "GET",
        `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
      );
      expect((claims.body["items"] ?? []).map(({ metadata }) => metadata?.["name"])).toEqual([
        "data-db-0",
        "data-db-1",
      ]);
      await patch(cluster, `${sets}/db`, {
        type: "strategic-merge",
        body: { spec: { template: { spec: { containers: [{ name: "main", image: "app:2" }] } } } },
      });
      const rolled = await until(cluster, `${sets}/db`, ({ status }) => {
        const isDone = String(status?.["currentRevision"]) === String(status?.["updateRevision"]);
        return (
          number(status?.["observedGeneration"]) === 2 &&
          isDone &&
          number(status?.["readyReplicas"]) === 2
        );
      });
      expect(rolled["status"]).toMatchObject({ updatedReplicas: 2, currentReplicas: 2 });
    },
  },
  {
    row: "DaemonSet: a pod on every node, and counts",
    run: async (cluster, namespace) => {
      const sets = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
      await create(cluster, sets, {
        metadata: { name: "agent" },
        spec: { selector: { matchLabels: { app: "agent" } }, template: podTemplate("agent") },
      });
      const live = await until(cluster, `${sets}/agent`, (object) => {
        return number(object["status"]?.["numberAvailable"]) === 2;
      });
      expect(live["status"]).toEqual({
        currentNumberScheduled: 2,
        desiredNumberScheduled: 2,
        numberAvailable: 2,
        numberMisscheduled: 0,
        numberReady: 2,
        observedGeneration: 1,
        updatedNumberScheduled: 2,
      });
    },
  },
  {
    row: "Job: Complete when its pods succeed, Failed with BackoffLimitExceeded when they fail",
    run: async (cluster, namespace) => {
      cluster.setScript([{ match: { namespace, labels: { app: "bad" } }, outcome: "failed" }]);
      const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
      const job = (name: string, more: object): object => ({
        metadata: { name },
        spec: {
          template: podTemplate(name, {
            restartPolicy: "Never",
            containers: [{ name: "main", image: "app:1" }],
          }),
          ...more,
        },
      });
      await create(cluster, jobs, job("good", { completions: 2 }));
      await create(cluster, jobs, job("bad", { backoffLimit: 0 }));
      const good = await until(cluster, `${jobs}/good`, hasCondition("Complete", "True"));
      expect(good["status"]).toMatchObject({
        succeeded: 2,
        startTime: expect.any(String),
        completionTime: expect.any(String),
      });
      expect(conditionOf(good, "SuccessCriteriaMet")).toMatchObject({ status: "True" });
      const bad = await until(cluster, `${jobs}/bad`, hasCondition("Failed", "True"));
      expect(conditionOf(bad, "Failed")).toMatchObject({
        reason: "BackoffLimitExceeded",
        message: "Job has reached the specified backoff limit",
      });
      expect(bad["status"]).toMatchObject({ failed: 1 });
      cluster.setScript([]);
    },
  },
  {
    row: "`minReadySeconds`: pods count as available that much later, in Deployments, StatefulSets and DaemonSets",
    run: async (cluster, namespace) => {
      const apps = `/apis/apps/v1/namespaces/${namespace}`;
      const kinds = [
        { plural: "deployments", ready: "readyReplicas", available: "availableReplicas" },
        { plural: "statefulsets", ready: "readyReplicas", available: "availableReplicas" },
        { plural: "daemonsets", ready: "numberReady", available: "numberAvailable" },
      ];
      for (const { plural, ready, available } of kinds) {
        const selector = { matchLabels: { app: plural } };
        const spec = { selector, template: podTemplate(plural), minReadySeconds: 3 };
        await create(cluster, `${apps}/${plural}`, { metadata: { name: "slow" }, spec });
        const path = `${apps}/${plural}/slow`;
        const first = await until(cluster, path, ({ status }) => number(status?.[ready]) > 0);
        expect(number(first["status"]?.[available])).toBe(0);
        await until(cluster, path, ({ status }) => number(status?.[available]) > 0);
      }
    },
  },
  {
    row: "nodes are there, Ready, with capacity",
    run: async (cluster) => {
      const { body } = await cluster.request("GET", "/api/v1/nodes");
      const nodes = body["items"] ?? [];
      expect(nodes.map(({ metadata }) => metadata?.["name"])).toEqual(["node-a", "node-b"]);
      for (const node of nodes) {
        expect(conditionOf(node, "Ready")).toMatchObject({
          status: "True",
          reason: "KubeletReady",
        });
        expect(node["status"]).toMatchObject({
          capacity: { cpu: "64" },
          allocatable: { pods: "1k" },
        });
      }
    },
  },
];
