/**
 * One app -> its variants and which site has which. Rendered once per *shape* (the overlays that hold at a site), so
 * that 10,000 sites with three shapes cost three renderings. An app with a mistake renders to nothing but diagnostics.
 */
import { appLabel, ownerAnnotation, ownerOf } from "../apply/ownership.ts";
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import type { FleetModel, Located, Place } from "../model/fleet-model.ts";
import { canonicalJson, isJsonObject } from "../model/json.ts";
import type { App } from "../model/kinds.ts";
import { type KubeObject, type ObjectId, describeKey, objectId } from "../model/kube-object.ts";
import { type PlacedOverlay, applyOverlay } from "./apply-overlay.ts";
import { type CustomKinds, readCustomKinds } from "./custom-kinds.ts";
import { emitYaml } from "./emit-yaml.ts";
import { treeId } from "./git-tree.ts";
import { inputDigest } from "./input-digest.ts";
import { mistake, warning } from "./mistake.ts";
import { type ManifestContext, type SourceObject, parseManifests } from "./parse-manifests.ts";
import type { RenderedApp, RenderedObject, TreeId, Variant } from "./rendered.ts";
import { type Shape, shapesOf } from "./shapes.ts";
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
}

/** Reads what all apps of a model share. */
export function fleetContext(model: FleetModel, siteModel: FleetModel): FleetContext {
  return { model, siteModel, customKinds: readCustomKinds([...model.manifests.values()].flat()) };
}

/** Renders one app; throws for one that the model does not have. */
export function renderPlacedApp(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const { model, customKinds } = context;
  const app = model.apps.get(name);
  if (app === undefined) throw new Error(`the model has no App ${name}`);
  const files = model.manifests.get(name) ?? [];
  const manifests = { namespace: app.value.spec.namespace, customKinds };
  const parsed = parseManifests(files, manifests);
  const input = { ...context, app, manifests, objects: parsed.objects };
  if (parsed.diagnostics.some(isError)) return moreMistakes(input, parsed.diagnostics);
  if (parsed.objects.length === 0) {
    const place = app.at(["spec", "source", "manifests"]);
    const message = `the files of ${name} hold no object`;
    const hint = "an app that shall go is removed as an App; its objects then leave by a release";
    return { ok: false, diagnostics: [mistake(place, { code: "empty-app", message, hint })] };
  }
  const shapes = renderShapes(input);
  const diagnostics = [...parsed.diagnostics, ...shapes.diagnostics];
  if (diagnostics.some(isError)) return { ok: false, diagnostics };
  const { objects } = parsed;
  const digest = inputDigest({ model, app: app.value, files, objects, customKinds });
  const places = objects.map(({ key, at }) => [objectId(key), at([])] as const);
  return {
    ok: true,
    value: {
      app: { app: name, inputDigest: digest, sites: shapes.sites },
      variants: shapes.variants,
      places: new Map(places),
    },
    diagnostics,
  };
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
  readonly objects: readonly SourceObject[];
}

interface RenderedShapes {
  readonly sites: ReadonlyMap<string, TreeId>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  readonly diagnostics: readonly Diagnostic[];
}

function renderShapes(input: ShapeInput): RenderedShapes {
  const { app, model } = input;
  const shapes = shapesOf(input, app.value);
  const finish = finisher(model.fleet.value.metadata.name, app.value.metadata.name);
  const sites = new Map<string, TreeId>();
  const variants = new Map<TreeId, Variant>();
  const outcomes = shapes.map((shape) => ({ shape, ...renderShape(input, shape, finish) }));
  for (const { shape, variant } of outcomes) {
    if (variant === undefined) continue;
    if (!variants.has(variant.tree)) variants.set(variant.tree, variant);
    for (const site of shape.sites) sites.set(site, variant.tree);
  }
  const isPlaced = shapes.some((shape) => shape.sites.length > 0);
  const diagnostics = outcomes.flatMap((outcome) => outcome.diagnostics);
  // With mistakes, or without sites, overlays do nothing for reasons that are told already.
  if (isPlaced && !diagnostics.some(({ severity }) => severity === "error")) {
    diagnostics.push(
      ...unusedOverlays(
        app,
        outcomes.flatMap(({ effects }) => effects),
      ),
    );
  }
  return {
    sites: new Map([...sites].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    variants,
    diagnostics: distinct(diagnostics),
  };
}

type Finish = (source: SourceObject) => RenderedObject;

interface ShapeOutcome {
  readonly variant?: Variant;
  readonly diagnostics: readonly Diagnostic[];
  readonly effects: readonly OverlayEffect[];
}

function renderShape(input: ShapeInput, shape: Shape, finish: Finish): ShapeOutcome {
  const { app, manifests } = input;
  const diagnostics: Diagnostic[] = [];
  const effects: OverlayEffect[] = [];
  let { objects } = input;
  for (const index of shape.overlays) {
    const placed = placedOverlay(app, index);
    if (placed === undefined) continue;
    const result = applyOverlay(objects, placed, manifests);
    const { changed, matchedImages } = result;
    objects = result.objects;
    diagnostics.push(...result.diagnostics);
    effects.push({ overlay: index, changed, matchedImages });
  }
  const sizes = objects.flatMap(checkSize);
  const problems = [...diagnostics, ...sizes, ...emptyShape(input, shape, objects)];
  const isBroken = problems.some(({ severity }) => severity === "error");
  if (isBroken || shape.sites.length === 0) return { diagnostics: problems, effects };
  const rendered = objects.map(finish).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const tree = treeId(rendered.map(({ id, yaml }) => ({ name: `${id}.yaml`, text: yaml })));
  return { variant: { tree, objects: rendered }, diagnostics: problems, effects };
}

function placedOverlay(app: Located<App>, index: number): PlacedOverlay | undefined {
  const overlay = app.value.spec.overlays?.[index];
  if (overlay === undefined) return undefined;
  return { overlay, at: (path) => app.at(["spec", "overlays", index, ...path]) };
}

function emptyShape(
  { app }: ShapeInput,
  { sites, overlays }: Shape,
  objects: readonly SourceObject[],
): Diagnostic[] {
  if (objects.length > 0) return [];
  const place = app.at(["spec", "overlays", overlays.at(-1) ?? 0]);
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

/** Objects that no overlay touches are the same in all shapes: they are finished once. */
function finisher(fleet: string, app: string): Finish {
  const done = new Map<KubeObject, RenderedObject>();
  return ({ object, key }) => {
    const known = done.get(object);
    if (known !== undefined) return known;
    const owned = withOwner(object, { fleet, app });
    const rendered = { id: objectId(key), object: owned, yaml: emitYaml(owned) };
    done.set(object, rendered);
    return rendered;
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
