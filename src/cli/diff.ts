import { FleetError } from "../core/errors.ts";
import type { FieldDifference, ObjectComparison, SiteDiff } from "../core/protocol/site-diff.ts";
import type { CliIo, Command, CommandArgs, ExitCode } from "./command.ts";
import { connectController, controllerOptions, controllerUsage } from "./controller-client.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { oneLine } from "./status.ts";

/** `flotilla diff SITE`. */
export const command: Command = {
  summary: "show how a site's live objects differ from what they should be",
  usage: `Usage: flotilla diff SITE [--app APP] [-o table|json|yaml]

The controller asks the site's worker, which compares each live object with what its mirror wants now: what is
missing, which fields an apply would change and who has them, what would be pruned. Only fields that Flotilla sends or
has are compared, as the API server sees them: no default, and nothing that others set, is a difference. What a release
has dropped and stays because others have it too is told with their names, and is no difference either. Secret values
are not shown. Nothing is written.

Options:
      --app APP      only this app
${controllerUsage}
  -o, --output       table (default), json or yaml

Exit codes: 0 no difference, 1 there are some, 2 could not find out, or not for all objects.
`,
  options: { ...controllerOptions, ...outputOption, app: { type: "string" } },
  async run(args, io) {
    const { diff, format } = await askSite("diff", args, io);
    io.stdout(format === "table" ? diffText(diff) : formatData(diff, format));
    return exitCodeOf(objectsOf(diff).filter(({ state }) => state !== "same"));
  },
};

/** Asks for the site that the command line names. */
export async function askSite(
  command: string,
  args: CommandArgs,
  io: CliIo,
): Promise<{ readonly diff: SiteDiff; readonly format: "table" | "json" | "yaml" }> {
  const format = outputFormat(args, ["table", "json", "yaml"], "table");
  const [site, ...more] = args.positionals;
  if (site === undefined || more.length > 0) {
    const hint = `flotilla ${command} SITE [--app APP]`;
    throw new FleetError("USAGE", `${command} takes a site`, { hint, retry: "never" });
  }
  const controller = await connectController(args, io);
  return { diff: await controller.diff(site, textOption(args, "app")), format };
}

/** 2 where anything could not be found out. */
export function exitCodeOf(objects: readonly ObjectComparison[]): ExitCode {
  if (objects.some(({ state }) => state === "unknown")) return 2;
  return objects.length === 0 ? 0 : 1;
}

/** The objects of all apps. */
export function objectsOf({ apps }: SiteDiff): readonly ObjectComparison[] {
  return apps.flatMap(({ objects }) => objects);
}

/** How objects stand out in a text: what an apply would do. */
const marks = {
  same: " ",
  missing: "+",
  differs: "~",
  conflict: "!",
  extra: "-",
  unknown: "?",
} as const;
const words = {
  same: "as it should be",
  missing: "missing: would be created",
  differs: "differs",
  conflict: "conflict",
  extra: "extra",
  unknown: "could not be compared",
} as const;

function diffText({ site, apps }: SiteDiff): string {
  if (apps.length === 0) return `no app is at ${site}\n`;
  return apps
    .map(({ app, compared, objects }) => {
      const differing = objects.filter(({ state }) => state !== "same");
      const count = `${compared} ${compared === 1 ? "object" : "objects"}`;
      const verdict = differing.length === 0 ? "no difference" : `${differing.length} differ`;
      const told = objects.filter(({ state, reason }) => state !== "same" || reason !== "");
      return `${app} at ${site}: ${count}, ${verdict}\n${told.map(objectText).join("")}`;
    })
    .join("");
}

function objectText({ object, state, reason, fields, claims, omitted }: ObjectComparison): string {
  const why = reason === "" ? "" : `: ${reason}`;
  const held = claims.filter(({ verdict }) => verdict === "conflict");
  const more = omitted === 0 ? [] : [`... ${omitted} more`];
  const lines = [
    ...fields.flatMap(fieldLines),
    ...held.map(({ field, manager }) => `${field} is held by ${manager}`),
    ...more,
  ];
  const title = `${marks[state]} ${oneLine(`${object}: ${words[state]}${why}`)}`;
  return `${[title, ...lines.map((line) => `    ${oneLine(line)}`)].join("\n")}\n`;
}

function fieldLines({ field, live, desired, hidden, managers }: FieldDifference): string[] {
  const by = managers.length === 0 ? "" : ` (${managers.join(", ")})`;
  if (hidden) return [`${field}${by}: ${hiddenWord(live, desired)}, value not shown`];
  return [
    `${field}${by}`,
    ...(live === null ? [] : [`- ${live}`]),
    ...(desired === null ? [] : [`+ ${desired}`]),
  ];
}

function hiddenWord(live: string | null, desired: string | null): string {
  if (live === null) return "added";
  return desired === null ? "removed" : "changed";
}
