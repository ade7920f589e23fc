/** Apps that are rendered by more than one core: what comes out is what one core gives. */
import { describe, expect, it } from "vitest";
import {
  createRenderAhead,
  renderInThread,
  type ThreadWork,
} from "../../../src/adapters/render-tools/render-ahead.ts";
import { renderFleetFiles } from "../../../src/adapters/render-tools/render-fleet-files.ts";
import {
  createRenderTools,
  type RenderTools,
} from "../../../src/adapters/render-tools/render-tools.ts";
import type { SourceFile } from "../../../src/core/model/fleet-model.ts";
import { loadFleet } from "../../../src/core/model/load-fleet.ts";
import type { AppTable } from "../../../src/core/render/app-table.ts";
import { aheadOfFleet, renderFiles } from "../../../src/core/render/render-files.ts";
import { noToolOutputs } from "../../../src/core/render/tools/tool-output.ts";
import { systemClock } from "../../../src/runtime/system-clock.ts";
import { aFleet, appYaml, configMapYaml, fleetYaml, siteYaml } from "../../support/fleet.ts";

const apps = ["a", "b", "c", "d", "web"];

function fleet(edits: Readonly<Record<string, string>> = {}): SourceFile[] {
  const files = apps.flatMap((name) => [
    [
      `apps/${name}.yaml`,
      appYaml(name, { spec: { source: { manifests: `manifests/${name}`, expressions: true } } }),
    ],
    [`manifests/${name}/own.yaml`, configMapYaml(`own-${name}`, { at: "${site.name}" })],
  ]);
  const sites = Array.from({ length: 30 }, (_, index) => [
    `sites/s${index}.yaml`,
    siteYaml(`s${index}`, { region: "east", labels: { tier: "shop", ring: "main" } }),
  ]);
  return aFleet({
    "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" } }),
    ...Object.fromEntries([...files, ...sites]),
    ...edits,
  });
}

/** For a thread; `taken`: positions of apps that somebody else has. */
function work(files: readonly SourceFile[], taken: readonly number[] = []): ThreadWork {
  const claims = new Int32Array(new SharedArrayBuffer(apps.length * 4));
  for (const index of taken) claims[index] = 1;
  return { files, tools: noToolOutputs, apps, claims };
}

/** The tables of apps as they are made here. */
function tablesHere(files: readonly SourceFile[]): AppTable[] {
  const loaded = loadFleet(files);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.diagnostics));
  const render = aheadOfFleet(loaded.value, noToolOutputs);
  return apps.flatMap((app) => render(app)?.() ?? []);
}

describe("apps that are rendered by several cores", () => {
  it("come to the same in a thread", async () => {
    const here = tablesHere(fleet());
    expect(here).toHaveLength(apps.length);
    expect((await renderInThread(work(fleet()))).toReversed()).toEqual(here);
  });

  it("are rendered once: what somebody has begun ends the work of the thread", async () => {
    const rendered = await renderInThread(work(fleet(), [0, 1, 2]));
    expect(rendered.toReversed()).toEqual(tablesHere(fleet()).slice(3));
  });

  it("are rendered by who asks where a thread breaks", async () => {
    expect(await renderInThread({ ...work([]), claims: undefined as never })).toEqual([]);
  });

  it.each([
    ["a valid fleet", {}],
    [
      "a fleet with a mistake at each site",
      { "manifests/c/own.yaml": configMapYaml("own-c", { at: "${site.labels.lacks}" }) },
    ],
  ])("make a fleet that is the same as by one core: %s", async (_, edits) => {
    const clock = systemClock();
    const tools = createRenderTools({ path: "", clock });
    const asked: string[][] = [];
    const ahead = createRenderAhead({ clock, worthMs: 0, cores: 2 });
    const several: RenderTools = {
      ...tools,
      ahead: (known, wanted) => {
        asked.push(wanted.map(({ app }) => app));
        return ahead(known, wanted);
      },
    };
    const fleetOfSeveral = await renderFleetFiles(several, fleet(edits));
    const fleetOfOne = renderFiles(fleet(edits));
    expect(asked).toEqual([apps]);
    expect(fleetOfSeveral.ok).toBe(fleetOfOne.ok);
    expect(fleetOfSeveral.diagnostics).toEqual(fleetOfOne.diagnostics);
    const treesOf = (each: typeof fleetOfOne): unknown =>
      each.ok && [...each.rendered.apps].map(([app, { sites }]) => [app, [...sites]]);
    expect(treesOf(fleetOfSeveral)).toEqual(treesOf(fleetOfOne));
  });
});
