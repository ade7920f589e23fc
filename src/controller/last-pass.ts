/** What the last pass found, for those who ask: the API, the hints, the commit statuses. */
import { FleetError } from "../core/errors.ts";
import type { Explanation, FleetStatus } from "../core/protocol/api.ts";
import { closestName } from "../core/model/closest-name.ts";
import { own } from "../core/rollout/own.ts";
import { progressOf } from "../core/rollout/progress.ts";
import type { ReleaseProgress } from "../core/rollout/planner-types.ts";
import type { PageState } from "../dashboard/fleet-page.ts";
import { siteLink } from "./app-at-site.ts";
import { sharedClusters } from "./bookkeeping.ts";
import { recoveryProposal } from "./control-loss.ts";
import { explainView } from "./explain-view.ts";
import { lackingInWords } from "./lacking.ts";
import type { MirrorRepository } from "./mirror-repository.ts";
import { plannerInput } from "./planner-input.ts";
import type { Pass } from "./reconcile.ts";
import { forgottenInWords } from "./site-on-the-way.ts";
import { statusView } from "./status-view.ts";
import type { World } from "./world.ts";

/** Silence of the loop after which it counts as stuck. */
const stuckAfterMs = 300_000;

export interface LastPassOptions {
  readonly world: World;
  readonly branch: string;
  /** Mirrors that have a credential. */
  readonly served: ReadonlySet<string>;
  /** What keeps commit statuses from being written; null: nothing. */
  readonly forgeProblem: () => string | null;
}

export class LastPass {
  readonly #options: LastPassOptions;
  #pass: Pass | null = null;
  #progress: readonly ReleaseProgress[] = [];
  #problem: string | null = null;
  #beatAt: number;
  #version = 0;
  /** Mirrors of which was logged that they cannot be read. */
  readonly #unreadable = new Set<string>();

  constructor(options: LastPassOptions) {
    this.#options = options;
    this.#beatAt = options.world.clock.monotonic();
  }

  /** Takes a pass over; gives where its releases stand. */
  take(pass: Pass): readonly ReleaseProgress[] {
    this.#log(pass);
    this.#pass = pass;
    this.#version += 1;
    this.#progress = pass.read === null ? [] : progressOf(plannerInput(pass.read));
    return this.#progress;
  }

  /** What a person should know is logged when it comes up, not at every pass. */
  #log({ verdict, problems, controlLost, mirrors }: Pass): void {
    const { logger } = this.#options.world;
    const before = this.#pass;
    if (verdict.verdict === "refused" && refusedBy(before) !== verdict.commit) {
      logger.warn("head is not followed", { commit: verdict.commit, reason: verdict.reason });
    }
    for (const { mirror } of mirrors) this.#logReadable(mirror);
    const news = problems.filter((problem) => before?.problems.includes(problem) !== true);
    if (news.length > 0) logger.warn("not all could be carried out", { problems: news });
    if (controlLost !== undefined && before?.controlLost === undefined) {
      logger.error("control was lost, everything is held", { reason: controlLost });
    }
  }

  #logReadable({ name, unreadable }: MirrorRepository): void {
    const { logger } = this.#options.world;
    if (unreadable === null) this.#unreadable.delete(name);
    else if (!this.#unreadable.has(name)) {
      this.#unreadable.add(name);
      logger.error("a mirror cannot be read", { mirror: name, error: unreadable });
    }
  }

  setProblem(problem: string | null): void {
    if (problem !== null && problem !== this.#problem) {
      this.#options.world.logger.error("no pass could be made", { problem });
    }
    if (problem !== this.#problem) this.#version += 1;
    this.#problem = problem;
  }

  /** Changes with every pass, and when none can be made. */
  version(): number {
    return this.#version;
  }

  beat(): void {
    this.#beatAt = this.#options.world.clock.monotonic();
  }

  /** Why the loop does not run; null: it does. */
  sickness(): string | null {
    const ageMs = this.#options.world.clock.monotonic() - this.#beatAt;
    return ageMs > stuckAfterMs
      ? `the loop has not turned for ${Math.round(ageMs / 1000)} s`
      : null;
  }

  status(): FleetStatus {
    const { world, branch } = this.#options;
    const pass = this.#required();
    const { observations, recovery } = world;
    const warnings = this.#warnings(pass);
    const outdated = this.#outdated()[0];
    const view = { pass, progress: this.#progress, observations, recovery, branch, warnings };
    return {
      ...statusView(view),
      ...(outdated !== undefined && { outdated }),
      ...(pass.controlLost !== undefined && { controlLost: true }),
    };
  }

  /** The same for the page, which has something to show before the first pass, too. */
  page(): PageState {
    if (this.#pass === null) return { status: null, problem: this.#whyNotYet() };
    return { status: this.status(), problem: this.sickness() };
  }

  explain(site: string, app: string): Explanation | undefined {
    const { observations } = this.#options.world;
    const pass = this.#required();
    const explanation = explainView({ pass, observations, site, app });
    if (explanation !== undefined || pass.read === null) return explanation;
    const { model, facts } = pass.read.head;
    const { sites, apps } = model;
    const isRefused = pass.verdict.verdict === "refused";
    if (facts.has(site)) throw unknownName("app", app, { known: apps, isRefused });
    const forgotten = forgottenInWords(pass.control.state, site);
    if (forgotten !== undefined) throw new FleetError("NOT_FOUND", forgotten, { retry: "never" });
    throw unknownName("site", site, { known: sites, isRefused });
  }

  /** The mirror whose worker can be asked about a site: NOT_FOUND where there is none, WORKER_SILENT while it is silent. */
  mirrorToAsk(site: string): string {
    const { observations } = this.#options.world;
    const { read, control } = this.#required();
    if (own(control.state.sites, site) === undefined || read === null) {
      throw unknownName("site", site, { known: new Map(Object.entries(control.state.sites)) });
    }
    const { mirror, isSilent } = siteLink(read, observations, site);
    if (!isSilent) return mirror;
    throw new FleetError(
      "WORKER_SILENT",
      `the worker of ${mirror}, which serves ${site}, is silent`,
      {
        hint: "flotilla status says since when; its clusters go on as they are",
      },
    );
  }

  #required(): Pass {
    if (this.#pass !== null) return this.#pass;
    throw new FleetError("NOT_NOW", this.#whyNotYet(), { retry: { afterMs: 1000 } });
  }

  #whyNotYet(): string {
    return this.#problem ?? "the controller has only just started";
  }

  /** Why what the last pass found may not be so any more. */
  #outdated(): string[] {
    const { problem } = this.#options.world.source.state();
    return [
      ...(this.#problem === null ? [] : [`nothing moves: ${this.#problem}`]),
      ...(problem === null ? [] : [`the fleet repository cannot be read: ${problem}`]),
    ];
  }

  #warnings(pass: Pass): string[] {
    const { world, served, forgeProblem } = this.#options;
    const forge = forgeProblem();
    const unserved = pass.mirrors.flatMap(({ mirror: { name }, snapshot }) =>
      snapshot.sites.size > 0 && !served.has(name) ? [name] : [],
    );
    return [
      "state is on one disk: losing it loses control and the mirrors",
      ...(pass.controlLost === undefined ? [] : [lossWarning(world, pass, pass.controlLost)]),
      ...lackingWarnings(pass),
      ...this.#outdated(),
      ...(forge === null ? [] : [`commit statuses: ${forge}`]),
      ...refusedDecisions(pass),
      ...sharedClusters(pass.control.state, world.observations),
      ...unserved.map(
        (name) => `mirror ${name} has no credential in the config: no worker gets it`,
      ),
    ];
  }
}

/** Decisions of the fleet repository that did not apply: whoever committed them should know. */
function refusedDecisions({ control }: Pass): string[] {
  return Object.entries(control.state.decisions ?? {}).flatMap(([name, decision]) => {
    const { file, line, outcome, message } = decision;
    return outcome === "done" ? [] : [`${file}:${line}: decision ${name} was refused: ${message}`];
  });
}

/** What goes on without kustomize and Helm, and what does not. */
function lackingWarnings({ read }: Pass): string[] {
  const { commit = "", lacking = null } = read?.head ?? {};
  if (lacking === null || lacking.reason === null) return [];
  const apps = [...lacking.apps.keys()].toSorted().join(", ");
  return [`${lackingInWords(commit, lacking)}; what stands of ${apps} stays, all else goes on`];
}

function refusedBy(pass: Pass | null): string | undefined {
  return pass?.verdict.verdict === "refused" ? pass.verdict.commit : undefined;
}

function lossWarning({ observations }: World, { mirrors }: Pass, lost: string): string {
  const named = mirrors.map(({ mirror, snapshot }) => ({ name: mirror.name, snapshot }));
  return (
    `control was lost, everything is held: ${lost}; ${recoveryProposal(observations, named)}; ` +
    "confirm it with flotilla rollout recover"
  );
}

function unknownName(
  what: "app" | "site",
  name: string,
  { known, isRefused = false }: { known: ReadonlyMap<string, unknown>; isRefused?: boolean },
): FleetError {
  const near = closestName(name, known.keys());
  const meant =
    near === undefined
      ? "flotilla status -o json names all that there are"
      : `did you mean "${near}"?`;
  // The newest commit may have it.
  const hint = isRefused
    ? `${meant}; flotilla status says why the newest commit is not followed`
    : meant;
  return new FleetError("NOT_FOUND", `there is no ${what} "${name}"`, { hint, retry: "never" });
}
