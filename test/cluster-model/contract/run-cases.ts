/** Runs cases as tests on a cluster, each in a namespace of its own. */
import { describe, expect, it } from "vitest";
import { type ClusterUnderTest, type ContractCase, eventually } from "./cluster-under-test.ts";
import { deletionCases } from "./deletion-cases.ts";
import { discoveryCases } from "./discovery-cases.ts";
import { definitionCases } from "./definition-cases.ts";
import { kindCases } from "./kind-cases.ts";
import { listCases } from "./list-cases.ts";
import { namespaceCases } from "./namespace-cases.ts";
import { objectCases } from "./object-cases.ts";
import { applyCases } from "./apply-cases.ts";
import { workloadCases } from "./workload-cases.ts";

/** Every row that the model promises, by topic. */
export const contract: Readonly<Record<string, readonly ContractCase[]>> = {
  Discovery: discoveryCases,
  Objects: objectCases,
  "Server-side apply": applyCases,
  "Lists and watches": listCases,
  Deletion: deletionCases,
  Namespaces: namespaceCases,
  Kinds: kindCases,
  "Custom resources": definitionCases,
  Workloads: workloadCases,
};

/** `open` gives the cluster; called when the tests run. */
export function runContract(open: () => ClusterUnderTest): void {
  let count = 0;
  describe.each(Object.entries(contract))("%s", (_topic, cases) => {
    it.each(cases.map((one) => [one.row, one] as const))("%s", async (_row, one) => {
      const cluster = open();
      const namespace = `case-${(count += 1)}`;
      const body = { metadata: { name: namespace } };
      const made = await cluster.request("POST", "/api/v1/namespaces", { body });
      expect(made.status).toBe(201);
      // What every namespace gets by itself is there before the case looks.
      await eventually(cluster, "the namespace's own objects", async () => {
        const own = [`configmaps/kube-root-ca.crt`, `serviceaccounts/default`];
        const answers = await Promise.all(
          own.map((path) => cluster.request("GET", `/api/v1/namespaces/${namespace}/${path}`)),
        );
        return answers.every(({ status }) => status === 200);
      });
      await one.run(cluster, namespace);
    });
  });
}
