import { readCheckout } from "../adapters/git/read-checkout.ts";
import { renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import type { Diagnostic } from "../core/model/diagnostic.ts";
import { countOf } from "../core/rollout/words.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command } from "./command.ts";
import { formatData, outputFormat, outputOption } from "./output.ts";
import { renderTools } from "./render-tools.ts";

/** `flotilla validate`. */
export const command: Command = {
  summary: "check a fleet repository, all mistakes at once",
  usage: `Usage: flotilla validate [DIR] [-o table|json|yaml]

Checks the fleet in DIR (default: the current folder) as it lies there: syntax, fields, references, selectors, labels,
and what can go wrong when manifests are rendered. Every mistake is told with file, line, column and what to do.
What git ignores is left out, as no commit will bring it; without git, or outside of a repository, it is read too.

Options:
  -o, --output       table (default; as compilers print mistakes), json or yaml

Exit codes: 0 valid (there may be warnings), 1 not valid, 2 could not find out.
`,
  options: outputOption,
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const files = await readCheckout(folderOf(args, io));
    const { ok: valid, diagnostics } = await renderFleetFiles(renderTools(io), files);
    if (format === "table") {
      io.stdout(`${diagnosticLines(diagnostics)}${verdict(diagnostics)}\n`);
    } else io.stdout(formatData({ valid, diagnostics }, format));
    return valid ? 0 : 1;
  },
};

function verdict(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const counts = [
    ...(errors > 0 ? [countOf(errors, "error")] : []),
    ...(diagnostics.length > errors ? [countOf(diagnostics.length - errors, "warning")] : []),
  ];
  const tail = counts.length === 0 ? "" : `: ${counts.join(", ")}`;
  return `the fleet is ${errors > 0 ? "not valid" : "valid"}${tail}`;
}
