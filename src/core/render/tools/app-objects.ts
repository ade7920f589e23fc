/** The objects of an app before overlays: those of its manifests, or what its tool gave for each kind of site. */
import type { Diagnostic } from "../../model/diagnostic.ts";
import type { FleetModel, Place, SourceFile } from "../../model/fleet-model.ts";
import type { App } from "../../model/kinds.ts";
import { keyOf, type KubeObject } from "../../model/kube-object.ts";
import { toolOf, writtenSource } from "../../model/tools/tool-source.ts";
import type { ManifestObject } from "../manifest-objects.ts";
import { type FillableManifests, parseFillableManifests } from "../fill-manifests.ts";
import type { LayeredApp } from "../layered-app.ts";
import { appSecrets } from "../app-secrets.ts";
import { mistake } from "../mistake.ts";
import {
  checkManifests,
  type ManifestContext,
  type ParsedManifests,
  parseManifests,
  type SourceObject,
  withObject,
} from "../parse-manifests.ts";
import { regionFieldProblem } from "../sealed-objects.ts";
import { type Shape, shapesOf, type VariableOf } from "../shapes.ts";
import { withoutHooks } from "./helm-hooks.ts";
import { withoutNullTexts } from "./null-texts.ts";
import type { ToolOutput, ToolOutputs, ToolProblem } from "./tool-output.ts";
import { neededTools, requestsOf } from "./tool-requests.ts";
import { withSiteValueHint } from "./site-value-hints.ts";
import { toldAtSites } from "./told-at-sites.ts";

/** An app's objects, checked. */
export interface AppObjects extends FillableManifests {
  /** All objects that some site gets. */
  readonly objects: readonly SourceObject[];
  /** The files they are made from. */
  readonly files: readonly SourceFile[];
  /** True for an app whose source has mistakes, which are told already. */
  readonly isUnknown: boolean;
  /** What of a site decides which objects it gets; undefined: nothing. */
  readonly variableOf: VariableOf | undefined;
  readonly objectsAt: (variable: string) => readonly SourceObject[];
  readonly mistakenAt: (variable: string) => readonly SourceObject[];
}

interface Models {
  readonly model: FleetModel;
  readonly siteModel: FleetModel;
  readonly tools: ToolOutputs;
}

interface AppInput {
  readonly app: LayeredApp;
  readonly manifests: ManifestContext;
}

/** Reads an app's objects: those of its source, and the Secrets that it gets from its region. */
export function appObjects(models: Models, input: AppInput): AppObjects {
  const source = sourceObjects(models, input);
  if (input.app.value.spec.secrets === undefined) return source;
  const secrets = appSecrets(input.app, input.manifests, source.objects);
  return {
    ...source,
    objects: [...source.objects, ...secrets.objects],
    fillable: [...source.fillable, ...secrets.fillable],
    diagnostics: [...source.diagnostics, ...secrets.diagnostics],
    objectsAt: (variable) => [...source.objectsAt(variable), ...secrets.objects],
  };
}

function sourceObjects(models: Models, input: AppInput): AppObjects {
  const { app, manifests } = input;
  const { name } = app.value.metadata;
  if (toolOf(app.value.spec.source) !== undefined) return toolObjects(models, input);
  const files = models.model.manifests.get(name) ?? [];
  const parsed = readManifests(models, app.value, { files, manifests });
  return {
    ...parsed,
    isUnknown: false,
    files,
    variableOf: undefined,
    objectsAt: () => parsed.objects,
    mistakenAt: () => parsed.mistaken,
  };
}

/** Where the App does not say that expressions count in its manifests, there is nothing to fill in. */
function readManifests(
  { model }: Models,
  app: App,
  { files, manifests }: { files: readonly SourceFile[]; manifests: ManifestContext },
): FillableManifests {
  if (app.spec.source.expressions !== true) {
    return { ...parseManifests(files, manifests), fillable: [] };
  }
  return parseFillableManifests(files, manifests, model.fleet.value.spec.labels);
}

/** The CustomResourceDefinitions in everything that tools give a fleet. */
export function toolDefinitions(models: Models): readonly KubeObject[] {
  if (models.model.toolSources.size === 0) return [];
  return neededTools(models)
    .flatMap(({ key }) => outputOf(models, key).objects)
    .flatMap(({ object }) => (object.kind === "CustomResourceDefinition" ? object : []));
}

/** Who renders has to prepare: a tool cannot be run from here. */
function outputOf({ tools }: Models, key: string): ToolOutput {
  const output = tools.get(key);
  if (output === undefined) throw new Error(`nobody has rendered the source ${key}`);
  return output;
}

function toolObjects(models: Models, { app, manifests }: AppInput): AppObjects {
  const requestOf = requestsOf(models, app);
  const source = models.model.toolSources.get(app.value.metadata.name);
  if (requestOf === undefined || source === undefined) return unknownObjects;
  // Values of a site that cannot be filled in are told where its shape is.
  const variableOf: VariableOf = (site, overlays) => requestOf(site, overlays)?.key ?? noRequest;
  const { field } = writtenSource(app.value.spec.source);
  const written = (): Place => app.at(["spec", "source", field]);
  const read = new Map<string, ParsedManifests & { readonly sites: string[] }>();
  for (const shape of shapesOf(models, app, variableOf)) {
    const { variable, sites } = shape;
    const known = read.get(variable);
    for (const site of sites) known?.sites.push(site);
    if (variable === noRequest || known !== undefined) continue;
    const parsed = readObjects(outputAt(models, app, shape), manifests, written);
    read.set(variable, { ...parsed, sites: [...sites] });
  }
  const all = [...read.values()];
  return {
    objects: all.flatMap(({ objects }) => objects),
    mistaken: all.flatMap(({ mistaken }) => mistaken),
    fillable: [],
    diagnostics: toldAtSites(all),
    isUnknown: false,
    files: source.files,
    variableOf,
    objectsAt: (variable) => read.get(variable)?.objects ?? [],
    mistakenAt: (variable) => read.get(variable)?.mistaken ?? [],
  };
}

/** What the tool gave sites: its hooks dealt with, and its problems with a hint where a Site or Profile has to do with them. */
function outputAt(
  models: Models,
  app: LayeredApp,
  { variable, sites, overlays }: Shape,
): ToolOutput {
  const output = outputOf(models, variable);
  const { source } = app.value.spec;
  const found = toolOf(source) === "helm" ? withoutHooks(output, source.helm?.hooks) : output;
  const site = models.siteModel.sites.get(sites[0] ?? "");
  const values = { site, app, overlays };
  return { ...found, problems: found.problems.map((each) => withSiteValueHint(each, values)) };
}

const noRequest = "";

const unknownObjects: AppObjects = {
  objects: [],
  mistaken: [],
  fillable: [],
  diagnostics: [],
  isUnknown: true,
  files: [],
  variableOf: undefined,
  objectsAt: () => [],
  mistakenAt: () => [],
};

function readObjects(
  { objects, problems, steps = [] }: ToolOutput,
  manifests: ManifestContext,
  written: () => Place,
): ParsedManifests {
  if (problems.length > 0) {
    const diagnostics = problems.map((problem) => diagnosticOf(problem, written));
    return { objects: [], mistaken: [], diagnostics };
  }
  const placed = objects.map(({ file, object, hookName, steps: number = -1 }): ManifestObject => {
    const at = (): Place => ({ file, line: 0, column: 0 });
    const made = {
      object: withoutNullTexts(object),
      at,
      keyAt: at,
      textAt: at,
      steps: steps[number] ?? [],
    };
    return hookName === undefined ? made : { ...made, hookName };
  });
  const checked = checkManifests(placed, manifests);
  const named = placed.flatMap((each) => withObject(regionFieldProblem(each), keyOf(each.object)));
  return { ...checked, diagnostics: [...named, ...checked.diagnostics] };
}

function diagnosticOf(problem: ToolProblem, written: () => Place): Diagnostic {
  const { file, line, column, code, message, hint } = problem;
  const place = file === null ? written() : { file, line, column };
  return mistake(place, { code, message, ...(hint === undefined ? {} : { hint }) });
}
