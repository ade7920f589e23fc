import { resolve } from "node:path";
import { readCheckout } from "../adapters/git/read-checkout.ts";
import { renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import { FleetError } from "../core/errors.ts";
import { type Diagnostic, formatDiagnostic } from "../core/model/diagnostic.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import { loadFleet } from "../core/model/load-fleet.ts";
import type { CliIo, CommandArgs } from "./command.ts";
import { renderTools } from "./render-tools.ts";

/** The folder that a command is about: its only positional, or the current one. Throws USAGE for more. */
export function folderOf(args: CommandArgs, io: CliIo): string {
  const [dir = ".", ...others] = args.positionals;
  if (others.length > 0) {
    throw new FleetError("USAGE", `unexpected argument "${others.join(" ")}"`, {
      hint: "name one folder",
      retry: "never",
    });
  }
  return resolve(io.cwd, dir);
}

/**
 * The checked fleet of a folder, as it lies there or at a revision. Its mistakes are told on stderr; with errors among
 * them it throws INVALID_FLEET.
 */
export async function loadCheckout(dir: string, io: CliIo, revision?: string): Promise<FleetModel> {
  const loaded = loadFleet(await readCheckout(dir, { revision }));
  io.stderr(diagnosticLines(loaded.diagnostics));
  if (loaded.ok) return loaded.value;
  throw invalidFleet();
}

/**
 * Makes sure that the fleet of a folder can be rendered as it lies there. Its mistakes are told on stderr; with errors
 * among them it throws INVALID_FLEET. TOOL_MISSING, TOOL_VERSION, TOOL_FAILED: nobody knows.
 */
export async function checkRendering(dir: string, io: CliIo): Promise<void> {
  const { ok, diagnostics } = await renderFleetFiles(renderTools(io), await readCheckout(dir));
  io.stderr(diagnosticLines(diagnostics));
  if (!ok) throw invalidFleet();
}

function invalidFleet(): FleetError {
  return new FleetError("INVALID_FLEET", "the fleet is not valid", {
    hint: "mend the errors above; `flotilla validate` lists them",
    retry: "never",
  });
}

/** Diagnostics as compilers print them, a line each. */
export function diagnosticLines(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map((diagnostic) => `${formatDiagnostic(diagnostic)}\n`).join("");
}
