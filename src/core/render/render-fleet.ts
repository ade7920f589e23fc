/** A fleet's model -> everything its sites shall run. All mistakes of all apps are told; with one there is no fleet. */
import {
  type Diagnostic,
  distinctDiagnostics,
  type Parsed,
  sortDiagnostics,
} from "../model/diagnostic.ts";
import type { FleetModel } from "../model/fleet-model.ts";
import { LaterMap } from "../model/later-map.ts";
import type { LoadedFleet } from "../model/load-fleet.ts";
import { checkKubernetes } from "./check-kubernetes.ts";
import { mayDefineKinds } from "./custom-kinds.ts";
import { ownAccounts } from "./own-accounts.ts";
import { fleetContext, type RenderInputs } from "./app-parts.ts";
import type { AppRendering, PlacedRendering } from "./placed-rendering.ts";
import { renderPlacedApp } from "./render-app.ts";
import type { RenderedFleet, TreeId, Variant } from "./rendered.ts";
import { sharedObjects } from "./shared-objects.ts";
import { unreadValues } from "./unread-values.ts";
import { warnOfManifestSelectors } from "./warn-of-manifest-selectors.ts";
import type { ToolOutputs } from "./tools/tool-output.ts";

/** Renders every app of a model for its sites. */
export function renderFleet(model: FleetModel, inputs: RenderInputs = {}): Parsed<RenderedFleet> {
  const context = fleetContext(model, model, inputs);
  const diagnostics: Diagnostic[] = context.facts.mistakes();
  const renderings: PlacedRendering[] = [];
  for (const name of [...model.apps.keys()].toSorted()) {
    const result = renderPlacedApp(context, name);
    addAll(diagnostics, result.diagnostics);
    if (result.ok) renderings.push(result.value);
  }
  addAll(diagnostics, sharedObjects(renderings));
  addAll(diagnostics, ownAccounts(model, renderings));
  addAll(diagnostics, checkKubernetes(model, renderings));
  if (!diagnostics.some(isError)) addAll(diagnostics, warnOfManifestSelectors(model));
  // Of an app with mistakes it is not known what it reads.
  if (renderings.length === model.apps.size) {
    addAll(diagnostics, unreadValues(context, renderings, diagnostics));
  }
  // A mistake in a profile is found by every app that has it.
  const sorted = distinctDiagnostics(withoutFollowUps(diagnostics, model));
  if (sorted.some(isError)) return { ok: false, diagnostics: sorted };
  // An app that is missing here would leave all of its sites. Where nothing else is told of it, its follow-ups are.
  if (renderings.length !== model.apps.size)
    return { ok: false, diagnostics: distinctDiagnostics(diagnostics) };
  return {
    ok: true,
    value: {
      apps: new Map(renderings.map(({ app }) => [app.app, app])),
      variants: new AllVariants(renderings.map(({ variants }) => variants)),
      tables: renderings.flatMap(({ table }) => table ?? []),
    },
    diagnostics: sorted,
  };
}

/** Where each site has variants of its own these are many, and few of them are asked for. */
class AllVariants extends LaterMap<TreeId, Variant> {
  readonly #byApp: readonly ReadonlyMap<TreeId, Variant>[];
  /** Whose those are that were asked for; undefined: nobody's. */
  readonly #found = new Map<TreeId, ReadonlyMap<TreeId, Variant> | undefined>();

  constructor(byApp: readonly ReadonlyMap<TreeId, Variant>[]) {
    super(() => new Map(byApp.flatMap((variants) => [...variants])));
    this.#byApp = byApp;
  }

  override get(tree: TreeId): Variant | undefined {
    return this.#of(tree)?.get(tree);
  }

  override has(tree: TreeId): boolean {
    return this.#of(tree) !== undefined;
  }

  #of(tree: TreeId): ReadonlyMap<TreeId, Variant> | undefined {
    if (this.#found.has(tree)) return this.#found.get(tree);
    const found = this.#byApp.find((variants) => variants.has(tree));
    this.#found.set(tree, found);
    return found;
  }
}

/**
 * Renders what was loaded. Where the kinds have errors there is nothing to render for, but what is sound is rendered all
 * the same, so that all mistakes are told at once: those of the kinds, and those of every sound app.
 */
export function renderLoaded(
  loaded: LoadedFleet,
  inputs: RenderInputs = {},
): Parsed<RenderedFleet> {
  if (loaded.ok) {
    const rendered = renderFleet(loaded.value, inputs);
    const diagnostics = sortDiagnostics([...loaded.diagnostics, ...rendered.diagnostics]);
    if (rendered.ok) return { ...rendered, diagnostics };
    if (!diagnostics.some(isError)) throw new Error("an app is not rendered, and nothing says why");
    return { ok: false, diagnostics };
  }
  const { model, mayLackKinds } = loaded.sound;
  // What has no effect may have one where the sites are that were left out.
  const found = renderFleet(model, inputs).diagnostics.filter(
    ({ code }) => code !== "no-effect" && !(mayLackKinds && code === "unknown-scope"),
  );
  return { ok: false, diagnostics: distinctDiagnostics([...loaded.diagnostics, ...found]) };
}

/**
 * Renders one app. What belongs to the app (App, files, overlays, selectors, the fleet's name) is that of `model`; which
 * sites there are and their labels come from `siteModel`, so that an older release can be rendered for newer sites.
 * Throws for an app that `model` does not have.
 */
export function renderApp(
  model: FleetModel,
  app: string,
  { siteModel = model, tools }: { siteModel?: FleetModel; tools?: ToolOutputs } = {},
): Parsed<AppRendering> {
  const result = renderPlacedApp(fleetContext(model, siteModel, { tools }), app);
  const diagnostics = sortDiagnostics(result.diagnostics);
  if (!result.ok) return { ok: false, diagnostics };
  const { app: rendered, variants } = result.value;
  return { ok: true, value: { app: rendered, variants }, diagnostics };
}

/** A definition that cannot be read is one mistake; that nobody knows its kind any more is none. */
function withoutFollowUps(diagnostics: readonly Diagnostic[], model: FleetModel): Diagnostic[] {
  const others = diagnostics.filter((one) => isError(one) && one.code !== "unknown-scope");
  const mistaken = new Set(others.map(({ file }) => file));
  const lacksKinds = [...model.manifests.values()]
    .flat()
    .some(({ path, text }) => mistaken.has(path) && mayDefineKinds(text));
  return diagnostics.filter(({ code }) => !(lacksKinds && code === "unknown-scope"));
}

/** There may be more of them than a call takes arguments. */
function addAll(to: Diagnostic[], more: readonly Diagnostic[]): void {
  for (const one of more) to.push(one);
}

function isError({ severity }: Diagnostic): boolean {
  return severity === "error";
}
