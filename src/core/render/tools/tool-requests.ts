/**
 * What a fleet needs of kustomize and Helm, as data: a model in, requests out. Two requests with one key give the same;
 * so what many sites share is rendered once. Nothing is run here.
 */
import { createHash } from "node:crypto";
import type { FleetModel } from "../../model/fleet-model.ts";
import { canonicalJson, type Json, type JsonObject } from "../../model/json.ts";
import type { App, Site } from "../../model/kinds.ts";
import { type Tool, toolOf, type ToolSource } from "../../model/tools/tool-source.ts";
import { type AppModels, layeredApp, type LayeredApp } from "../layered-app.ts";
import { mergeValues } from "../merge-values.ts";
import { shapesOf } from "../shapes.ts";
import { siteFactsOf } from "../site-facts.ts";
import { SiteMistakes } from "../site-mistakes.ts";
import { ValueLayers } from "../value-layers.ts";

/** What a chart is rendered with. */
export interface ChartInputs {
  readonly releaseName: string;
  readonly namespace: string;
  readonly values: JsonObject;
  /** Minor version; null: what helm takes by itself. */
  readonly kubernetes: string | null;
  readonly apiVersions: readonly string[];
  readonly includeCRDs: boolean;
  readonly skipSchemaValidation: boolean;
}

/** One run of a tool. */
export interface ToolRequest {
  /** sha256 (hex) of all that decides the outcome. */
  readonly key: string;
  readonly tool: Tool;
  /** The version to use, without a leading `v`. */
  readonly version: string;
  readonly source: ToolSource;
  /** For helm. */
  readonly chart?: ChartInputs;
}

/**
 * Gives the request of an app for a site with these overlays (undefined: no site); none where an expression of its values
 * fails there.
 */
export type RequestOf = (
  site: string | undefined,
  overlays: readonly number[],
) => ToolRequest | undefined;

/** Every distinct request of all apps. */
export function neededTools(context: AppModels): readonly ToolRequest[] {
  const requests = [...context.model.apps.keys()].flatMap((app) => appRequests(context, app));
  return [...new Map(requests.map((request) => [request.key, request])).values()];
}

function appRequests(context: AppModels, name: string): readonly ToolRequest[] {
  const declared = context.model.apps.get(name);
  const app = declared && layeredApp(context, declared);
  const requestOf = app && requestsOf(context, app);
  if (app === undefined || requestOf === undefined) return [];
  const found = new Map<string, ToolRequest>();
  shapesOf(context, app, (site, overlays) => {
    const request = requestOf(site, overlays);
    if (request !== undefined) found.set(request.key, request);
    return request?.key ?? "";
  });
  return [...found.values()];
}

/** How an app's requests are made; undefined for an app that no tool renders, or that has mistakes. */
export function requestsOf(context: AppModels, app: LayeredApp): RequestOf | undefined {
  const { model, siteModel } = context;
  const source = model.toolSources.get(app.value.metadata.name);
  const fleet = model.fleet.value.spec;
  const version = source && fleet.tools?.[source.tool]?.replace(/^v/, "");
  if (source === undefined || version === undefined) return undefined;
  if (source.tool === "kustomize") {
    const request = requestWith({ tool: "kustomize", version, source });
    return () => request;
  }
  const known = new Map<string, ToolRequest>();
  const layersOf = layersAt(context, app);
  return (name, overlays) => {
    const { kubernetes } =
      (name === undefined ? undefined : siteModel.sites.get(name)?.value.spec) ?? {};
    const layers = layersOf(name, overlays);
    if (layers === undefined) return undefined;
    // Ten thousand sites have few different facts: the long way is gone once for each.
    const facts = JSON.stringify([overlays, layers.id, kubernetes]);
    const request =
      known.get(facts) ??
      requestWith({
        tool: "helm",
        version,
        source,
        chart: chartInputs(app.value, { values: layers.merge(), kubernetes, fleet }),
      });
    known.set(facts, request);
    return request;
  };
}

interface Layers {
  /** Equal for equal layers of the same overlays. */
  readonly id: unknown;
  merge(): JsonObject;
}

/** An app's values at a site: of its profile, the App, the overlays that hold there, and the site, later ones over earlier. */
function layersAt(
  { model, siteModel }: AppModels,
  app: LayeredApp,
): (site: string | undefined, overlays: readonly number[]) => Layers | undefined {
  const values = new ValueLayers(app);
  const facts = siteFactsOf(model.fleet.value.metadata.name, siteModel);
  const untold = new SiteMistakes(); // the shapes of the app tell them
  return (site, overlays) => {
    if (site === undefined) return { id: "", merge: () => writtenValues(app.value) };
    const known = facts.of(site);
    const layers = values.at({ ...known, calls: facts.calls }, overlays, untold);
    if (layers === undefined) return undefined;
    return {
      id: [layers.map((layer) => layer.id), known.valuesText],
      merge: () => mergeValues([...layers.map((layer) => layer.json), known.values]),
    };
  };
}

/** For an app that has no site: to find its mistakes. */
function writtenValues({ spec }: App): JsonObject {
  return (spec.values ?? {}) as JsonObject; // parsed YAML that the schema has checked
}

interface ChartFacts {
  readonly values: JsonObject;
  readonly kubernetes: Site["spec"]["kubernetes"];
  readonly fleet: FleetModel["fleet"]["value"]["spec"];
}

function chartInputs(app: App, { values, kubernetes, fleet }: ChartFacts): ChartInputs {
  const { source, namespace } = app.spec;
  const { name } = app.metadata;
  const defaults = { releaseName: name, includeCRDs: true, skipSchemaValidation: false };
  const { releaseName, includeCRDs, skipSchemaValidation } = { ...defaults, ...source.helm };
  const { version = null, apiVersions = [] } = { ...fleet.kubernetes, ...kubernetes };
  return {
    releaseName,
    namespace,
    values,
    kubernetes: version,
    apiVersions: apiVersions.toSorted(),
    includeCRDs,
    skipSchemaValidation,
  };
}

/** Raised when the same request would be answered otherwise: what was kept on disks does not count any more. */
const outputFormat = 6;

function requestWith(request: Omit<ToolRequest, "key">): ToolRequest {
  const { tool, version, source, chart = null } = request;
  const { path, digest, valuesFiles } = source;
  const data = { outputFormat, tool, version, path, digest, valuesFiles, chart };
  const text = canonicalJson(data as unknown as Json); // ChartInputs is JSON
  return { ...request, key: createHash("sha256").update(text).digest("hex") };
}

/** What of the Fleet decides what an app's tool renders, for its digest. */
export function toolInputs(model: FleetModel, app: App): Json {
  const tool = toolOf(app.spec.source);
  if (tool === undefined) return null;
  const { tools, kubernetes } = model.fleet.value.spec;
  const { values } = app.spec;
  const data = { version: tools?.[tool], kubernetes, values };
  return JSON.parse(JSON.stringify(data)) as Json; // what JSON.parse gives is Json
}
