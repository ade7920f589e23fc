import { readCheckout } from "../adapters/git/read-checkout.ts";
import { type Diagnostic, sortDiagnostics } from "../core/model/diagnostic.ts";
import type { SourceFile } from "../core/model/fleet-model.ts";
import { loadFleet } from "../core/model/load-fleet.ts";
import { renderFleet } from "../core/render/render-fleet.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command } from "./command.ts";
import { formatData, outputFormat, outputOption } from "./output.ts";

/** `flotilla validate`. */
export const command: Command = {
  summary: "check a fleet repository, all mistakes at once",
  usage: `Usage: flotilla validate [DIR] [-o table|json]

Checks the fleet in DIR (default: the current folder) as it lies there: syntax, fields, references, selectors, labels,
and what can go wrong when manifests are rendered. Every mistake is told with file, line, column and what to do.

Options:
  -o, --output       table (default; as compilers print mistakes) or json

Exit codes: 0 valid (there may be warnings), 1 not valid, 2 could not find out.
`,
  options: outputOption,
  async run(args, io) {
    const format = outputFormat(args, ["table", "json"], "table");
    const { valid, diagnostics } = check(await readCheckout(folderOf(args, io)));
    if (format === "json") io.stdout(formatData({ valid, diagnostics }, format));
    else io.stdout(`${diagnosticLines(diagnostics)}${verdict(diagnostics)}\n`);
    return valid ? 0 : 1;
  },
};

/** What there is to say of a repository. Rendering is tried only when there is a fleet to render. */
function check(files: readonly SourceFile[]): {
  readonly valid: boolean;
  readonly diagnostics: readonly Diagnostic[];
} {
  const loaded = loadFleet(files);
  if (!loaded.ok) return { valid: false, diagnostics: loaded.diagnostics };
  const rendered = renderFleet(loaded.value);
  const diagnostics = sortDiagnostics([...loaded.diagnostics, ...rendered.diagnostics]);
  return { valid: rendered.ok, diagnostics };
}

function verdict(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const counts = [
    ...(errors > 0 ? [plural(errors, "error")] : []),
    ...(diagnostics.length > errors ? [plural(diagnostics.length - errors, "warning")] : []),
  ];
  const tail = counts.length === 0 ? "" : `: ${counts.join(", ")}`;
  return `the fleet is ${errors > 0 ? "not valid" : "valid"}${tail}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
