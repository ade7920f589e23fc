/**
 * One app -> its variants and which site has which. Rendered once per *shape* (the overlays that hold at a site), so
 * that 10,000 sites with three shapes cost three renderings. An app with a mistake renders to nothing but diagnostics.
 */
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { FleetModel, Located, Place } from "../model/fleet-model.ts";
import { templatesIn } from "../expressions/fill-json.ts";
import { canonicalJson, type JsonObject } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { App } from "../model/kinds.ts";
import { toolOf, writtenSource } from "../model/tools/tool-source.ts";
import { type KubeObject, type ObjectId, objectId } from "../model/kube-object.ts";
import { regionField } from "../secrets/region-secret.ts";
import { type CustomKinds, customKindsOf, readCustomKinds } from "./custom-kinds.ts";
import { type AppReads, type FilledShape, fillShapes } from "./fill-shapes.ts";
import { type Finish, finisher } from "./finish-object.ts";
import { namespaceOf, namespacesBySite, treesBySite } from "./by-site.ts";
import { treeIdOfEntries } from "./git-tree.ts";
import { inputDigest } from "./input-digest.ts";
import { layeredApp, type LayeredApp } from "./layered-app.ts";
import { mistake } from "./mistake.ts";
import { type ChainLink, OverlayChain } from "./overlay-chain.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import { plainSecretIds, unusedPlainSecrets } from "./plain-secrets.ts";
import type { RenderedApp, TreeId, Variant } from "./rendered.ts";
import { siteGroups } from "../select/site-groups.ts";
import { shapesOf } from "./shapes.ts";
import { type SiteFacts, siteFactsOf } from "./site-facts.ts";
import { type AppObjects, appObjects, toolDefinitions } from "./tools/app-objects.ts";
import { noToolOutputs, type ToolOutputs } from "./tools/tool-output.ts";
import { neededTools } from "./tools/tool-requests.ts";
import { overriddenOverlays } from "./overridden-overlays.ts";
import { type OverlayEffect, unusedOverlays } from "./unused-overlays.ts";

/** An app with its variants. */
export interface AppRendering {
  readonly app: RenderedApp;
  readonly variants: ReadonlyMap<TreeId, Variant>;
}

/** What `renderFleet` also needs to know: where each object comes from. */
export interface PlacedRendering extends AppRendering {
  readonly places: ReadonlyMap<ObjectId, Place>;
  readonly reads: AppReads;
}

/** What is read once for all apps of a model. */
export interface FleetContext {
  readonly model: FleetModel;
  /** Its sites are the ones that are rendered for; all else comes from `model`. */
  readonly siteModel: FleetModel;
  readonly customKinds: CustomKinds;
  /** What expressions know of its sites. */
  readonly facts: SiteFacts;
  /** What kustomize and Helm gave for `neededTools` of both models. */
  readonly tools: ToolOutputs;
}

/** Reads what all apps of a model share. */
export function fleetContext(
  model: FleetModel,
  siteModel: FleetModel,
  tools: ToolOutputs = noToolOutputs,
): FleetContext {
  const models = { model, siteModel, tools };
  return {
    model,
    siteModel,
    tools,
    customKinds: customKindsIn(models),
    facts: siteFactsOf(model.fleet.value.metadata.name, siteModel),
  };
}

const keptKinds = new KeptResults<CustomKinds, CustomKinds>();

/** Those that manifests define, and those that tools give: the same object for the same manifests and requests of tools. */
function customKindsIn(models: {
  readonly model: FleetModel;
  readonly siteModel: FleetModel;
  readonly tools: ToolOutputs;
}): CustomKinds {
  const kinds = readCustomKinds([...models.model.manifests.values()].flat());
  if (models.model.toolSources.size === 0) return kinds;
  const requests = neededTools(models).map(({ key }) => key);
  return keptKinds.get(kinds, requests, () => {
    const defined = customKindsOf(toolDefinitions(models));
    return defined.size === 0 ? kinds : new Map([...defined, ...kinds]);
  });
}

const keptRenderings = new KeptResults<LayeredApp, Parsed<PlacedRendering>>();

/** Renders one app; throws for one that the model does not have. An app of which nothing has changed is kept. */
export function renderPlacedApp(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const { model, siteModel } = context;
  const app = layeredApp(context, appOf(model, name));
  if (toolOf(app.value.spec.source) !== undefined) return renderNew(context, name);
  const inputs = [
    ...ownInputs(context, app),
    // They are all in the digest of an app that names none.
    app.value.spec.profile === undefined ? model.profiles : null,
    siteGroups(model.virtualSites, siteModel.sites),
    hasExpressions(app) ? context.facts : null,
  ];
  return keptRenderings.get(app, inputs, () => renderNew(context, name));
}

/** All that decides what the objects of an app's manifests are, beside the App. */
function ownInputs({ model, customKinds }: FleetContext, app: LayeredApp): readonly unknown[] {
  const { metadata, spec } = model.fleet.value;
  const { labels = null } = spec;
  return [
    metadata.name,
    model.manifests.get(app.value.metadata.name),
    customKinds,
    // Expressions in manifests are checked against the vocabulary.
    app.value.spec.source.expressions === true ? canonicalJson(labels) : null,
  ];
}

const keptAnswers = new KeptResults<LayeredApp, boolean>();

/** True where what the app comes to may depend on the facts of sites. */
function hasExpressions(app: LayeredApp): boolean {
  return keptAnswers.get(app, [], () => {
    const json = app.value as unknown as JsonObject; // parsed YAML that the schema has checked
    return app.value.spec.source.expressions === true || templatesIn(json).length > 0;
  });
}

function renderNew(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const { model, customKinds } = context;
  const input = readApp(context, name);
  const { app, source: parsed } = input;
  if (parsed.diagnostics.some(isError)) return moreMistakes(input, parsed.diagnostics);
  if (parsed.isUnknown) return { ok: false, diagnostics: [] };
  if (areSecretsOnly([...parsed.objects, ...parsed.fillable.map(({ written }) => written)])) {
    // Values that fail at every site leave nothing to render with.
    const more = moreMistakes(input, []);
    if (more.diagnostics.length > 0) return more;
    const place = app.at(["spec", "source", writtenSource(app.value.spec.source).field]);
    const message = `the files of ${name} hold no object`;
    const hint = "an app that shall go is removed as an App; its objects then leave by a release";
    return { ok: false, diagnostics: [mistake(place, { code: "empty-app", message, hint })] };
  }
  const shapes = renderShapes(input);
  const diagnostics = [...parsed.diagnostics, ...shapes.diagnostics];
  if (diagnostics.some(isError)) return { ok: false, diagnostics };
  const { objects, fillable, files } = parsed;
  const written = [...objects, ...fillable.map((each) => each.written)];
  const digest = inputDigest({ model, app: app.declared, files, objects: written, customKinds });
  return {
    ok: true,
    value: {
      app: { app: name, inputDigest: digest, sites: shapes.sites, movedTo: shapes.movedTo },
      variants: shapes.variants,
      places: shapes.places,
      reads: shapes.reads,
    },
    diagnostics,
  };
}

const keptParts = new KeptResults<LayeredApp, AppParts>();

/** An app with its objects, as it is written; throws for one that the model does not have. */
export function readApp(context: FleetContext, name: string): ShapeInput {
  const app = layeredApp(context, appOf(context.model, name));
  const isLiteral = toolOf(app.value.spec.source) === undefined && !hasExpressions(app);
  const parts = isLiteral
    ? keptParts.get(app, ownInputs(context, app), () => readParts(context, app))
    : readParts(context, app);
  return { ...context, ...parts, app };
}

/** What is the same of an app whatever sites there are. */
interface AppParts {
  readonly manifests: ManifestContext;
  readonly source: AppObjects;
  readonly chain: OverlayChain;
  readonly finish: Finish;
  /** By what the overlays of a shape gave. */
  readonly variants: KeptResults<ChainLink, Parsed<Variant>>;
}

function readParts(context: FleetContext, app: LayeredApp): AppParts {
  const { namespace } = app.value.spec;
  const plainSecrets = plainSecretIds(app.value);
  const manifests = { namespace, customKinds: context.customKinds, plainSecrets };
  return {
    manifests,
    source: appObjects(context, { app, manifests }),
    chain: new OverlayChain(app, manifests),
    finish: finisher(context.model.fleet.value.metadata.name, app.value.metadata.name),
    variants: new KeptResults(),
  };
}

function appOf(model: FleetModel, name: string): Located<App> {
  const app = model.apps.get(name);
  if (app === undefined) throw new Error(`the model has no App ${name}`);
  return app;
}

/** The app's overlays on what is sound of its objects: their own mistakes are told too, not what they miss. */
function moreMistakes(input: ShapeInput, known: readonly Diagnostic[]): Parsed<never> {
  const more = renderShapes(input).diagnostics.filter(
    (found) => isError(found) && found.code !== "patch-no-target" && found.code !== "empty-app",
  );
  return { ok: false, diagnostics: [...known, ...more] };
}

interface ShapeInput extends FleetContext, AppParts {
  readonly app: LayeredApp;
}

interface RenderedShapes {
  readonly sites: ReadonlyMap<string, TreeId>;
  readonly movedTo: ReadonlyMap<string, string>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  readonly places: ReadonlyMap<ObjectId, Place>;
  readonly reads: AppReads;
  readonly diagnostics: readonly Diagnostic[];
}

function renderShapes(input: ShapeInput): RenderedShapes {
  const { app, chain } = input;
  const { shapes, mistakes, effects, reads } = fillShapes(
    { ...input, ...input.source },
    shapesOf(input, app, input.source.variableOf),
  );
  const trees = new Map<FilledShape, TreeId>();
  const variants = new Map<TreeId, Variant>();
  const diagnostics: Diagnostic[] = [];
  const moved: SourceObject[] = [];
  const ends = new Map<FilledShape, ChainLink>();
  chain.begin();
  for (const shape of shapes) {
    const end = chain.apply(shape);
    ends.set(shape, end);
    const result = renderShape(end, input, shape);
    if (!end.isFilled) diagnostics.push(...result.diagnostics);
    else for (const found of result.diagnostics) mistakes.tell(found, shape.sites);
    if (namespaceOf(shape) !== undefined) moved.push(...end.objects);
    if (!result.ok) continue;
    const { tree } = result.value;
    variants.set(tree, variants.get(tree) ?? result.value);
    trees.set(shape, tree);
  }
  diagnostics.push(...mistakes.diagnostics());
  const isPlaced = shapes.some((shape) => shape.sites.length > 0);
  // With mistakes, or without sites, overlays do nothing for reasons that are told already.
  if (isPlaced && !diagnostics.some(isError)) {
    const known = [...effects, ...chartEffects(app, shapes), ...chain.effects()];
    diagnostics.push(...unusedOverlays(app, known), ...unusedPlainSecrets(app, shapes));
    diagnostics.push(...overriddenOverlays(app, ends, chain));
  }
  return {
    sites: treesBySite(trees, input),
    movedTo: namespacesBySite(trees),
    variants,
    places: placesOf([...shapes.flatMap(({ objects }) => objects), ...moved]),
    reads,
    diagnostics: distinct(diagnostics),
  };
}

/** The values of overlays of a chart: they are in the objects already. */
function chartEffects(
  { value: { spec } }: LayeredApp,
  shapes: readonly FilledShape[],
): readonly OverlayEffect[] {
  if (spec.source.chart === undefined) return [];
  const held = new Set(shapes.flatMap(({ overlays }) => overlays.map(({ index }) => index)));
  return [...held].flatMap((overlay) =>
    Object.keys(spec.overlays?.[overlay]?.values ?? {}).length === 0
      ? []
      : [{ overlay, changed: true, matchedImages: new Set<number>() }],
  );
}

/** Where objects come from: the first of each. */
function placesOf(objects: readonly SourceObject[]): ReadonlyMap<ObjectId, Place> {
  const places = new Map<ObjectId, Place>();
  for (const { key, at } of new Set(objects)) {
    const id = objectId(key);
    if (!places.has(id)) places.set(id, at([]));
  }
  return places;
}

/** Nothing of the app's source: what it gets from its region is no app by itself. */
function areSecretsOnly(objects: readonly { readonly object: KubeObject }[]): boolean {
  return objects.every(({ object }) => object[regionField] !== undefined);
}

/** The variant of a shape whose overlays were applied; of a shape without sites, its mistakes only. */
function renderShape(end: ChainLink, input: ShapeInput, shape: FilledShape): Parsed<Variant> {
  if (areSecretsOnly(end.objects)) {
    return { ok: false, diagnostics: [...end.diagnostics, ...emptyShape(input, shape)] };
  }
  const variant = input.variants.get(end, [], () => variantOf(end, input.finish));
  if (shape.sites.length > 0) return variant;
  return { ok: false, diagnostics: variant.diagnostics };
}

function variantOf({ objects, diagnostics }: ChainLink, finish: Finish): Parsed<Variant> {
  const finished = objects.map(finish);
  const problems = [...diagnostics, ...finished.flatMap((each) => each.problems)];
  if (problems.some(isError)) return { ok: false, diagnostics: problems };
  const sorted = finished.toSorted((a, b) => (a.rendered.id < b.rendered.id ? -1 : 1));
  const tree = treeIdOfEntries(sorted.map(({ entry }) => entry));
  const value = { tree, objects: sorted.map(({ rendered }) => rendered) };
  return { ok: true, value, diagnostics: problems };
}

function emptyShape({ app, source }: ShapeInput, { sites, overlays }: FilledShape): Diagnostic[] {
  if (sites.length === 0 && source.fillable.length > 0) return [];
  const place = app.at(["spec", "overlays", overlays.at(-1)?.index ?? 0]);
  const message = `the app renders to no object at ${sites[0] ?? "any site"}: patches delete all of them`;
  const hint = "to take the app off a site, change its placement";
  return [mistake(place, { code: "empty-app", message, hint })];
}

/** A mistake that several shapes make is told once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic] as const);
  return [...new Map(byText).values()];
}
