/** Rendering with the real tools in tests, and what the bare tools give for the same files. */
import { execFile } from "node:child_process";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { renderFleetFiles } from "../../src/adapters/render-tools/render-fleet-files.ts";
import {
  createRenderTools,
  type RenderTools,
  type RenderToolsOptions,
} from "../../src/adapters/render-tools/render-tools.ts";
import { formatDiagnostic } from "../../src/core/model/diagnostic.ts";
import type { SourceFile } from "../../src/core/model/fleet-model.ts";
import { isJsonObject } from "../../src/core/model/json.ts";
import { keyOf, type KubeObject, objectId } from "../../src/core/model/kube-object.ts";
import { readManifestObjects } from "../../src/core/render/manifest-objects.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";
import { aFleet, appYaml, type FleetEdits, fleetYaml, type Spec } from "./fleet.ts";
import { emptyFolder, folderWith } from "./folder.ts";
import { toolFolder, toolVersions } from "./kubectl.ts";

const run = promisify(execFile);

/** The real tools, with a cache of their own in memory. */
export async function realTools(options: Partial<RenderToolsOptions> = {}): Promise<RenderTools> {
  return createRenderTools({ path: await toolFolder(), clock: systemClock(), ...options });
}

/** Tools that note each rendering by helm in a file. */
export async function countedTools(): Promise<{ path: string; runs: () => Promise<number> }> {
  const folder = emptyFolder();
  const log = join(folder, "log");
  await writeFile(log, "");
  const real = join(await toolFolder(), "helm");
  const script = `#!/bin/sh\n[ "$1" = template ] && echo run >> ${log}\nexec ${real} "$@"\n`;
  await writeFile(join(folder, "helm"), script);
  await chmod(join(folder, "helm"), 0o755);
  const runs = async (): Promise<number> =>
    (await readFile(log, "utf8")).split("\n").filter((line) => line !== "").length;
  return { path: folder, runs };
}

/** The default fleet, with tools pinned, and the app `web` from a source. */
export function toolFleet(source: Spec, edits: FleetEdits = {}, spec: Spec = {}): SourceFile[] {
  return aFleet({
    "fleet.yaml": fleetYaml({ rollout: { strategy: "standard" }, tools: toolVersions }),
    "apps/web.yaml": appYaml("web", { spec: { source, ...spec } }),
    "manifests/web/deployment.yaml": null,
    "manifests/web/settings.yaml": null,
    ...edits,
  });
}

/** The objects of `web` at a site, by id, without what Flotilla adds; throws with the mistakes where there are some. */
export async function webAt(
  files: readonly SourceFile[],
  site = "e1",
  tools?: RenderTools,
): Promise<ReadonlyMap<string, KubeObject>> {
  const fleet = await renderFleetFiles(tools ?? (await realTools()), files);
  if (!fleet.ok) throw new Error(fleet.diagnostics.map(formatDiagnostic).join("\n"));
  const tree = fleet.rendered.apps.get("web")?.sites.get(site) ?? "";
  const objects = fleet.rendered.variants.get(tree)?.objects ?? [];
  return new Map(objects.map(({ id, object }) => [id, withoutOwner(object)]));
}

/** What is wrong with files, as people read it. */
export async function mistakesOf(
  files: readonly SourceFile[],
  tools?: RenderTools,
): Promise<readonly string[]> {
  const fleet = await renderFleetFiles(tools ?? (await realTools()), files);
  return fleet.diagnostics.map((each) => `${formatDiagnostic(each)} [${each.code}]`);
}

function withoutOwner(object: KubeObject): KubeObject {
  const without = (field: string, own: string): object => {
    const all = object.metadata[field];
    const kept = Object.entries(isJsonObject(all) ? all : {}).filter(([key]) => key !== own);
    return kept.length === 0 ? {} : { [field]: Object.fromEntries(kept) };
  };
  const { labels: _, annotations: __, ...metadata } = object.metadata;
  const more = {
    ...without("labels", "flotilla.dev/app"),
    ...without("annotations", "flotilla.dev/owner"),
  };
  return { ...object, metadata: { ...metadata, ...more } };
}

/** What `kubectl kustomize` or `helm template` itself gives for files, by id; namespaced objects get `namespace`. */
export async function bareTool(
  files: readonly SourceFile[],
  tool: "kubectl" | "helm",
  args: readonly string[],
): Promise<ReadonlyMap<string, KubeObject>> {
  const folder = folderWith(files);
  const { stdout } = await run(join(await toolFolder(), tool), [...args], {
    cwd: folder,
    env: { HOME: folder, PATH: "/usr/bin:/bin" },
    maxBuffer: 64 * 1024 * 1024,
  });
  const { objects, diagnostics } = readManifestObjects([{ path: "out", text: stdout }]);
  if (diagnostics.length > 0) throw new Error(diagnostics.map(formatDiagnostic).join("\n"));
  return new Map(objects.map(({ object }) => [objectId(keyOf(object)), object]));
}

/** Objects as a fleet has them: namespaced ones that name no namespace are in that of their app. */
export function inNamespace(
  objects: ReadonlyMap<string, KubeObject>,
  namespace: string,
  clusterKinds: readonly string[] = [],
): ReadonlyMap<string, KubeObject> {
  const placed = [...objects.values()].map((object) => {
    const isPlaced = object.metadata["namespace"] !== undefined;
    if (isPlaced || clusterKinds.includes(object.kind)) return object;
    return { ...object, metadata: { ...object.metadata, namespace } };
  });
  const sorted = placed.map((object) => [objectId(keyOf(object)), object] as const);
  return new Map(sorted.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
