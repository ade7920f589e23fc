import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFiles } from "../../../src/core/render/render-files.ts";
import { aFleet, appYaml } from "../../support/fleet.ts";

const problems = (resources: string, overlays: readonly object[] = [], list = "containers") => {
  const others = list === "containers" ? "" : "containers: [{name: b, image: 'b:1'}], ";
  const manifest = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec: {${others}${list}: [{name: a, image: 'a:1', resources: ${resources}}]}
`;
  const files = aFleet({
    "manifests/web/deployment.yaml": manifest,
    "apps/web.yaml": appYaml("web", { spec: { overlays } }),
  });
  return renderFiles(files).diagnostics.map(formatDiagnostic);
};

describe("requests and limits", () => {
  it.each([
    [
      "{requests: {memory: 1Gi}, limits: {memory: 512Mi}}",
      "memory, 1Gi, is more than its limit, 512Mi",
    ],
    ["{requests: {cpu: 1100m}, limits: {cpu: 1}}", "cpu, 1100m, is more than its limit, 1"],
    ["{requests: {cpu: '2'}, limits: {cpu: 1.5}}", "cpu, 2, is more than its limit, 1.5"],
    ["{requests: {memory: 1e9}, limits: {memory: 900M}}", "is more than its limit, 900M"],
  ])("%s are refused at the request", (resources, expected) => {
    const [found, ...others] = problems(resources);
    expect(found).toMatch(
      /^manifests\/web\/deployment\.yaml:8:\d+: error: Deployment web\/web: the request of /,
    );
    expect(found).toContain(expected);
    expect(others).toEqual([]);
  });

  it.each([
    "{requests: {memory: 1Gi}, limits: {memory: 1024Mi}}",
    "{requests: {cpu: 100m}, limits: {cpu: 0.1}}",
    "{requests: {cpu: 1}}",
    "{limits: {cpu: 1}}",
    "{requests: {cpu: 1}, limits: {memory: 1Mi}}",
    "{}",
  ])("%s are right", (resources) => {
    expect(problems(resources)).toEqual([]);
  });

  it("are refused where an overlay has made them wrong", () => {
    const [found] = problems("{limits: {cpu: 1}}", [
      { virtualSites: ["all"], labels: { a: "b" } },
      { virtualSites: ["all"], resources: [{ requests: { cpu: "2" } }] },
      { virtualSites: ["all"], images: [{ name: "a", newTag: "2" }] },
    ]);
    expect(found).toMatch(
      /^apps\/web\.yaml:\d+:\d+: error: Deployment web\/web: the request of cpu/u,
    );
    const lower = { virtualSites: ["all"], resources: [{ limits: { cpu: "1" } }] };
    expect(problems("{requests: {cpu: 2}, limits: {cpu: 3}}", [lower])).toEqual([
      expect.stringMatching(/^apps\/web\.yaml:\d+:\d+: error/u),
    ]);
  });

  it("are looked at behind all overlays, of init containers too", () => {
    const small = "{requests: {memory: 1Mi}, limits: {memory: 2Mi}}";
    const more = { virtualSites: ["all"], resources: [{ requests: { memory: "4Mi" } }] };
    const room = { virtualSites: ["all"], resources: [{ limits: { memory: "8Mi" } }] };
    expect(problems(small, [more])).toEqual([expect.stringContaining("memory, 4Mi, is more")]);
    expect(problems(small, [more, room])).toEqual([]);
    const init = "{requests: {memory: 4Mi}, limits: {memory: 2Mi}}";
    expect(problems(init, [], "initContainers")).toHaveLength(1);
  });
});
