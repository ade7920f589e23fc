/**
 * Models and renderings of commits, kept while they are needed. In: the files of a commit. Out: its model, all its
 * apps, or one app of an older commit at the sites of a newer one. Everything here can be had again from git, so a
 * controller that starts again loses nothing.
 */
import type { RenderTools } from "../adapters/render-tools/render-tools.ts";
import { FleetError } from "../core/errors.ts";
import type { Diagnostic, Parsed } from "../core/model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../core/model/fleet-model.ts";
import { type LoadedFleet, loadFleet } from "../core/model/load-fleet.ts";
import type { KnownFiles } from "../core/model/read-fleet-files.ts";
import type { SiteFacts } from "../core/rollout/planner-types.ts";
import { siteFacts } from "../core/rollout/fleet-facts.ts";
import { renderApp, renderLoaded } from "../core/render/render-fleet.ts";
import { neededByLoaded } from "../core/render/render-files.ts";
import { noToolOutputs, type ToolOutputs } from "../core/render/tools/tool-output.ts";
import { neededTools } from "../core/render/tools/tool-requests.ts";
import type { RenderedApp, TreeId, Variant } from "../core/render/rendered.ts";

import type { Clock } from "../runtime/clock.ts";
import { Preparation } from "./preparation.ts";

/** A commit that is valid: what it declares and what that renders to. */
export interface ValidHead {
  readonly commit: string;
  readonly model: FleetModel;
  readonly facts: Readonly<Record<string, SiteFacts>>;
  readonly apps: ReadonlyMap<string, RenderedApp>;
  /** App -> the sites that it is placed at. */
  readonly placed: Readonly<Record<string, readonly string[]>>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  readonly warnings: readonly Diagnostic[];
}

/** Reads the files of a commit of the fleet repository. */
export type ReadFiles = (commit: string) => Promise<readonly SourceFile[]>;

/** What rendering goes by beside the files. */
export interface RenderingMeans {
  readonly tools: RenderTools;
  readonly clock: Clock;
  /** Called when `headWhenReady` has another answer. */
  readonly onReady: () => void;
  readonly signal: AbortSignal;
}

interface AppRendering {
  readonly app: RenderedApp;
  readonly variants: ReadonlyMap<TreeId, Variant>;
}

export class Rendering {
  readonly #readFiles: ReadFiles;
  readonly #files: KnownFiles = new Map();
  readonly #models = new Map<string, LoadedFleet>();
  readonly #heads = new Map<string, Parsed<ValidHead>>();
  readonly #apps = new Map<string, AppRendering | null>();
  readonly #tools: RenderTools;
  readonly #preparation: Preparation;

  constructor(readFiles: ReadFiles, means: RenderingMeans) {
    this.#readFiles = readFiles;
    this.#tools = means.tools;
    this.#preparation = new Preparation(means);
  }

  /** The model of a commit, or its mistakes. Throws what reading the files throws. */
  async model(commit: string): Promise<LoadedFleet> {
    const known = this.#models.get(commit);
    if (known !== undefined) return known;
    const model = loadFleet(await this.#readFiles(commit), this.#files);
    this.#models.set(commit, model);
    return model;
  }

  /** The model of a valid commit that was read already. */
  knownModel(commit: string): FleetModel | undefined {
    const model = this.#models.get(commit);
    return model?.ok ? model.value : undefined;
  }

  /** A commit with everything rendered, or its mistakes. */
  async head(commit: string): Promise<Parsed<ValidHead>> {
    const known = this.#heads.get(commit);
    if (known !== undefined) return known;
    const model = await this.model(commit);
    const head = this.#renderHead(commit, model, await this.#outputsOf(model));
    this.#heads.set(commit, head);
    return head;
  }

  /**
   * The same, or "pending" while kustomize and Helm are at work for it: a pass does not wait for them. Throws
   * TOOL_MISSING, TOOL_VERSION, TOOL_FAILED where they did not say; it is tried again after a while.
   */
  async headWhenReady(commit: string): Promise<Parsed<ValidHead> | "pending"> {
    const known = this.#heads.get(commit);
    if (known !== undefined) return known;
    const needed = neededByLoaded(await this.model(commit));
    if (needed.length > 0 && !this.#preparation.isDone(commit, needed)) return "pending";
    return this.head(commit);
  }

  async #outputsOf(model: LoadedFleet): Promise<ToolOutputs> {
    const needed = neededByLoaded(model);
    return needed.length === 0 ? noToolOutputs : this.#tools.render(needed);
  }

  #renderHead(commit: string, model: LoadedFleet, tools: ToolOutputs): Parsed<ValidHead> {
    const rendered = renderLoaded(model, tools);
    const { diagnostics } = rendered;
    if (!model.ok || !rendered.ok) return { ok: false, diagnostics };
    const head = {
      commit,
      model: model.value,
      facts: siteFacts(model.value),
      apps: rendered.value.apps,
      placed: Object.fromEntries(
        [...rendered.value.apps].map(([app, { sites }]) => [app, [...sites.keys()]]),
      ),
      variants: rendered.value.variants,
      warnings: diagnostics.filter(({ severity }) => severity === "warning"),
    };
    return { ok: true, value: head, diagnostics };
  }

  /** An app as `source` has it, at the sites as `sitesOf` has them; null where that cannot be read or rendered. */
  async app(app: string, source: string, sitesOf: string): Promise<RenderedApp | null> {
    const key = `${app} ${source} ${sitesOf}`;
    const known = this.#apps.get(key);
    if (known !== undefined) return known?.app ?? null;
    try {
      const rendering = await this.#renderApp(app, source, sitesOf);
      this.#apps.set(key, rendering);
      return rendering?.app ?? null;
    } catch (error) {
      if (error instanceof FleetError) return null; // what cannot be read now may be read later
      throw error;
    }
  }

  async #renderApp(app: string, source: string, sitesOf: string): Promise<AppRendering | null> {
    const [model, siteModel] = await Promise.all([this.model(source), this.model(sitesOf)]);
    if (!model.ok || !siteModel.ok || !model.value.apps.has(app)) return null;
    const models = { model: model.value, siteModel: siteModel.value };
    const tools = await this.#tools.render(neededTools(models));
    const rendered = renderApp(model.value, app, { siteModel: siteModel.value, tools });
    return rendered.ok ? rendered.value : null;
  }

  /** The objects of a tree that a rendering kept here gave; undefined for any other. */
  variant(tree: TreeId): Variant | undefined {
    for (const head of this.#heads.values()) {
      const variant = head.ok ? head.value.variants.get(tree) : undefined;
      if (variant !== undefined) return variant;
    }
    for (const rendering of this.#apps.values()) {
      const variant = rendering?.variants.get(tree);
      if (variant !== undefined) return variant;
    }
    return undefined;
  }

  /** Forgets everything of any other commit. */
  retain(commits: ReadonlySet<string>): void {
    for (const commit of this.#models.keys()) if (!commits.has(commit)) this.#models.delete(commit);
    for (const commit of this.#heads.keys()) if (!commits.has(commit)) this.#heads.delete(commit);
    for (const key of this.#apps.keys()) {
      const [, source = "", sitesOf = ""] = key.split(" ");
      if (!commits.has(source) || !commits.has(sitesOf)) this.#apps.delete(key);
    }
  }
}
