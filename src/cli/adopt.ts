import type { FieldClaim, ObjectComparison, SiteDiff } from "../core/protocol/site-diff.ts";
import type { Command } from "./command.ts";
import { controllerOptions, controllerUsage } from "./controller-client.ts";
import { askSite, exitCodeOf, objectsOf } from "./diff.ts";
import { formatData, formatTable, outputOption } from "./output.ts";
import { oneLine } from "./status.ts";

/** `flotilla adopt SITE`. */
export const command: Command = {
  summary: "show what would be taken over from other tools at a site",
  usage: `Usage: flotilla adopt SITE [--app APP] [-o table|json|yaml]

Which objects of the site's apps stand there already without being the app's, and which of their fields somebody else
has: what becomes of each, and what you have to do. Of an object that is nobody's yet it names what stays and is not in
Git. It only reads; the worker takes over by itself what it may.

  shared     both have the field, with the same value; a later change of it is a conflict, and what you drop of it
             stays and is told (but for kubectl's); where the other one applies it, the app lets go of the object
             when it drops it, and does not delete it
  taken      becomes Flotilla's
  removed    is not in Git (any more), and so goes, or gets its default
  conflict   stays theirs, and nothing of the object is written

What kubectl left is taken. Other tools' fields are taken where the object in Git has the annotation
flotilla.dev/take-over with the names of their field managers.

Options:
      --app APP      only this app
${controllerUsage}
  -o, --output       table (default), json or yaml

Exit codes: 0 nothing stands in the way, 1 there are conflicts, 2 could not find out, or not for all objects.
`,
  options: { ...controllerOptions, ...outputOption, app: { type: "string" } },
  async run(args, io) {
    const asked = await askSite("adopt", args, io);
    const diff = onlyHeld(asked.diff);
    io.stdout(asked.format === "table" ? adoptText(diff) : formatData(diff, asked.format));
    return exitCodeOf(
      objectsOf(diff).filter(({ state }) => state === "conflict" || state === "unknown"),
    );
  },
};

/** Objects that are not ours yet, or of which somebody else has something. */
function onlyHeld(diff: SiteDiff): SiteDiff {
  const isHeld = ({ adopts, claims, state }: ObjectComparison): boolean =>
    adopts || claims.length > 0 || state === "conflict" || state === "unknown";
  const apps = diff.apps.map((app) => ({ ...app, objects: app.objects.filter(isHeld) }));
  return { ...diff, apps };
}

function adoptText({ site, apps }: SiteDiff): string {
  if (apps.length === 0) return `no app is at ${site}\n`;
  return apps.map(({ app, objects }) => appText(`${app} at ${site}`, objects)).join("");
}

function appText(title: string, objects: readonly ObjectComparison[]): string {
  if (objects.length === 0) return `${title}: nothing to take over\n`;
  const rows = objects.flatMap(rowsOf);
  const table = formatTable(["OBJECT", "FIELD", "MANAGER", "VERDICT"], rows);
  const advice = adviceFor(objects.flatMap(({ claims }) => claims));
  return `${title}: ${objects.length} to look at\n${table}${advice.map((line) => `${oneLine(line)}\n`).join("")}`;
}

function rowsOf({ object, state, reason, adopts, claims, omitted }: ObjectComparison): string[][] {
  const isOther = state === "conflict" && claims.length === 0;
  const word = isOther || state === "unknown" ? state : adopts ? "becomes ours" : "is ours";
  const more = omitted === 0 ? [] : [["", `... ${omitted} more`, "", ""]];
  return [
    [object, reason === "" ? "-" : reason, "-", word],
    ...claims.map(({ field, manager, verdict }) => ["", field, manager, verdict]),
    ...more,
  ].map((row) => row.map(oneLine));
}

function adviceFor(claims: readonly FieldClaim[]): string[] {
  const managersOf = (verdict: FieldClaim["verdict"]): string =>
    [...new Set(claims.filter((claim) => claim.verdict === verdict).map(({ manager }) => manager))]
      .toSorted()
      .join(",");
  const [conflicting, shared] = [managersOf("conflict"), managersOf("shared")];
  return [
    ...(conflicting === ""
      ? []
      : [
          `conflicts with ${conflicting}: stop it, then set flotilla.dev/take-over: ${conflicting} on these objects in Git, or take the fields out of the manifests`,
        ]),
    ...(shared === ""
      ? []
      : [
          `shared with ${shared}: if it is to give them up, set flotilla.dev/take-over: ${shared} on these objects in Git`,
        ]),
  ];
}
