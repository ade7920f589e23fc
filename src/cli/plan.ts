import { readCheckout, resolveRevision } from "../adapters/git/read-checkout.ts";
import { FleetError } from "../core/errors.ts";
import { formatDiagnostic } from "../core/model/diagnostic.ts";
import { type PlanSide, workTree } from "../core/plan/assumed-state.ts";
import { type ReadSide, planChange, planSide } from "../core/plan/plan-change.ts";
import { planText } from "../core/plan/plan-text.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command, CommandArgs } from "./command.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { tellInvalid } from "./render.ts";

/** `flotilla plan`. */
export const command: Command = {
  summary: "show what the change from one commit to another does",
  usage: `Usage: flotilla plan [DIR] [--base REV | --from-nothing] [--head REV] [-o table|json|yaml]

Shows what happens when the fleet in DIR (default: the current folder) goes from one commit to another: which sites
change, how their objects differ, in which stages, with which numbers, and what is deleted. It is planned by the code
that the controller runs, for a fleet whose sites all answer and are healthy on the base.

Options:
      --base         the commit, branch or tag that is followed now (default: HEAD)
      --from-nothing instead of --base: plan the first commit of a fleet
      --head         the commit, branch or tag to go to (default: the files as they lie there)
  -o, --output       table (default), json or yaml

Exit codes: 0 planned; 1 the head is not a valid fleet; 2 there is no such revision, the base is not a valid fleet, or
the repository cannot be read.
`,
  options: {
    ...outputOption,
    base: { type: "string" },
    head: { type: "string" },
    "from-nothing": { type: "boolean" },
  },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const dir = folderOf(args, io);
    const head = await readSide(dir, textOption(args, "head"));
    if (!head.ok) return tellInvalid(head.diagnostics, format, io);
    io.stderr(diagnosticLines(head.diagnostics));
    const base = await readBase(dir, args);
    const plan = planChange(base, head.side);
    io.stdout(format === "table" ? planText(plan) : formatData(plan, format));
    return 0;
  },
};

/** A revision (undefined: what lies there), rendered. */
async function readSide(dir: string, revision: string | undefined): Promise<ReadSide> {
  const commit = revision === undefined ? undefined : await resolveRevision(dir, revision);
  return planSide(commit ?? workTree, await readCheckout(dir, { revision: commit }));
}

async function readBase(dir: string, args: CommandArgs): Promise<PlanSide | null> {
  const named = textOption(args, "base");
  if (args.values["from-nothing"] === true) {
    if (named === undefined) return null;
    const hint = "leave one of them out";
    throw new FleetError("USAGE", "--base and --from-nothing contradict", { hint, retry: "never" });
  }
  const revision = named ?? "HEAD";
  const base = await readSide(dir, revision);
  if (base.ok) return base.side;
  const [first] = base.diagnostics.filter(({ severity }) => severity === "error");
  const why = first === undefined ? "" : `: ${formatDiagnostic(first)}`;
  throw new FleetError("INVALID_FLEET", `the base ${revision} is not a valid fleet${why}`, {
    hint: "name a base that is, or --from-nothing",
    retry: "never",
  });
}
