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
import { keptFor, KnownFleet } from "../core/model/known-fleet.ts";
import type { FactsBySite } from "../core/rollout/planner-types.ts";
import { siteFacts } from "../core/rollout/fleet-facts.ts";
import { renderApp, renderLoaded } from "../core/render/render-fleet.ts";
import { neededByLoaded, wantedByLoaded } from "../core/render/render-files.ts";
import { noToolOutputs, type ToolOutputs } from "../core/render/tools/tool-output.ts";
import type { RenderInputs } from "../core/render/app-parts.ts";
import { neededTools } from "../core/render/tools/tool-requests.ts";
import type { RenderedApp, RenderedFleet, TreeId, Variant } from "../core/render/rendered.ts";
import { namesIn } from "../core/render/site-trees.ts";
import { renderWithoutTools } from "../core/render/render-without-tools.ts";
import { placeApp } from "../core/select/virtual-sites.ts";
import type { Clock } from "../runtime/clock.ts";
import { describeError } from "./describe-error.ts";
import type { Lacking } from "./lacking.ts";
import { type AppAtSite, movedTo, type SourcedApp } from "./moved-to.ts";
import { Preparation } from "./preparation.ts";

/** A commit that is valid: what it declares and what that renders to. */
export interface ValidHead {
  readonly commit: string;
  readonly model: FleetModel;
  readonly facts: FactsBySite;
  readonly apps: ReadonlyMap<string, RenderedApp>;
  /** App -> the sites that it is placed at. */
  readonly placed: Readonly<Record<string, readonly string[]>>;
  readonly variants: ReadonlyMap<TreeId, Variant>;
  readonly warnings: readonly Diagnostic[];
  /** For another start. */
  readonly tables: NonNullable<RenderedFleet["tables"]>;
  /** null: all is rendered. Only what was found valid once may lack something. */
  readonly lacking: Lacking | null;
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

/** Commits have most of their apps in common. */
const sitesOf = keptFor(({ sites }: RenderedApp): readonly string[] => namesIn(sites));

export class Rendering {
  readonly #readFiles: ReadFiles;
  readonly #known = new KnownFleet();
  readonly #models = new Map<string, LoadedFleet>();
  readonly #heads = new Map<string, Parsed<ValidHead>>();
  readonly #parts = new Map<string, Parsed<ValidHead>>();
  readonly #apps = new Map<string, AppRendering | null>();
  readonly #tools: RenderTools;
  /** For the newest head, and for the one that is followed: neither ends the work for the other. */
  readonly #preparations: { readonly newest: Preparation; readonly followed: Preparation };

  constructor(readFiles: ReadFiles, means: RenderingMeans) {
    this.#readFiles = readFiles;
    this.#tools = means.tools;
    this.#preparations = { newest: new Preparation(means), followed: new Preparation(means) };
  }

  /** The model of a commit, or its mistakes. Throws what reading the files throws. */
  async model(commit: string): Promise<LoadedFleet> {
    const known = this.#models.get(commit);
    if (known !== undefined) return known;
    const model = loadFleet(await this.#readFiles(commit), this.#known);
    this.#models.set(commit, model);
    return model;
  }

  /** The model of a commit that is looked at once: it is not kept. */
  async glimpse(commit: string): Promise<LoadedFleet> {
    return this.#models.get(commit) ?? loadFleet(await this.#readFiles(commit), this.#known);
  }

  /** The model of a valid commit that was read already. */
  knownModel(commit: string): FleetModel | undefined {
    const model = this.#models.get(commit);
    return model?.ok ? model.value : undefined;
  }

  async #head(commit: string): Promise<Parsed<ValidHead>> {
    const known = this.#heads.get(commit);
    if (known !== undefined) return known;
    const model = await this.model(commit);
    const tools = await this.#outputsOf(model);
    const tables = await this.#tools.tables?.read(wantedByLoaded(model, tools));
    const head = this.#renderHead(commit, model, { tools, tables });
    if (head.ok) await this.#tools.tables?.write(head.value.tables);
    this.#heads.set(commit, head);
    return head;
  }

  /**
   * A commit with everything rendered, or its mistakes; "pending" while kustomize and Helm are at work for it: a pass
   * does not wait for them. Throws TOOL_MISSING, TOOL_VERSION, TOOL_FAILED where they did not say; it is tried again
   * after a while.
   */
  async newest(commit: string): Promise<Parsed<ValidHead> | "pending"> {
    return this.#whenReady(commit, this.#preparations.newest);
  }

  /** The commit that is followed: where kustomize or Helm have not rendered all of it (yet), what they have not is lacking. */
  async followed(commit: string): Promise<Parsed<ValidHead>> {
    try {
      const head = await this.#whenReady(commit, this.#preparations.followed);
      if (head === "pending") return this.#part(commit);
      this.#parts.delete(commit);
      return head;
    } catch (error) {
      if (!isUndecided(error)) throw error;
      return this.#part(commit, describeError(error));
    }
  }

  /** A commit that was followed before: what needs kustomize or Helm may be lacking. */
  async past(commit: string): Promise<Parsed<ValidHead>> {
    return this.#heads.get(commit) ?? this.#part(commit);
  }

  async #whenReady(
    commit: string,
    preparation: Preparation,
  ): Promise<Parsed<ValidHead> | "pending"> {
    const known = this.#heads.get(commit);
    if (known !== undefined) return known;
    const needed = neededByLoaded(await this.model(commit));
    if (needed.length > 0 && !preparation.isDone(commit, needed)) return "pending";
    return this.#head(commit);
  }

  /** What needs neither of them; with the reason, or the last one, for which they came to no end. */
  async #part(commit: string, reason?: string): Promise<Parsed<ValidHead>> {
    const part = this.#parts.get(commit) ?? (await this.#renderPart(commit));
    this.#parts.set(commit, part);
    const lacking = part.ok ? part.value.lacking : null;
    if (!part.ok || lacking === null || lacking.reason === (reason ?? lacking.reason)) return part;
    const value = { ...part.value, lacking: { ...lacking, reason: reason ?? null } };
    const told = { ...part, value };
    this.#parts.set(commit, told);
    return told;
  }

  async #renderPart(commit: string): Promise<Parsed<ValidHead>> {
    const model = await this.model(commit);
    if (!model.ok) return model;
    const { rendered, lacking } = renderWithoutTools(model.value);
    const apps = new Map(lacking.map((app) => [app, new Set(placeApp(model.value, app))]));
    const value = validHead(commit, model.value, {
      rendered,
      lacking: apps.size === 0 ? null : { apps, reason: null },
    });
    return { ok: true, value, diagnostics: model.diagnostics };
  }

  async #outputsOf(model: LoadedFleet): Promise<ToolOutputs> {
    const needed = neededByLoaded(model);
    return needed.length === 0 ? noToolOutputs : this.#tools.render(needed);
  }

  #renderHead(
    commit: string,
    model: LoadedFleet,
    { tools, tables }: RenderInputs,
  ): Parsed<ValidHead> {
    const rendered = renderLoaded(model, { tools, tables });
    const { diagnostics } = rendered;
    if (!model.ok || !rendered.ok) return { ok: false, diagnostics };
    const warnings = diagnostics.filter(({ severity }) => severity === "warning");
    const head = { rendered: rendered.value, lacking: null };
    return {
      ok: true,
      value: { ...validHead(commit, model.value, head), warnings },
      diagnostics,
    };
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
    for (const head of [...this.#heads.values(), ...this.#parts.values()]) {
      const variant = head.ok ? head.value.variants.get(tree) : undefined;
      if (variant !== undefined) return variant;
    }
    for (const rendering of this.#apps.values()) {
      const variant = rendering?.variants.get(tree);
      if (variant !== undefined) return variant;
    }
    return undefined;
  }

  /** The namespace that overlays move an app to at a site, as far as a rendering kept here tells. */
  movedTo(at: AppAtSite): string | undefined {
    const heads = [...this.#heads, ...this.#parts].flatMap(([source, head]): SourcedApp[] => {
      const rendered = head.ok ? head.value.apps.get(at.app) : undefined;
      return rendered === undefined ? [] : [{ source, rendered }];
    });
    const apps = [...this.#apps].flatMap(([key, rendering]): SourcedApp[] => {
      const [app, source = ""] = key.split(" ");
      return app === at.app && rendering !== null ? [{ source, rendered: rendering.app }] : [];
    });
    return movedTo([...heads, ...apps], at);
  }

  /** Forgets everything of any other commit. */
  retain(commits: ReadonlySet<string>): void {
    for (const known of [this.#models, this.#heads, this.#parts]) {
      for (const commit of known.keys()) if (!commits.has(commit)) known.delete(commit);
    }
    for (const key of this.#apps.keys()) {
      const [, source = "", sitesOf = ""] = key.split(" ");
      if (!commits.has(source) || !commits.has(sitesOf)) this.#apps.delete(key);
    }
  }
}

function validHead(
  commit: string,
  model: FleetModel,
  { rendered, lacking }: { readonly rendered: RenderedFleet; readonly lacking: Lacking | null },
): ValidHead {
  const { apps, variants, tables = [] } = rendered;
  const placed = [...apps].map(([name, app]) => [name, sitesOf(app)] as const);
  const unrendered = [...(lacking?.apps ?? [])].map(([app, sites]) => [app, [...sites]] as const);
  return {
    commit,
    model,
    facts: siteFacts(model),
    apps,
    placed: Object.fromEntries([...placed, ...unrendered]),
    variants,
    warnings: [],
    tables,
    lacking,
  };
}

const undecided: ReadonlySet<string> = new Set(["TOOL_MISSING", "TOOL_VERSION", "TOOL_FAILED"]);

/** Kustomize or Helm did not say what they make of a commit. */
export function isUndecided(error: unknown): error is FleetError {
  return error instanceof FleetError && undecided.has(error.code);
}
