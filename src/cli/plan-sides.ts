/** The two revisions that `plan` and `rollout simulate` are about, read from a checkout. */
import { readCheckout, resolveRevision } from "../adapters/git/read-checkout.ts";
import { baseAtSites, renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import type { RenderTools } from "../adapters/render-tools/render-tools.ts";
import { FleetError } from "../core/errors.ts";
import { formatDiagnostic } from "../core/model/diagnostic.ts";
import type { KnownFleet } from "../core/model/known-fleet.ts";
import { type PlanSide, workTree } from "../core/plan/assumed-state.ts";
import { type ReadSide, planSide } from "../core/plan/plan-change.ts";
import type { CommandArgs, CommandOptions } from "./command.ts";
import { textOption } from "./output.ts";

/** `--base`, `--head` and `--from-nothing`, to be spread into a command's options. */
export const sideOptions = {
  base: { type: "string" },
  head: { type: "string" },
  "from-nothing": { type: "boolean" },
} satisfies CommandOptions;

/** What a command's usage says of them. */
export const sideUsage = `      --base         the commit, branch or tag that is followed now (default: HEAD)
      --from-nothing instead of --base: plan the first commit of a fleet
      --head         the commit, branch or tag to go to (default: the files as they lie there, but for
                     what git ignores; without git, or outside of a repository, that too)`;

/** Where sides are read from. */
export interface SideSource {
  readonly dir: string;
  readonly args: CommandArgs;
  readonly tools: RenderTools;
  /** What was read for one side and need not be read for the other. */
  readonly known: KnownFleet;
}

/** The head, or every mistake in it. */
export async function readHead(from: SideSource): Promise<ReadSide> {
  return readSide(from, textOption(from.args, "head"));
}

/** The base; null: from nothing. Throws INVALID_FLEET for one that is not a valid fleet. */
export async function readBase(from: SideSource, head: PlanSide): Promise<PlanSide | null> {
  const { args } = from;
  const named = textOption(args, "base");
  if (args.values["from-nothing"] === true) {
    if (named === undefined) return null;
    const hint = "leave one of them out";
    throw new FleetError("USAGE", "--base and --from-nothing contradict", { hint, retry: "never" });
  }
  const revision = named ?? "HEAD";
  const base = await (revision === "HEAD" ? readNewest(from) : readSide(from, revision));
  if (base.ok) return baseAtSites(from.tools, base.side, head.model);
  const [first] = base.diagnostics.filter(({ severity }) => severity === "error");
  const why = first === undefined ? "" : `: ${formatDiagnostic(first)}`;
  throw new FleetError("INVALID_FLEET", `the base ${revision} is not a valid fleet${why}`, {
    hint: "name a base that is, or --from-nothing",
    retry: "never",
  });
}

/** What HEAD names, rendered. A folder in no repository, or in one without a commit, is a fleet that begins. */
async function readNewest(from: SideSource): Promise<ReadSide> {
  try {
    return await readSide(from, "HEAD");
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "GIT_NOT_FOUND") throw error;
    const hint =
      "commit the fleet (git init, git add, git commit), or plan its first commit: --from-nothing";
    throw new FleetError("GIT_NOT_FOUND", "there is no commit here to compare with", {
      hint,
      retry: "never",
    });
  }
}

/** A revision (undefined: what lies there), rendered. */
async function readSide(
  { dir, tools, known }: SideSource,
  revision: string | undefined,
): Promise<ReadSide> {
  const commit = revision === undefined ? undefined : await resolveRevision(dir, revision);
  const files = await readCheckout(dir, { revision: commit });
  return planSide(commit ?? workTree, await renderFleetFiles(tools, files, known));
}
