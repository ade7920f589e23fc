/**
 * One app -> its variants and which site has which. Rendered once per *shape* (the overlays that hold at a site), so
 * that 10,000 sites with three shapes cost three renderings. An app with a mistake renders to nothing but diagnostics.
 */
import { appLabel, ownerAnnotation, ownerOf } from "../apply/ownership.ts";
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { FleetModel, Located, Place } from "../model/fleet-model.ts";
import { canonicalJson, isJsonObject } from "../model/json.ts";
import type { App } from "../model/kinds.ts";
import { writtenSource } from "../model/tools/tool-source.ts";
import { type KubeObject, type ObjectId, describeKey, objectId } from "../model/kube-object.ts";
import { type CustomKinds, customKindsOf, readCustomKinds } from "./custom-kinds.ts";
import { emitYaml } from "./emit-yaml.ts";
import { type FilledShape, fillShapes } from "./fill-shapes.ts";
import { blobHash, treeIdOf } from "./git-tree.ts";
import { inputDigest } from "./input-digest.ts";
import { mistake, warning } from "./mistake.ts";
import { type ChainLink, OverlayChain } from "./overlay-chain.ts";
import type { ManifestContext, SourceObject } from "./parse-manifests.ts";
import type { RenderedApp, RenderedObject, TreeId, Variant } from "./rendered.ts";
import { shapesOf } from "./shapes.ts";
import { SiteFacts } from "./site-facts.ts";
import { type AppObjects, appObjects, toolDefinitions } from "./tools/app-objects.ts";
import { noToolOutputs, type ToolOutputs } from "./tools/tool-output.ts";
import { type OverlayEffect, unusedOverlays } from "./unused-overlays.ts";

/** An app with its variants. */
export interface AppRendering {
  readonly app: RenderedApp;
  readonly variants: ReadonlyMap<TreeId, Variant>;
}

/** What `renderFleet` also needs to know: where each object comes from. */
export interface PlacedRendering extends AppRendering {
  readonly places: ReadonlyMap<ObjectId, Place>;
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
  const kinds = readCustomKinds([...model.manifests.values()].flat());
  const defined = customKindsOf(toolDefinitions({ model, siteModel, tools }));
  return {
    model,
    siteModel,
    tools,
    customKinds: new Map([...defined, ...kinds]),
    facts: new SiteFacts(model.fleet.value.metadata.name, siteModel),
  };
}

/** Renders one app; throws for one that the model does not have. */
export function renderPlacedApp(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const { model, customKinds } = context;
  const input = readApp(context, name);
  const { app, source: parsed } = input;
  if (parsed.diagnostics.some(isError)) return moreMistakes(input, parsed.diagnostics);
  if (parsed.isUnknown) return { ok: false, diagnostics: [] };
  if (parsed.objects.length + parsed.fillable.length === 0) {
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
  const digest = inputDigest({ model, app: app.value, files, objects: written, customKinds });
  return {
    ok: true,
    value: {
      app: { app: name, inputDigest: digest, sites: shapes.sites },
      variants: shapes.variants,
      places: shapes.places,
    },
    diagnostics,
  };
}

/** An app with its objects, as it is written; throws for one that the model does not have. */
export function readApp(context: FleetContext, name: string): ShapeInput {
  const { model, customKinds } = context;
  const app = model.apps.get(name);
  if (app === undefined) throw new Error(`the model has no App ${name}`);
  const manifests = { namespace: app.value.spec.namespace, customKinds };
  return { ...context, app, manifests, source: appObjects(context, { app, manifests }) };
}

/** The app's overlays on what is sound of its objects: their own mistakes are told too, not what they miss. */
function moreMistakes(input: ShapeInput, known: readonly Diagnostic[]): Parsed<never> {
  const more = renderShapes(input).diagnostics.filter(
    (found) => isError(found) && found.code !== "patch-no-target" && found.code !== "empty-app",
  );
  return { ok: false, diagnostics: [...known, ...more] };
}

interface ShapeInput extends FleetContext {
  readonly app: Located<App>;
  readonly manifests: ManifestContext;
  readonly source: AppObjects;
}

interface RenderedShapes {
  readonly sites: ReadonlyMap<string, TreeId>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  readonly places: ReadonlyMap<ObjectId, Place>;
  readonly diagnostics: readonly Diagnostic[];
}

function renderShapes(input: ShapeInput): RenderedShapes {
  const { app, model } = input;
  const { shapes, mistakes, effects } = fillShapes(
    { ...input, ...input.source },
    shapesOf(input, app.value, input.source.variableOf),
  );
  const finish = finisher(model.fleet.value.metadata.name, app.value.metadata.name);
  const chain = new OverlayChain(app, input.manifests);
  const sites = new Map<string, TreeId>();
  const variants = new Map<TreeId, Variant>();
  const places = new Map<ObjectId, Place>();
  const diagnostics: Diagnostic[] = [];
  for (const shape of shapes) {
    const end = chain.apply(shape);
    const result = renderShape(end, { input, shape, finish });
    if (!end.isFilled) diagnostics.push(...result.diagnostics);
    else for (const found of result.diagnostics) mistakes.tell(found, shape.sites);
    notePlaces(places, shape.objects);
    if (!result.ok) continue;
    const { tree } = result.value;
    variants.set(tree, variants.get(tree) ?? result.value);
    for (const site of shape.sites) sites.set(site, tree);
  }
  diagnostics.push(...mistakes.diagnostics());
  const isPlaced = shapes.some((shape) => shape.sites.length > 0);
  // With mistakes, or without sites, overlays do nothing for reasons that are told already.
  if (isPlaced && !diagnostics.some(isError)) {
    const known = [...effects, ...chartEffects(app), ...chain.effects()];
    diagnostics.push(...unusedOverlays(app, known));
  }
  return {
    sites: new Map([...sites].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    variants,
    places,
    diagnostics: distinct(diagnostics),
  };
}

/** The values of overlays of a chart: they are in the objects already. */
function chartEffects({ value: { spec } }: Located<App>): readonly OverlayEffect[] {
  if (spec.source.chart === undefined) return [];
  return (spec.overlays ?? []).flatMap(({ values }, overlay) =>
    values === undefined ? [] : [{ overlay, changed: true, matchedImages: new Set<number>() }],
  );
}

function notePlaces(places: Map<ObjectId, Place>, objects: readonly SourceObject[]): void {
  for (const { key, at } of objects) {
    const id = objectId(key);
    if (!places.has(id)) places.set(id, at([]));
  }
}

type Finish = (source: SourceObject) => FinishedObject;

interface ShapeEnd {
  readonly input: ShapeInput;
  readonly shape: FilledShape;
  readonly finish: Finish;
}

/** The variant of a shape whose overlays were applied; of a shape without sites, its mistakes only. */
function renderShape(
  { objects, diagnostics }: ChainLink,
  { input, shape, finish }: ShapeEnd,
): Parsed<Variant> {
  const finished = objects.map(finish);
  const problems = [
    ...diagnostics,
    ...finished.flatMap((each) => each.problems),
    ...emptyShape(input, shape, objects),
  ];
  if (problems.some(isError) || shape.sites.length === 0)
    return { ok: false, diagnostics: problems };
  const sorted = finished.toSorted((a, b) => (a.rendered.id < b.rendered.id ? -1 : 1));
  const tree = treeIdOf(sorted.map(({ rendered: { id }, blob }) => ({ name: `${id}.yaml`, blob })));
  const value = { tree, objects: sorted.map(({ rendered }) => rendered) };
  return { ok: true, value, diagnostics: problems };
}

function emptyShape(
  { app, source }: ShapeInput,
  { sites, overlays }: FilledShape,
  objects: readonly SourceObject[],
): Diagnostic[] {
  if (objects.length > 0 || (sites.length === 0 && source.fillable.length > 0)) return [];
  const place = app.at(["spec", "overlays", overlays.at(-1)?.index ?? 0]);
  const message = `the app renders to no object at ${sites[0] ?? "any site"}: patches delete all of them`;
  const hint = "to take the app off a site, change its placement";
  return [mistake(place, { code: "empty-app", message, hint })];
}

const maxBytes = 1024 * 1024;

/** What etcd and the API server take, with some room for what the server adds. */
function checkSize({ object, key, at }: SourceObject): Diagnostic[] {
  const bytes = Buffer.byteLength(canonicalJson(object));
  if (bytes <= maxBytes / 2) return [];
  const size = `${describeKey(key)} has ${Math.ceil(bytes / 1024)} KiB`;
  if (bytes <= maxBytes) {
    return [warning(at([]), { code: "too-large", message: `${size}; over 1024 it is refused` })];
  }
  const hint = "split it into several objects";
  return [mistake(at([]), { code: "too-large", message: `${size}, more than 1024`, hint })];
}

interface FinishedObject {
  readonly rendered: RenderedObject;
  readonly blob: Buffer;
  readonly problems: readonly Diagnostic[];
}

/** Objects that no overlay touches are the same in all shapes: they are finished once. */
function finisher(fleet: string, app: string): Finish {
  const done = new Map<KubeObject, FinishedObject>();
  return (source) => {
    const { object, key } = source;
    const known = done.get(object);
    if (known !== undefined) return known;
    const owned = withOwner(object, { fleet, app });
    const rendered = { id: objectId(key), object: owned, yaml: emitYaml(owned) };
    const finished = { rendered, blob: blobHash(rendered.yaml), problems: checkSize(source) };
    done.set(object, finished);
    return finished;
  };
}

/** Ownership names fleet and app, never site, release or time: that would make a variant per site. */
function withOwner(object: KubeObject, owner: { fleet: string; app: string }): KubeObject {
  const { labels, annotations } = object.metadata;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...(isJsonObject(labels) && labels), [appLabel]: owner.app },
      annotations: {
        ...(isJsonObject(annotations) && annotations),
        [ownerAnnotation]: ownerOf(owner.fleet, owner.app),
      },
    },
  };
}

/** A mistake that several shapes make is told once. */
function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const byText = diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic] as const);
  return [...new Map(byText).values()];
}
