/** Objects before and after a change that no API server takes. */
import type { KubeObject } from "../../../src/core/model/kube-object.ts";
import { configMap, deployment } from "../../support/kube-worker.ts";
import { configMaps, deployments, object } from "./rule-site.ts";

/** What Kubernetes does not let anybody change, by kind: before, after, and where it stands. */
export const unchangeable: readonly {
  readonly what: string;
  readonly before: KubeObject;
  readonly after: KubeObject;
  readonly path: string;
}[] = [
  {
    what: "selector of a Deployment",
    before: deployment("fixed", "web:1"),
    after: reworded(deployment("fixed", "web:1"), '"app":"fixed"', '"app":"other"'),
    path: `${deployments}/fixed`,
  },
  {
    what: "template of a Job",
    before: job("job:1"),
    after: job("job:2"),
    path: "/apis/batch/v1/namespaces/default/jobs/fixed-job",
  },
  {
    what: "service name of a StatefulSet",
    before: statefulSet("one"),
    after: statefulSet("two"),
    path: "/apis/apps/v1/namespaces/default/statefulsets/fixed-set",
  },
  {
    what: "data of an immutable ConfigMap",
    before: { ...configMap("fixed", { k: "1" }), immutable: true },
    after: { ...configMap("fixed", { k: "2" }), immutable: true },
    path: `${configMaps}/fixed`,
  },
  {
    what: "type of a Secret",
    before: object("v1", "Secret", { name: "fixed", type: "example.org/one" }),
    after: object("v1", "Secret", { name: "fixed", type: "example.org/two" }),
    path: "/api/v1/namespaces/default/secrets/fixed",
  },
  {
    what: "role of a RoleBinding",
    before: binding("one"),
    after: binding("two"),
    path: "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/fixed",
  },
  {
    what: "value of a PriorityClass",
    before: priorityClass(1),
    after: priorityClass(2),
    path: "/apis/scheduling.k8s.io/v1/priorityclasses/fixed",
  },
];

export function reworded(from: KubeObject, search: string, replacement: string): KubeObject {
  return JSON.parse(JSON.stringify(from).replaceAll(search, replacement)) as KubeObject; // as before
}

function job(image: string): KubeObject {
  const spec = { restartPolicy: "Never", containers: [{ name: "main", image }] };
  return object("batch/v1", "Job", { name: "fixed-job", spec: { template: { spec } } });
}

function statefulSet(serviceName: string): KubeObject {
  const labels = { app: "fixed-set" };
  return object("apps/v1", "StatefulSet", {
    name: "fixed-set",
    spec: {
      serviceName,
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: "main", image: "set:1" }] },
      },
    },
  });
}

function binding(role: string): KubeObject {
  const apiGroup = "rbac.authorization.k8s.io";
  return object(`${apiGroup}/v1`, "RoleBinding", {
    name: "fixed",
    roleRef: { apiGroup, kind: "Role", name: role },
    subjects: [{ apiGroup, kind: "User", name: "somebody" }],
  });
}

function priorityClass(value: number): KubeObject {
  return object("scheduling.k8s.io/v1", "PriorityClass", { name: "fixed", namespace: "", value });
}
