import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml, type FleetEdits } from "../../support/fleet.ts";

const problems = (name: string, more: FleetEdits = {}): string[] => {
  const web = appYaml("web", { spec: { serviceAccountName: name } });
  const { diagnostics } = renderFiles(aFleet({ "apps/web.yaml": web, ...more }));
  return diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);
};

const rbac = "apiVersion: rbac.authorization.k8s.io/v1\n";
const account = (name: string, namespace = "web"): string =>
  `apiVersion: v1\nkind: ServiceAccount\nmetadata: { name: ${name}, namespace: ${namespace} }\n`;
const binding = (kind: string, name: string, namespace: string): string =>
  `${rbac}kind: ${kind}\nmetadata: { name: b }\nroleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit }\nsubjects: [{ kind: ServiceAccount, name: ${name}, namespace: ${namespace} }]\n`;
const brings = (text: string): FleetEdits => ({ "manifests/web/more.yaml": text });

describe("the service account that an app is written as", () => {
  it.each(["Deploy_er", "a/b", "a b", "-a", "a..b"])("is not %j, which is no name", (name) => {
    expect(problems(name)).toEqual([
      expect.stringMatching(
        /^apps\/web\.yaml:\d+:\d+: error: expected a name of lower case letters, digits, `-` and `\.`, at most 253 characters for spec\.serviceAccountName, found .* \[invalid-value\]$/,
      ),
    ]);
  });

  it.each([
    ["the account", account("deployer"), "ServiceAccount web/deployer"],
    ["its rights", binding("RoleBinding", "deployer", "web"), "RoleBinding web/b"],
    ["rights everywhere", binding("ClusterRoleBinding", "deployer", "web"), "ClusterRoleBinding b"],
  ])("is not to come from the app itself: %s", (_, text, object) => {
    expect(problems("deployer", brings(text))).toEqual([
      expect.stringMatching(
        new RegExp(
          `^apps/web\\.yaml:\\d+:\\d+: warning: the app is written as service account "deployer" and delivers it itself, or its rights: ${object}; deliver it by another app \\[own-account\\]$`,
        ),
      ),
    ]);
  });

  it.each([
    ["another account", account("other")],
    ["an account in another namespace", account("deployer", "other")],
    ["rights of another", binding("RoleBinding", "other", "web")],
  ])("says nothing of %s", (_, text) => {
    expect(problems("deployer", brings(text))).toEqual([]);
  });
});
