/**
 * One app -> its variants and which site has which. Rendered once per *shape* (the overlays that hold at a site), so
 * that 10,000 sites with three shapes cost three renderings. An app with a mistake renders to nothing but diagnostics.
 */
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import { KeptResults } from "../model/kept-results.ts";
import { toolOf, writtenSource } from "../model/tools/tool-source.ts";
import { siteGroups } from "../select/site-groups.ts";
import {
  type FleetContext,
  hasExpressions,
  layeredAppOf,
  ownInputs,
  readApp,
  type ShapeInput,
} from "./app-parts.ts";
import { namespacesBySite, treesBySite } from "./by-site.ts";
import { inputDigest } from "./input-digest.ts";
import type { LayeredApp } from "./layered-app.ts";
import { mistake } from "./mistake.ts";
import { idsOf, lazily, type PlacedRendering } from "./placed-rendering.ts";
import { allEffects, areSecretsOnly, type RenderedShapes, renderShapes } from "./render-shapes.ts";
import { type LeftOverlays, leftOverlays, overriddenOverlays } from "./overridden-overlays.ts";
import { unusedPlainSecrets } from "./plain-secrets.ts";
import { shapesOf } from "./shapes.ts";
import { type AppRecord, recordOf, renderChanged } from "./changed-sites.ts";
import { unusedOverlays } from "./unused-overlays.ts";

const keptRenderings = new KeptResults<LayeredApp, Parsed<PlacedRendering>>();

/** Renders one app; throws for one that the model does not have. An app of which nothing has changed is kept. */
export function renderPlacedApp(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const { model, siteModel } = context;
  const app = layeredAppOf(context, name);
  if (toolOf(app.value.spec.source) !== undefined) return renderNew(context, name).result;
  const inputs = [
    ...ownInputs(context, app),
    // They are all in the digest of an app that names none.
    app.value.spec.profile === undefined ? model.profiles : null,
    siteGroups(model.virtualSites, siteModel.sites),
    hasExpressions(app) ? context.facts : null,
  ];
  return keptRenderings.get(app, inputs, () => renderAgain(context, name));
}

/** What an app came to the last time, for other sites. */
interface Last {
  record?: AppRecord | undefined;
}

const keptLast = new KeptResults<LayeredApp, Last>();

/** An app of which nothing but the sites have changed is rendered for those that have. */
function renderAgain(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const app = layeredAppOf(context, name);
  if (!hasExpressions(app)) return renderNew(context, name).result;
  const { profiles, virtualSites } = context.model;
  const known = app.value.spec.profile === undefined ? profiles : null;
  const last = keptLast.get(app, [...ownInputs(context, app), known, virtualSites], () => ({}));
  const whole = (): Outcome => renderNew(context, name);
  const changed = last.record && renderChanged(last.record, { context, name, whole });
  const { result, record } = changed ?? whole();
  last.record = record() ?? last.record;
  return result;
}

interface Outcome {
  readonly result: Parsed<PlacedRendering>;
  /** What other sites can be rendered by. */
  readonly record: () => AppRecord | undefined;
}

function renderNew(context: FleetContext, name: string): Outcome {
  const input = readApp(context, name);
  const { app, source: parsed } = input;
  const refused = (result: Parsed<never>): Outcome => ({ result, record: () => undefined });
  if (parsed.diagnostics.some(isError)) return refused(moreMistakes(input, parsed.diagnostics));
  if (parsed.isUnknown) return refused({ ok: false, diagnostics: [] });
  if (areSecretsOnly([...parsed.objects, ...parsed.fillable.map(({ written }) => written)])) {
    // Values that fail at every site leave nothing to render with.
    const more = moreMistakes(input, []);
    if (more.diagnostics.length > 0) return refused(more);
    const place = app.at(["spec", "source", writtenSource(app.value.spec.source).field]);
    const message = `the files of ${name} hold no object`;
    const hint = "an app that shall go is removed as an App; its objects then leave by a release";
    return refused({
      ok: false,
      diagnostics: [mistake(place, { code: "empty-app", message, hint })],
    });
  }
  const shapes = renderShapes(input, shapesOf(input, app, parsed.variableOf));
  const left = leftOf(input, shapes);
  const warnings = left === undefined ? [] : noEffects(input, shapes, left);
  const diagnostics = [...parsed.diagnostics, ...shapes.diagnostics, ...warnings];
  if (diagnostics.some(isError)) return refused({ ok: false, diagnostics });
  const { trees, variants, places } = shapes;
  const [sites, movedTo] = [treesBySite(trees, context), namespacesBySite(trees)];
  const value: PlacedRendering = {
    app: { app: name, inputDigest: digestOf(input), sites, movedTo },
    variants,
    places: () => places,
    ids: lazily(() => idsOf(variants.values())),
    reads: shapes.filled.reads,
  };
  return {
    result: { ok: true, value, diagnostics },
    record: () => left && recordOf(input, shapes, { rendering: value, left }),
  };
}

/** Undefined with mistakes, or without sites: then nothing has an effect, for reasons that are told already. */
function leftOf({ app, chain }: ShapeInput, shapes: RenderedShapes): LeftOverlays | undefined {
  const { filled, ends, diagnostics } = shapes;
  const isPlaced = filled.shapes.some(({ sites }) => sites.length > 0);
  return isPlaced && !diagnostics.some(isError) ? leftOverlays(app, { ends, chain }) : undefined;
}

function noEffects(
  { app }: ShapeInput,
  shapes: RenderedShapes,
  left: LeftOverlays,
): readonly Diagnostic[] {
  return [
    ...unusedOverlays(app, allEffects(app, shapes)),
    ...unusedPlainSecrets(app, shapes.filled.shapes),
    ...overriddenOverlays(app, left),
  ];
}

const keptDigests = new KeptResults<LayeredApp, string>();

function digestOf(input: ShapeInput): string {
  const { model, app, customKinds, source } = input;
  const { objects, fillable, files } = source;
  const digest = (): string => {
    const written = [...objects, ...fillable.map((each) => each.written)];
    return inputDigest({ model, app: app.declared, files, objects: written, customKinds });
  };
  if (toolOf(app.value.spec.source) !== undefined) return digest();
  const inputs = [...ownInputs(input, app), model.profiles, model.virtualSites];
  return keptDigests.get(app, inputs, digest);
}

/** The app's overlays on what is sound of its objects: their own mistakes are told too, not what they miss. */
function moreMistakes(input: ShapeInput, known: readonly Diagnostic[]): Parsed<never> {
  const more = renderShapes(
    input,
    shapesOf(input, input.app, input.source.variableOf),
  ).diagnostics.filter(
    (found) => isError(found) && found.code !== "patch-no-target" && found.code !== "empty-app",
  );
  return { ok: false, diagnostics: [...known, ...more] };
}
