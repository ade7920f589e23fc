/** What the server fills in, and what it never lets change, kind by kind. */
import { expect } from "vitest";
import type { Body, ClusterUnderTest, ContractCase } from "./cluster-under-test.ts";
import {
  configMap,
  configMaps,
  create,
  deployment,
  deployments,
  patch,
  podTemplate,
} from "./requests.ts";

/** A merge patch that must be refused with a cause at a field. */
async function refused(
  cluster: ClusterUnderTest,
  path: string,
  change: { readonly body: object; readonly cause: object },
): Promise<void> {
  const answer = await patch(cluster, path, { type: "merge", body: change.body });
  expect(answer.status).toBe(422);
  const causes = answer.body["details"]?.["causes"];
  expect(causes).toEqual(expect.arrayContaining([expect.objectContaining(change.cause)]));
}

/** Without the parts that differ from one creation to the next. */
function specOf(object: Body): Body | undefined {
  return object["spec"];
}

const container = {
  imagePullPolicy: "IfNotPresent",
  resources: {},
  terminationMessagePath: "/dev/termination-log",
  terminationMessagePolicy: "File",
};
const podSpec = {
  dnsPolicy: "ClusterFirst",
  restartPolicy: "Always",
  schedulerName: "default-scheduler",
  securityContext: {},
  terminationGracePeriodSeconds: 30,
};
const main = { name: "main", image: "registry.example/app:1" };

export const kindCases: readonly ContractCase[] = [
  {
    row: "defaults of a Deployment and its pods: replicas, strategy, deadlines, policies, ports, probes, volumes, fields of env",
    run: async (cluster, namespace) => {
      const template = podTemplate("web", {
        containers: [
          {
            ...main,
            image: "registry.example/app",
            ports: [{ containerPort: 80 }],
            env: [{ name: "N", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            resources: { limits: { cpu: "1" } },
            readinessProbe: { httpGet: { port: 80 } },
          },
        ],
        volumes: [
          { name: "c", configMap: { name: "x" } },
          { name: "e", emptyDir: {} },
          { name: "s", secret: { secretName: "x" } },
        ],
      });
      const made = await create(cluster, deployments(namespace), deployment("web", { template }));
      expect(specOf(made)).toEqual({
        progressDeadlineSeconds: 600,
        replicas: 1,
        revisionHistoryLimit: 10,
        selector: { matchLabels: { app: "web" } },
        strategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" },
        },
        template: {
          metadata: { labels: { app: "web" } },
          spec: {
            ...podSpec,
            containers: [
              {
                ...container,
                name: "main",
                image: "registry.example/app",
                imagePullPolicy: "Always",
                ports: [{ containerPort: 80, protocol: "TCP" }],
                env: [
                  {
                    name: "N",
                    valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } },
                  },
                ],
                resources: { limits: { cpu: "1" } },
                readinessProbe: {
                  httpGet: { path: "/", port: 80, scheme: "HTTP" },
                  failureThreshold: 3,
                  periodSeconds: 10,
                  successThreshold: 1,
                  timeoutSeconds: 1,
                },
              },
            ],
            volumes: [
              { name: "c", configMap: { name: "x", defaultMode: 420 } },
              { name: "e", emptyDir: {} },
              { name: "s", secret: { secretName: "x", defaultMode: 420 } },
            ],
          },
        },
      });
    },
  },
  {
    row: "defaults of StatefulSets, DaemonSets, Jobs and CronJobs",
    run: async (cluster, namespace) => {
      const selector = { matchLabels: { app: "x" } };
      const apps = `/apis/apps/v1/namespaces/${namespace}`;
      const metadata = { name: "x" };
      const set = await create(cluster, `${apps}/statefulsets`, {
        metadata,
        spec: { serviceName: "x", replicas: 0, selector, template: podTemplate("x") },
      });
      const template = {
        metadata: { labels: { app: "x" } },
        spec: { ...podSpec, containers: [{ ...main, ...container }] },
      };
      expect(specOf(set)).toEqual({
        persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
        podManagementPolicy: "OrderedReady",
        replicas: 0,
        revisionHistoryLimit: 10,
        selector,
        serviceName: "x",
        template,
        updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
      });
      const daemons = await create(cluster, `${apps}/daemonsets`, {
        metadata,
        spec: { selector, template: podTemplate("x") },
      });
      expect(specOf(daemons)).toEqual({
        revisionHistoryLimit: 10,
        selector,
        template,
        updateStrategy: {
          type: "RollingUpdate",
          rollingUpdate: { maxSurge: 0, maxUnavailable: 1 },
        },
      });
      const batch = `/apis/batch/v1/namespaces/${namespace}`;
      const once = podTemplate("x", { containers: [main], restartPolicy: "Never" });
      const job = await create(cluster, `${batch}/jobs`, { metadata, spec: { template: once } });
      const uid = job.metadata?.["uid"];
      expect(specOf(job)).toEqual({
        backoffLimit: 6,
        completionMode: "NonIndexed",
        completions: 1,
        manualSelector: false,
        parallelism: 1,
        podReplacementPolicy: "TerminatingOrFailed",
        selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } },
        suspend: false,
        template: {
          metadata: {
            labels: {
              app: "x",
              "batch.kubernetes.io/controller-uid": uid,
              "batch.kubernetes.io/job-name": "x",
              "controller-uid": uid,
              "job-name": "x",
            },
          },
          spec: { ...podSpec, restartPolicy: "Never", containers: [{ ...main, ...container }] },
        },
      });
      const cron = await create(cluster, `${batch}/cronjobs`, {
        metadata,
        spec: { schedule: "0 0 1 1 *", jobTemplate: { spec: { template: once } } },
      });
      expect(specOf(cron)).toMatchObject({
        concurrencyPolicy: "Allow",
        failedJobsHistoryLimit: 1,
        successfulJobsHistoryLimit: 3,
        suspend: false,
        jobTemplate: { spec: { template: { spec: { ...podSpec, restartPolicy: "Never" } } } },
      });
    },
  },
  {
    row: "a Service gets an address, which stays; Secrets turn `stringData` into `data`; PersistentVolumeClaims are Pending, and never shrink",
    run: async (cluster, namespace) => {
      const core = `/api/v1/namespaces/${namespace}`;
      const service = await create(cluster, `${core}/services`, {
        metadata: { name: "web" },
        spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
      });
      const clusterIP = specOf(service)?.["clusterIP"];
      expect(service).toMatchObject({
        spec: {
          clusterIP: expect.stringMatching(/^10\./),
          clusterIPs: [clusterIP],
          internalTrafficPolicy: "Cluster",
          ipFamilies: ["IPv4"],
          ipFamilyPolicy: "SingleStack",
          ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
          sessionAffinity: "None",
          type: "ClusterIP",
        },
        status: { loadBalancer: {} },
      });
      const replaced = await cluster.request("PUT", `${core}/services/web`, {
        body: {
          metadata: { name: "web", resourceVersion: service.metadata?.["resourceVersion"] },
          spec: { selector: { app: "other" }, ports: [{ port: 80 }] },
        },
      });
      expect(replaced.body["spec"]).toMatchObject({ clusterIP, selector: { app: "other" } });
      await refused(cluster, `${core}/services/web`, {
        body: { spec: { clusterIP: "10.0.0.250", clusterIPs: ["10.0.0.250"] } },
        cause: { reason: "FieldValueInvalid", field: "spec.clusterIPs[0]" },
      });
      const secret = await create(cluster, `${core}/secrets`, {
        metadata: { name: "s" },
        stringData: { word: "hidden" },
      });
      expect(secret).toMatchObject({ type: "Opaque", data: { word: "aGlkZGVu" } });
      expect(secret["stringData"]).toBeUndefined();
      const claim = await create(cluster, `${core}/persistentvolumeclaims`, {
        metadata: { name: "c" },
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      });
      expect(claim).toMatchObject({
        spec: { volumeMode: "Filesystem" },
        status: { phase: "Pending" },
      });
      const own = `${core}/persistentvolumeclaims/c`;
      const sized = (storage: string) => ({ spec: { resources: { requests: { storage } } } });
      const reason = "FieldValueForbidden";
      await refused(cluster, own, { body: sized("2Gi"), cause: { reason, field: "spec" } });
      await patch(cluster, `${own}/status`, {
        type: "merge",
        body: { status: { phase: "Bound", capacity: { storage: "1Gi" } } },
      });
      const field = "spec.resources.requests.storage";
      await refused(cluster, own, { body: sized("512Mi"), cause: { reason, field } });
    },
  },
  {
    row: "immutable fields: 422 with the cause (selector and template of workloads and Jobs, immutable ConfigMaps, types of Secrets, `roleRef`, `value` of a PriorityClass)",
    run: async (cluster, namespace) => {
      const apps = `/apis/apps/v1/namespaces/${namespace}`;
      const selector = { matchLabels: { app: "x" } };
      await create(cluster, deployments(namespace), deployment("x", { replicas: 0 }));
      await refused(cluster, `${deployments(namespace)}/x`, {
        body: {
          spec: {
            selector: { matchLabels: { app: "y" } },
            template: { metadata: { labels: { app: "y" } } },
          },
        },
        cause: {
          reason: "FieldValueInvalid",
          field: "spec.selector",
          message: expect.stringContaining("field is immutable"),
        },
      });
      await create(cluster, `${apps}/statefulsets`, {
        metadata: { name: "x" },
        spec: { serviceName: "x", replicas: 0, selector, template: podTemplate("x") },
      });
      await refused(cluster, `${apps}/statefulsets/x`, {
        body: { spec: { serviceName: "y" } },
        cause: {
          reason: "FieldValueForbidden",
          field: "spec",
          message: expect.stringContaining("updates to statefulset spec for fields other than"),
        },
      });
      const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
      const template = podTemplate("x", { containers: [main], restartPolicy: "Never" });
      await create(cluster, jobs, { metadata: { name: "x" }, spec: { template } });
      await refused(cluster, `${jobs}/x`, {
        body: { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } },
        cause: { reason: "FieldValueInvalid", field: "spec.template" },
      });
      await create(cluster, configMaps(namespace), { ...configMap("x"), immutable: true });
      await refused(cluster, `${configMaps(namespace)}/x`, {
        body: { data: { a: "1" } },
        cause: { reason: "FieldValueForbidden", field: "data" },
      });
      const secrets = `/api/v1/namespaces/${namespace}/secrets`;
      await create(cluster, secrets, { metadata: { name: "x" } });
      await refused(cluster, `${secrets}/x`, {
        body: { type: "example.org/other" },
        cause: { reason: "FieldValueInvalid", field: "type" },
      });
      const bindings = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "a" };
      await create(cluster, bindings, { metadata: { name: "x" }, roleRef });
      await refused(cluster, `${bindings}/x`, {
        body: { roleRef: { ...roleRef, name: "b" } },
        cause: { reason: "FieldValueInvalid", field: "roleRef" },
      });
      const priorities = "/apis/scheduling.k8s.io/v1/priorityclasses";
      await create(cluster, priorities, { metadata: { name: namespace }, value: 1 });
      await refused(cluster, `${priorities}/${namespace}`, {
        body: { value: 2 },
        cause: { reason: "FieldValueForbidden", field: "value" },
      });
      await cluster.request("DELETE", `${priorities}/${namespace}`, {});
    },
  },
  {
    row: "422 for a workload without containers, with a selector that does not fit, or a negative number of replicas",
    run: async (cluster, namespace) => {
      const path = deployments(namespace);
      const fieldsOf = async (body: object): Promise<unknown[]> => {
        const answer = await cluster.request("POST", path, { body });
        expect(answer.status).toBe(422);
        const causes: readonly Body[] = answer.body["details"]?.["causes"] ?? [];
        return causes.map(({ field }) => field);
      };
      const selector = { matchLabels: { app: "other" } };
      expect(await fieldsOf(deployment("x", { selector }))).toContain(
        "spec.template.metadata.labels",
      );
      expect(await fieldsOf(deployment("x", { replicas: -1 }))).toContain("spec.replicas");
      const template = podTemplate("x", { containers: [] });
      expect(await fieldsOf(deployment("x", { template }))).toContain(
        "spec.template.spec.containers",
      );
      const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
      const always = { metadata: { name: "x" }, spec: { template: podTemplate("x") } };
      const job = await cluster.request("POST", jobs, { body: always });
      expect([job.status, job.body]).toMatchObject([
        422,
        { details: { causes: [{ field: "spec.template.spec.restartPolicy" }] } },
      ]);
    },
  },
];
