import { KnownFleet } from "../core/model/known-fleet.ts";
import { planChange, wholeMinute } from "../core/plan/plan-change.ts";
import { planText } from "../core/plan/plan-text.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command } from "./command.ts";
import { momentOption } from "./moment-option.ts";
import { formatData, outputFormat, outputOption } from "./output.ts";
import { readBase, readHead, sideOptions, sideUsage } from "./plan-sides.ts";
import { tellInvalid } from "./render.ts";
import { renderTools } from "./render-tools.ts";

/** `flotilla plan`. */
export const command: Command = {
  summary: "show what the change from one commit to another does",
  usage: `Usage: flotilla plan [DIR] [--base REV | --from-nothing] [--head REV] [--at TIME]
                     [-o table|json|yaml]

Shows what happens when the fleet in DIR (default: the current folder) goes from one commit to another: which sites
change, how their objects differ, in which stages, with which numbers, and what is deleted. It is planned by the code
that the controller runs, for a fleet whose sites all answer and are healthy on the base.

Options:
${sideUsage}
      --at           when the head begins to be followed, such as 2026-11-27T22:00:00+09:00 (default: now): it decides
                     which maintenance windows are open, and nothing else
  -o, --output       table (default), json or yaml

Exit codes: 0 planned; 1 the head is not a valid fleet; 2 there is no such revision, the base is not a valid fleet, or
the repository cannot be read.
`,
  options: { ...outputOption, ...sideOptions, at: { type: "string" } },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const from = { dir: folderOf(args, io), args, tools: renderTools(io), known: new KnownFleet() };
    const head = await readHead(from);
    if (!head.ok) return tellInvalid(head.diagnostics, format, io);
    io.stderr(diagnosticLines(head.diagnostics));
    const base = await readBase(from, head.side);
    const plan = planChange(base, head.side, wholeMinute(momentOption(args, "at")));
    io.stdout(format === "table" ? planText(plan) : formatData(plan, format));
    return 0;
  },
};
