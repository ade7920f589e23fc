import { describe, expect, it } from "vitest";
import { formatDiagnostic } from "../../../src/core/model/diagnostic.ts";
import { renderFleet } from "../../../src/core/render/render-fleet.ts";
import { type FleetEdits, aModel, appYaml, fleetYaml, siteYaml } from "../../support/fleet.ts";

const site = (name: string, region: string, version?: string): FleetEdits => ({
  [`sites/${name}.yaml`]: siteYaml(name, {
    region,
    spec: version === undefined ? {} : { kubernetes: { version } },
  }),
});
const cron = (apiVersion: string): string =>
  `apiVersion: ${apiVersion}\nkind: CronJob\nmetadata: {name: nightly}\nspec: {schedule: "@daily", jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}}\n`;
const told = (edits: FleetEdits): string[] =>
  renderFleet(aModel(edits)).diagnostics.map(formatDiagnostic);

describe("the Kubernetes of the sites of an app", () => {
  it("is held against the API versions of its objects, with the first site and how many more", () => {
    const sites = { ...site("e1", "east", "1.24"), ...site("e2", "east", "1.25") };
    const edits = {
      ...sites,
      ...site("w1", "west", "1.25"),
      "manifests/web/cron.yaml": cron("batch/v1beta1"),
    };
    expect(told(edits)).toEqual([
      "manifests/web/cron.yaml:1:1: error: CronJob of batch/v1beta1 is gone since Kubernetes 1.25; site e2 and 1 more have 1.25; use batch/v1",
      "manifests/web/cron.yaml:1:1: warning: CronJob of batch/v1beta1 will be gone with Kubernetes 1.25; site e1 has 1.24; use batch/v1",
    ]);
    expect(renderFleet(aModel(edits)).ok).toBe(false);
    expect(told({ ...edits, "manifests/web/cron.yaml": cron("batch/v1") })).toEqual([]);
  });

  it("is held against versions of an API that are not there", () => {
    const edits = { ...site("e1", "east", "1.33"), "manifests/web/cron.yaml": cron("batch/v3") };
    expect(told(edits)).toEqual([
      "manifests/web/cron.yaml:1:1: error: Kubernetes has no CronJob of batch/v3; site e1 has 1.33; use batch/v1",
    ]);
  });

  it("is held against kinds that have moved or are gone, where the object names no namespace", () => {
    const moved = (minor: string): string[] =>
      told({
        ...site("e1", "east", minor),
        "manifests/web/more.yaml":
          "apiVersion: extensions/v1beta1\nkind: Ingress\nmetadata: {name: i}\n",
      });
    expect(moved("1.33")).toEqual([
      "manifests/web/more.yaml:1:1: error: Ingress of extensions/v1beta1 is gone since Kubernetes 1.22; site e1 has 1.33; use networking.k8s.io/v1",
    ]);
    expect(moved("1.20")).toEqual([]);
    const gone = {
      "manifests/web/more.yaml":
        "apiVersion: policy/v1beta1\nkind: PodSecurityPolicy\nmetadata: {name: p}\n",
    };
    expect(told(gone)).toEqual([
      "manifests/web/more.yaml:2:7: error: PodSecurityPolicy of policy/v1beta1 is gone since Kubernetes 1.25; it has no successor",
    ]);
  });

  it("is what the Fleet says where the Site says nothing, and unknown where nobody does", () => {
    const edits = { "manifests/web/cron.yaml": cron("batch/v1") };
    const fleet = { "fleet.yaml": fleetYaml({ kubernetes: { version: "1.20" } }) };
    expect(told(edits)).toEqual([]);
    expect(told({ ...edits, ...fleet }).join("\n")).toContain("site e1 and 3 more have 1.20");
    expect(told({ ...edits, ...fleet, ...site("e1", "east", "1.30") }).join("\n")).toContain(
      "site e2 and 2 more have 1.20",
    );
  });

  it("is held against the versions that an App runs on", () => {
    const app = {
      "apps/web.yaml": appYaml("web", { spec: { kubernetes: { min: "1.28", max: "1.30" } } }),
    };
    const old = told({ ...app, ...site("e1", "east", "1.9") });
    expect(old).toHaveLength(1);
    expect(old[0]).toMatch(
      /^apps\/web\.yaml:\d+:\d+: error: web needs Kubernetes 1\.28 or newer; site e1 has 1\.9; place it/,
    );
    expect(told({ ...app, ...site("e1", "east", "1.28"), ...site("e2", "east", "1.30") })).toEqual(
      [],
    );
    expect(told({ ...app, ...site("w1", "west", "1.31") })[0]).toContain(
      "at most 1.30; site w1 has",
    );
  });
});
