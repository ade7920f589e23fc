import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

const service = (ports: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: dns}\nspec: {selector: {a: b}, ports: ${ports}}\n`;
const deployment = (pod: string): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: dns}
spec:
  selector: {matchLabels: {a: b}}
  template: {metadata: {labels: {a: b}}, spec: ${pod}}
`;
const inPod = (pod: string): string => `{spec: {template: {spec: ${pod}}}}`;
const web = (fields: string): string => `{containers: [{name: c, image: "x:1", ${fields}}]}`;

/** What is told of a patch on an object called `dns`. */
const told = (manifest: string, patch: string): string[] => {
  const patches = [{ target: { name: "dns" }, merge: parse(patch) as object }];
  const overlays = [{ virtualSites: ["shops"], patches }];
  return renderFiles(
    aFleet({
      "apps/web.yaml": appYaml("web", { spec: { overlays } }),
      "manifests/web/more.yaml": manifest,
    }),
  ).diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);
};

const one = "[{port: 53, name: tcp}]";
const two = "[{port: 53, name: tcp}, {port: 53, name: udp, protocol: UDP}]";
const spread = (when: string): string =>
  `{topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ${when}, labelSelector: {matchLabels: {a: b}}}]`;

describe("an item of a patch that meets one that more than its key tells apart", () => {
  it("is told at its place, with what becomes of the other one", () => {
    const ports = "{spec: {ports: [{port: 80, name: web}, {port: 53, protocol: UDP, name: udp}]}}";
    expect(told(service(one), ports)).toEqual([
      expect.stringMatching(
        /^apps\/web\.yaml:4:\d+: warning: Service web\/dns \(manifests\/web\/more\.yaml:1:1\): items of this list are told by port alone: this changes what has protocol TCP; write the list anew with `\$patch: replace`, or change it by a `json` patch \[patch-other-item\]$/,
      ),
    ]);
  });

  it.each([
    [
      service(one),
      "{spec: {ports: [{port: 53, protocol: UDP, $patch: delete}, {port: 1}]}}",
      "deletes what has protocol TCP",
    ],
    [
      service(two),
      "{spec: {ports: [{port: 53, $patch: delete}, {port: 1}]}}",
      "deletes what has protocol TCP and UDP",
    ],
    [
      service(two),
      "{spec: {ports: [{port: 53, targetPort: 5353}]}}",
      "changes what has protocol TCP",
    ],
    [
      service(two),
      "{spec: {ports: [{port: 53, protocol: UDP, targetPort: 5353}]}}",
      "changes what has protocol TCP",
    ],
    [
      service(one),
      "{spec: {ports: [{port: 54, name: a}, {port: 54, protocol: UDP, name: b}]}}",
      "changes what has protocol TCP",
    ],
    [
      deployment(
        web("ports: [{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}]"),
      ),
      inPod(
        "{containers: [{name: c, ports: [{containerPort: 53, protocol: UDP, $patch: delete}]}]}",
      ),
      "deletes what has protocol UDP and TCP",
    ],
    [
      deployment(`${web("tty: true").slice(0, -1)}, ${spread("DoNotSchedule").slice(1)}}`),
      inPod(`${spread("ScheduleAnyway")}}`),
      "changes what has whenUnsatisfiable DoNotSchedule",
    ],
  ])("is told: %#", (manifest, patch, words) => {
    const found = told(manifest, patch).filter((each) => each.includes("[patch-other-item]"));
    expect(found).toEqual([expect.stringContaining(words)]);
  });

  it.each([
    [service(one), "{spec: {ports: [{port: 53, targetPort: 5353}]}}"],
    [service(one), "{spec: {ports: [{port: 53, protocol: TCP, targetPort: 5353}]}}"],
    [service(one), "{spec: {ports: [{port: 54, protocol: UDP, name: udp}]}}"],
    [service(one), "{spec: {ports: [{port: 53, protocol: TCP, $patch: delete}, {port: 1}]}}"],
    [service(two), "{spec: {ports: [{port: 53, protocol: TCP, targetPort: 5353}]}}"],
    [service(one), `{spec: {ports: [{$patch: replace}, ${two.slice(1)}}}`],
  ])("is not told where it is the one that is meant: %#", (manifest, patch) => {
    expect(told(manifest, patch)).toEqual([]);
  });
});
