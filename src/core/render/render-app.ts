/**
 * One app -> its variants and which site has which. Rendered once per *shape* (the overlays that hold at a site), so
 * that 10,000 sites with three shapes cost three renderings. An app with a mistake renders to nothing but diagnostics.
 */
import { type Diagnostic, isError, type Parsed } from "../model/diagnostic.ts";
import { KeptResults } from "../model/kept-results.ts";
import { toolOf, writtenSource } from "../model/tools/tool-source.ts";
import { type SiteGroups, siteGroups } from "../select/site-groups.ts";
import {
  type FleetContext,
  fleetContext,
  hasExpressions,
  inputsBesideManifests,
  layeredAppOf,
  ownInputs,
  readApp,
  type ShapeInput,
} from "./app-parts.ts";
import { namespacesBySite, treesBySite } from "./by-site.ts";
import { objectsOf } from "./fill-shapes.ts";
import { inputDigest } from "./input-digest.ts";
import type { LayeredApp } from "./layered-app.ts";
import { mistake, placeText } from "./mistake.ts";
import { OverlayChain } from "./overlay-chain.ts";
import { lazily, type PlacedRendering } from "./placed-rendering.ts";
import { allEffects, areSecretsOnly, type RenderedShapes, renderShapes } from "./render-shapes.ts";
import { type LeftOverlays, leftOverlays, overriddenOverlays } from "./overridden-overlays.ts";
import { unusedPlainSecrets } from "./plain-secrets.ts";
import { shapesOf } from "./shapes.ts";
import { type AppRecord, type ChangedInput, recordOf, renderChanged } from "./changed-sites.ts";
import { type AppTable, tableFormat } from "./app-table.ts";
import { withOtherManifests } from "./other-manifests.ts";
import { withOtherOverlays } from "./other-overlays.ts";
import { type RenderedApp, rendererNumber } from "./rendered.ts";
import { GroupTrees } from "./site-trees.ts";
import { recordOfTable, tableOf } from "./table-record.ts";
import type { ToolOutputs } from "./tools/tool-output.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { canonicalJson, type Json } from "../model/json.ts";
import { keptFor } from "../model/known-fleet.ts";
import type { CustomKinds } from "./custom-kinds.ts";
import { createHash } from "node:crypto";
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

const keptLiteral = new KeptResults<LayeredApp, { result?: Parsed<PlacedRendering> }>();

/** An app without expressions, which tells nothing of sites: where groups have nothing but other sites, so has the app. */
function renderLiteral(context: FleetContext, app: LayeredApp): Parsed<PlacedRendering> {
  const groups = siteGroups(context.model.virtualSites, context.siteModel.sites);
  const inputs = [...ownInputs(context, app), ...placingInputs(context, app), groups.kinds];
  const last = keptLiteral.get(app, inputs, () => ({}));
  last.result =
    (last.result && atGroups(last.result, groups)) ??
    renderNew(context, app.value.metadata.name).result;
  return last.result;
}

function atGroups(
  last: Parsed<PlacedRendering>,
  groups: SiteGroups,
): Parsed<PlacedRendering> | undefined {
  if (!last.ok) return undefined;
  const { app } = last.value;
  if (!(app.sites instanceof GroupTrees) || app.movedTo.size > 0) return undefined;
  return { ...last, value: { ...last.value, app: { ...app, sites: app.sites.at(groups) } } };
}

const keptLast = new KeptResults<LayeredApp, Last>();

function lastOf(context: FleetContext, app: LayeredApp): Last {
  const known = placingInputs(context, app);
  return keptLast.get(app, [...ownInputs(context, app), ...known], () => ({}));
}

const keptNewest = new KeptResults<LayeredApp, Last>();

/** The same, whatever the manifests were. */
function newestOf(context: FleetContext, app: LayeredApp): Last {
  const known = [...inputsBesideManifests(context, app), ...placingInputs(context, app)];
  return keptNewest.get(app, known, () => ({}));
}

const keptWritten = new KeptResults<object, Last>();

/** The same, however the App was written. */
function lastWritten(context: FleetContext, app: LayeredApp): Last {
  const { name } = app.value.metadata;
  const known = [name, ...inputsBesideManifests(context, app), ...placingInputs(context, app)];
  return keptWritten.get(context.model.manifests.get(name) ?? {}, known, () => ({}));
}

function placingInputs({ model }: FleetContext, app: LayeredApp): readonly unknown[] {
  const { profiles, virtualSites } = model;
  return [app.value.spec.profile === undefined ? profiles : null, virtualSites];
}

/** Keys of the tables that a start can go by: of apps with expressions that nothing is known of yet. */
export function wantedTables(model: FleetModel, tools: ToolOutputs): readonly string[] {
  const context = fleetContext(model, model, { tools });
  return [...model.apps.keys()].flatMap((name) => {
    const app = layeredAppOf(context, name);
    const isWanted = toolOf(app.value.spec.source) === undefined && hasExpressions(app);
    if (!isWanted || lastOf(context, app).record !== undefined) return [];
    return tableKey(readApp(context, name));
  });
}

function tableKey(input: ShapeInput): string {
  const { labels = null } = input.model.fleet.value.spec;
  const data = [
    tableFormat,
    rendererNumber,
    digestOf(input),
    // What an expression may select by is part of what is wrong with it.
    canonicalJson(labels),
    // Effects are told by position, and which profiles stand in front is a matter of the sites.
    input.app.layers.map(({ profile, title, isDefault }) => [profile, title, isDefault]),
    // What is refused, not what is rendered.
    input.app.declared.spec.plainSecrets ?? [],
    // An expression may name a kind.
    digestOfKinds(input.customKinds),
  ];
  return sha256(JSON.stringify(data));
}

const digestOfKinds = keptFor((kinds: CustomKinds) =>
  sha256(canonicalJson(Object.fromEntries(kinds) as unknown as Json)),
); // what CRDs say is JSON

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function recordOfStart(input: ChangedInput): AppRecord | undefined {
  const { context, name } = input;
  if (context.tables.size === 0) return undefined;
  const app = readApp(context, name);
  const table = context.tables.get(tableKey(app));
  return table && recordOfTable(table, input);
}

/** An app of which nothing but the sites have changed is rendered for those that have. */
function renderAgain(context: FleetContext, name: string): Parsed<PlacedRendering> {
  const app = layeredAppOf(context, name);
  if (!hasExpressions(app)) return renderLiteral(context, app);
  const last = lastOf(context, app);
  const [newest, written] = [newestOf(context, app), lastWritten(context, app)];
  const whole = (): Outcome => renderNew(context, name);
  const inputDigest = (): string => digestOf(readApp(context, name));
  const input = { context, name, inputDigest, whole };
  const known = last.record ?? recordOfStart(input);
  const changed = known && renderChanged(known, input);
  const { result, record } =
    changed ?? renderedOn(newest, written, input) ?? madeWhole(renderNew(context, name));
  if (record === undefined || !result.ok) return result;
  for (const each of [last, newest, written]) each.record = record;
  return changed === undefined ? withTable(result, record, input) : result;
}

/** By what it came to with other manifests, or with other overlays. */
function renderedOn(newest: Last, written: Last, input: ChangedInput): Rendered | undefined {
  const before =
    (newest.record && withOtherManifests(newest.record, input)) ??
    (written.record && withOtherOverlays(written.record, input));
  return before && renderChanged(before, input);
}

interface Rendered {
  readonly result: Parsed<PlacedRendering>;
  readonly record: AppRecord | undefined;
}

function withTable(
  { value, diagnostics }: Extract<Rendered["result"], { ok: true }>,
  record: AppRecord,
  { context, name }: ChangedInput,
): Parsed<PlacedRendering> {
  // Where in files that is, which are not in the key, changes without what they say.
  if (record.told.bySite.size > 0) return { ok: true, value, diagnostics };
  const table = (): AppTable => ({ key: tableKey(readApp(context, name)), ...tableOf(record) });
  return { ok: true, value: { ...value, table }, diagnostics };
}

function madeWhole({ result, record }: Outcome): Rendered {
  return { result, record: record() };
}

interface Outcome {
  readonly result: Parsed<PlacedRendering>;
  /** What other sites can be rendered by. */
  readonly record: () => AppRecord | undefined;
}

function renderNew(context: FleetContext, name: string): Outcome {
  const input = readApp(context, name);
  const { source: parsed } = input;
  const refused = (result: Parsed<never>): Outcome => ({ result, record: () => undefined });
  if (parsed.diagnostics.some(isError)) return refused(moreMistakes(input, parsed.diagnostics));
  if (parsed.isUnknown) return refused({ ok: false, diagnostics: [] });
  if (areSecretsOnly([...parsed.objects, ...parsed.fillable.map(({ written }) => written)])) {
    // Values that fail at every site leave nothing to render with.
    const more = moreMistakes(input, []);
    if (more.diagnostics.length > 0) return refused(more);
    const { field } = writtenSource(input.app.value.spec.source);
    const place = input.app.at(["spec", "source", field]);
    const message = `the files of ${name} hold no object`;
    const hint = "an app that shall go is removed as an App; its objects then leave by a release";
    return refused({
      ok: false,
      diagnostics: [mistake(place, { code: "empty-app", message, hint })],
    });
  }
  const shapes = renderShapes(input, shapesOf(input, input.app, parsed.variableOf));
  const left = leftOf(input, shapes);
  const warnings = left === undefined ? [] : noEffects(input, shapes, left);
  const diagnostics = [...parsed.diagnostics, ...shapes.diagnostics, ...warnings];
  if (diagnostics.some(isError)) return refused({ ok: false, diagnostics });
  const app = {
    app: name,
    inputDigest: digestOf(input),
    sites: treesBySite(shapes.trees, context, name),
    movedTo: namespacesBySite(shapes.trees),
  };
  const value = placed(app, shapes);
  return {
    result: { ok: true, value, diagnostics },
    record: () => left && recordOf(input, shapes, { rendering: value, left }),
  };
}

/** With what is made later: apart, so that it keeps no more than it needs. */
function placed(
  app: RenderedApp,
  { variants, places, kinds, filled: { reads } }: RenderedShapes,
): PlacedRendering {
  const ids = lazily(() => new Set(places.keys()));
  return { app, variants, places: () => places, ids, kinds: () => kinds, reads };
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
    ...unusedPlainSecrets(app, () => shapes.filled.shapes.map(objectsOf)),
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

/**
 * The app's overlays on what can be told apart of its objects, those with mistakes too: more mistakes of theirs, and the
 * overlays' own, not what they miss.
 */
function moreMistakes(input: ShapeInput, known: readonly Diagnostic[]): Parsed<never> {
  const { source, app } = input;
  const all: ShapeInput = {
    ...input,
    source: {
      ...source,
      objectsAt: (variable) => [...source.objectsAt(variable), ...source.mistakenAt(variable)],
    },
    // What is kept is of the sound ones alone.
    chain: new OverlayChain(app, input.manifests),
    shared: new KeptResults(),
  };
  const isTold = new Set(known.map(pointOf));
  const more = renderShapes(all, shapesOf(all, app, source.variableOf)).diagnostics.filter(
    (found) =>
      isError(found) &&
      found.code !== "patch-no-target" &&
      found.code !== "empty-app" &&
      !isTold.has(pointOf(found)),
  );
  return { ok: false, diagnostics: [...known, ...more] };
}

/** Where a mistake is, or where no line tells that, what it says. */
function pointOf(told: Diagnostic): string {
  return told.line === 0 ? told.message : placeText(told);
}
