/** What becomes of hooks of charts, with overlays and where it is explained. */
import { expect, it } from "vitest";
import { renderFleetFiles } from "../../../src/adapters/render-tools/render-fleet-files.ts";
import { explainObject } from "../../../src/core/explain/explain-object.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { realTools, toolFleet, webAt } from "../../support/render-tools.ts";
import { chart } from "../../support/tool-sources.ts";

const hook = `apiVersion: batch/v1
kind: Job
metadata: { name: migrate, annotations: { helm.sh/hook: pre-upgrade } }
spec:
  template:
    spec: { restartPolicy: Never, containers: [{ name: migrate, image: "a:1" }] }
`;

it(
  "names a Job by what overlays make of its spec, found by the chart's name for it, and says so",
  { timeout: 60_000 },
  async () => {
    const source = { chart: "charts/web", helm: { hooks: "apply" } };
    const edits = { ...chart, "charts/web/templates/migrate.yaml": hook };
    const filesWith = (overlay: object): SourceFile[] =>
      toolFleet(source, edits, {
        overlays: [{ virtualSites: ["all"], ...overlay }],
      });
    const nameWith = async (overlay: object): Promise<string> => {
      const found = [...(await webAt(filesWith(overlay))).values()];
      return found.find(({ kind }) => kind === "Job")?.metadata.name ?? "no Job";
    };
    const patch = (deadline: number): object => ({
      target: { kind: "Job", name: "migrate" },
      merge: { spec: { template: { spec: { activeDeadlineSeconds: deadline } } } },
    });
    const own = await nameWith({ labels: { team: "tills" } });
    const names = await Promise.all(
      [
        { annotations: { more: "words" } },
        { patches: [patch(5)] },
        { patches: [patch(5)], labels: { team: "tills" } },
        { patches: [patch(6)] },
        {
          patches: [
            patch(6),
            {
              target: { kind: "Job" },
              json: [{ op: "remove", path: "/spec/template/spec/activeDeadlineSeconds" }],
            },
          ],
        },
        { images: [{ name: "a", newTag: "1" }] },
      ].map(nameWith),
    );
    const [noted, five, labelled, six, back, same] = names;
    expect([noted, back, same]).toEqual([own, own, own]);
    expect(labelled).toBe(five);
    expect(new Set([own, five, six]).size).toBe(3);
    expect(five).toMatch(/^migrate-[0-9a-f]{8}$/);

    const fleet = await renderFleetFiles(await realTools(), filesWith({ patches: [patch(5)] }));
    if (!fleet.ok) throw new Error("the fleet is not valid");
    const asked = { app: "web", site: "e1", object: `Job/web/${five}`, field: ".metadata.name" };
    const answer = explainObject(fleet, asked);
    const settings = answer.ok ? (answer.fields[0]?.settings ?? []) : [];
    expect(settings.map(({ value, by }) => [value, by.split(":")[0]])).toEqual([
      [five, "Flotilla"],
      [own, "Flotilla"],
      ["migrate", "template of the chart"],
    ]);
  },
);
