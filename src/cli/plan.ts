import { KnownFleet } from "../core/model/known-fleet.ts";
import { planChange, wholeMinute } from "../core/plan/plan-change.ts";
import { planText } from "../core/plan/plan-text.ts";
import type { FleetStatus } from "../core/protocol/api.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command } from "./command.ts";
import { connectController, controllerOptions } from "./controller-client.ts";
import { momentOption } from "./moment-option.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { readBase, readHead, sideOptions, sideUsage } from "./plan-sides.ts";
import { tellInvalid } from "./render.ts";
import { renderTools } from "./render-tools.ts";

/** `flotilla plan`. */
export const command: Command = {
  summary: "show what the change from one commit to another does",
  usage: `Usage: flotilla plan [DIR] [--base REV | --from-nothing] [--head REV] [--at TIME]
                     [--controller URL] [-o table|json|yaml]

Shows what happens when the fleet in DIR (default: the current folder) goes from one commit to another: which sites
change, how their objects differ, in which stages, with which numbers, and what is deleted. It is planned by the code
that the controller runs, for a fleet whose sites all answer and are healthy on the base. Only with --controller is one
asked: for the sites that are leaving the fleet at this time, which stderr names, as the repository has them no longer.

Options:
${sideUsage}
      --at           when the head begins to be followed, such as 2026-11-27T22:00:00+09:00 (default: now): it decides
                     which maintenance windows are open, and nothing else
      --controller URL, --token-file FILE, --ca-file FILE
                     the controller that is asked, as for flotilla status
  -o, --output       table (default), json or yaml

Exit codes: 0 planned; 1 the head is not a valid fleet; 2 there is no such revision, the base is not a valid fleet, or
the repository cannot be read.
`,
  options: { ...outputOption, ...sideOptions, ...controllerOptions, at: { type: "string" } },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const from = { dir: folderOf(args, io), args, tools: renderTools(io), known: new KnownFleet() };
    const head = await readHead(from);
    if (!head.ok) return tellInvalid(head.diagnostics, format, io);
    io.stderr(diagnosticLines(head.diagnostics));
    const base = await readBase(from, head.side);
    const plan = planChange(base, head.side, wholeMinute(momentOption(args, "at")));
    io.stdout(format === "table" ? planText(plan) : formatData(plan, format));
    if (textOption(args, "controller") !== undefined) {
      const { siteList } = await (await connectController(args, io)).status();
      io.stderr(leavingLines(siteList, head.side.model.sites));
    }
    return 0;
  },
};

/** A line for each site that leaves the fleet now: the change does not come there, unless it has the site again. */
function leavingLines(
  sites: FleetStatus["siteList"],
  declared: ReadonlyMap<string, unknown>,
): string {
  const leaving = sites.filter((site) => site.leaving === true);
  const lines = leaving.map(({ site }) =>
    declared.has(site)
      ? `site ${site} is leaving the fleet: this change keeps it, with what has not left it by then`
      : `site ${site} is leaving the fleet: nothing of this change comes there`,
  );
  return lines.map((line) => `flotilla: note: ${line}\n`).join("");
}
