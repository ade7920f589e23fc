import { FleetError } from "../core/errors.ts";
import { readCheckout } from "../adapters/git/read-checkout.ts";
import { renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import { closestName } from "../core/model/closest-name.ts";
import type { Diagnostic } from "../core/model/diagnostic.ts";
import type { RenderedFiles } from "../core/render/render-files.ts";
import type { RenderedObject } from "../core/render/rendered.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { CliIo, Command, ExitCode } from "./command.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { renderTools } from "./render-tools.ts";

/** `flotilla render`. */
export const command: Command = {
  summary: "print the objects that a site gets",
  usage: `Usage: flotilla render [DIR] --site SITE [--app APP] [--revision REV] [-o yaml|json]

Prints the objects that the fleet in DIR (default: the current folder) gives a site, as a cluster will get them: sorted,
with overlays applied, the same bytes every time.

Options:
      --site         the site
      --app          only this app
      --revision     a commit, branch or tag instead of the files as they lie there
  -o, --output       yaml (default; one document per object) or json (a List)

Exit codes: 0 printed; 1 the fleet is not valid, or the app is not at the site; 2 there is no such site, app or
revision, or the fleet cannot be read.
`,
  options: {
    ...outputOption,
    site: { type: "string" },
    app: { type: "string" },
    revision: { type: "string" },
  },
  async run(args, io) {
    const format = outputFormat(args, ["yaml", "json"], "yaml");
    const site = textOption(args, "site");
    if (site === undefined) {
      throw new FleetError("USAGE", "--site is missing", {
        hint: "`flotilla sites` lists them",
        retry: "never",
      });
    }
    const revision = textOption(args, "revision");
    const files = await readCheckout(folderOf(args, io), { revision });
    const fleet = await renderFleetFiles(renderTools(io), files);
    if (!fleet.ok) return tellInvalid(fleet.diagnostics, format === "json" ? "json" : "table", io);
    io.stderr(diagnosticLines(fleet.diagnostics));
    return printSite(fleet, { site, app: textOption(args, "app"), format }, io);
  },
};

/** Tells that a fleet is not valid: as lines for people, as data where data was asked for. */
export function tellInvalid(
  diagnostics: readonly Diagnostic[],
  format: "json" | "yaml" | "table",
  io: CliIo,
): ExitCode {
  if (format === "table") io.stderr(diagnosticLines(diagnostics));
  else io.stdout(formatData({ valid: false, diagnostics }, format));
  return 1;
}

interface Wanted {
  readonly site: string;
  readonly app: string | undefined;
  readonly format: "yaml" | "json";
}

function printSite(
  { model, rendered }: Extract<RenderedFiles, { ok: true }>,
  { site, app, format }: Wanted,
  io: CliIo,
): ExitCode {
  mustBe("site", site, model.sites);
  if (app !== undefined) mustBe("app", app, model.apps);
  const apps = [...rendered.apps.values()].filter((one) => app === undefined || one.app === app);
  const trees = apps.flatMap(({ sites }) => sites.get(site) ?? []);
  const objects = trees.flatMap((tree) => rendered.variants.get(tree)?.objects ?? []);
  if (app !== undefined && trees.length === 0) {
    io.stderr(`app ${app} is not at site ${site}; \`flotilla explain\` tells why\n`);
    return 1;
  }
  io.stdout(format === "yaml" ? yamlDocuments(objects) : jsonList(objects));
  return 0;
}

/** Throws USAGE for a name that the fleet does not have. */
export function mustBe(kind: string, name: string, known: ReadonlyMap<string, unknown>): void {
  if (known.has(name)) return;
  const near = closestName(name, known.keys());
  const hint =
    near === undefined ? `the fleet has ${known.size} ${kind}s` : `did you mean "${near}"?`;
  throw new FleetError("USAGE", `there is no ${kind} "${name}"`, { hint, retry: "never" });
}

function yamlDocuments(objects: readonly RenderedObject[]): string {
  return objects.map(({ yaml }) => `---\n${yaml}`).join("");
}

function jsonList(objects: readonly RenderedObject[]): string {
  const items = objects.map(({ object }) => object);
  return formatData({ apiVersion: "v1", kind: "List", items }, "json");
}
