/** What is read of an app, once for whatever sites there are. In: models and what tools gave. Out: objects and overlays. */
import { templatesIn } from "../expressions/fill-json.ts";
import type { FleetModel, Located } from "../model/fleet-model.ts";
import { canonicalJson, type JsonObject } from "../model/json.ts";
import { KeptResults } from "../model/kept-results.ts";
import type { App } from "../model/kinds.ts";
import type { KubeObject } from "../model/kube-object.ts";
import { toolOf } from "../model/tools/tool-source.ts";
import { type AppTables, noTables } from "./app-table.ts";
import {
  type CustomKinds,
  customKindsOf,
  definitionsIn,
  disputedKinds,
  joinedKinds,
  readCustomKinds,
} from "./custom-kinds.ts";
import { type Finish, finisher, type ObjectOwner } from "./finish-object.ts";
import { layeredApp, type LayeredApp } from "./layered-app.ts";
import { type ChainLink, OverlayChain } from "./overlay-chain.ts";
import type { ManifestContext } from "./parse-manifests.ts";
import { patchesDefinitions } from "./patched-definitions.ts";
import { plainSecretIds } from "./plain-secrets.ts";
import type { SharedPart } from "./variant-parts.ts";
import { type SiteFacts, siteFactsOf } from "./site-facts.ts";
import { type AppObjects, appObjects, toolDefinitions } from "./tools/app-objects.ts";
import { noToolOutputs, type ToolOutputs } from "./tools/tool-output.ts";
import { neededTools } from "./tools/tool-requests.ts";

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
  /** What apps came to at an earlier start. */
  readonly tables: AppTables;
}

/** What else than models apps are rendered with. */
export interface RenderInputs {
  readonly tools?: ToolOutputs | undefined;
  readonly tables?: AppTables | undefined;
}

/** Reads what all apps of a model share. */
export function fleetContext(
  model: FleetModel,
  siteModel: FleetModel,
  { tools = noToolOutputs, tables = noTables }: RenderInputs = {},
): FleetContext {
  const models = { model, siteModel, tools };
  return {
    model,
    siteModel,
    tools,
    tables,
    customKinds: customKindsIn(models),
    facts: siteFactsOf(model.fleet.value.metadata.name, siteModel),
  };
}

interface KindSources {
  readonly model: FleetModel;
  readonly siteModel: FleetModel;
  readonly tools: ToolOutputs;
}

/** The CRDs of a fleet. Where two define a kind, the last one counts. */
export function fleetDefinitions(sources: KindSources): readonly KubeObject[] {
  const manifests = [...sources.model.manifests.values()].flat();
  return [...toolDefinitions(sources), ...manifests.flatMap(definitionsIn).toReversed()];
}

const keptKinds = new KeptResults<CustomKinds, CustomKinds>();

const keptDisputed = new KeptResults<CustomKinds, CustomKinds>();

/** What the CRDs of a fleet tell: the same object for the same manifests and requests of tools. */
function customKindsIn(models: KindSources): CustomKinds {
  const kinds = definedKinds(models);
  if (kinds.size === 0 || !patchesDefinitions(models.model)) return kinds;
  return keptDisputed.get(kinds, [], () => disputedKinds(kinds));
}

/** Those that manifests define, and those that tools give. */
function definedKinds(models: KindSources): CustomKinds {
  const kinds = readCustomKinds([...models.model.manifests.values()].flat());
  if (models.model.toolSources.size === 0) return kinds;
  const requests = neededTools(models).map(({ key }) => key);
  return keptKinds.get(kinds, requests, () => {
    const defined = customKindsOf(toolDefinitions(models));
    return defined.size === 0 ? kinds : joinedKinds([...defined, ...kinds]);
  });
}

/** The App with its overlays; throws for one that the model does not have. */
export function layeredAppOf(context: FleetContext, name: string): LayeredApp {
  return layeredApp(context, appOf(context.model, name));
}

/** All that decides what the objects of an app's manifests are, beside the App. */
export function ownInputs(context: FleetContext, app: LayeredApp): readonly unknown[] {
  const manifests = context.model.manifests.get(app.value.metadata.name);
  return [manifests, ...inputsBesideManifests(context, app)];
}

/** The same without the manifests themselves. */
export function inputsBesideManifests(
  { model, customKinds }: FleetContext,
  app: LayeredApp,
): readonly unknown[] {
  const { metadata, spec } = model.fleet.value;
  const { labels = null } = spec;
  return [
    metadata.name,
    customKinds,
    // Expressions in manifests are checked against the vocabulary.
    app.value.spec.source.expressions === true ? canonicalJson(labels) : null,
  ];
}

const keptAnswers = new KeptResults<LayeredApp, boolean>();

/** True where what the app comes to may depend on the facts of sites. */
export function hasExpressions(app: LayeredApp): boolean {
  return keptAnswers.get(app, [], () => {
    const json = app.value as unknown as JsonObject; // parsed YAML that the schema has checked
    return app.value.spec.source.expressions === true || templatesIn(json).length > 0;
  });
}

const keptParts = new KeptResults<LayeredApp, AppParts>();

/** An app with its objects, as it is written; throws for one that the model does not have. */
export function readApp(context: FleetContext, name: string): ShapeInput {
  const app = layeredAppOf(context, name);
  const isLiteral = toolOf(app.value.spec.source) === undefined && !hasExpressions(app);
  const read = (): AppParts => readParts(context, app);
  const parts = isLiteral ? keptParts.get(app, ownInputs(context, app), read) : read();
  return { ...context, ...parts, app };
}

/** What is the same of an app whatever sites there are. */
interface AppParts {
  readonly manifests: ManifestContext;
  readonly source: AppObjects;
  readonly chain: OverlayChain;
  readonly owner: ObjectOwner;
  /** What shapes have in common is finished once. */
  readonly finish: Finish;
  /** By what the overlays of shapes gave. */
  readonly shared: KeptResults<ChainLink, SharedPart>;
}

function readParts(context: FleetContext, app: LayeredApp): AppParts {
  const manifests = manifestContext(app, context.customKinds);
  const owner = { fleet: context.model.fleet.value.metadata.name, app: app.value.metadata.name };
  return {
    manifests,
    source: appObjects(context, { app, manifests }),
    chain: new OverlayChain(app, manifests),
    owner,
    finish: finisher(owner, context.customKinds),
    shared: new KeptResults(),
  };
}

const keptContexts = new KeptResults<LayeredApp, ManifestContext>();

/** The same object for the same app and kinds. */
function manifestContext(app: LayeredApp, customKinds: CustomKinds): ManifestContext {
  const { namespace } = app.value.spec;
  const plainSecrets = plainSecretIds(app.value);
  return keptContexts.get(app, [customKinds], () => ({ namespace, customKinds, plainSecrets }));
}

/** An app with all that its shapes are rendered from. */
export interface ShapeInput extends FleetContext, AppParts {
  readonly app: LayeredApp;
}

function appOf(model: FleetModel, name: string): Located<App> {
  const app = model.apps.get(name);
  if (app === undefined) throw new Error(`the model has no App ${name}`);
  return app;
}
