/** A plan as blocks of markdown, each complete in itself. Names of sites and apps are labels, all else may be anything. */
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { DiffGroup, FleetPlan, StagePlan } from "../core/plan/fleet-plan.ts";
import { fixedWords } from "../core/plan/object-changes.ts";
import { decisionInWords } from "../core/plan/decision-plans.ts";
import { asOfLines, noSiteChanges, waitInWords } from "../core/plan/plan-text.ts";
import { countOf, someOf, spanInWords } from "../core/rollout/words.ts";
import { selectorText } from "../core/select/selector.ts";
import { sitesOfVirtualSite } from "../core/select/virtual-sites.ts";
import { codeSpan, fence, markdownTable, visible } from "./untrusted.ts";

const maxRows = 100;
const maxDiffLines = 200;
const maxNames = 5;

/** `9 of 12 sites change, in 3 distinct ways`. */
export function planVerdict({ sites, siteCount, groups, decisions }: FleetPlan): string {
  if (sites.length === 0) return noSiteChanges(decisions);
  const ways = groups.length === 1 ? "one way" : `${groups.length} distinct ways`;
  return `${sites.length} of ${countOf(siteCount, "site")} change, in ${ways}`;
}

/** Where the changes are, stage by stage, and what they delete. */
export function planBlocks(plan: FleetPlan, model: FleetModel): readonly string[] {
  if (plan.sites.length === 0) return noteBlocks(plan);
  return [
    virtualSites(plan, model),
    stages(plan.stages),
    waits(plan),
    risks(plan),
    ...noteBlocks(plan),
  ];
}

/** At most `max` rows, and how many there are besides. */
function someRows(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  what: string,
): string {
  const more = rows.length - maxRows;
  const table = markdownTable(headings, rows.slice(0, maxRows));
  return more > 0 ? `${table}\n${countOf(more, what)} more.\n` : table;
}

function virtualSites(plan: FleetPlan, model: FleetModel): string {
  const changing = new Set(plan.sites.map(({ site }) => site));
  const rows = [...model.virtualSites].flatMap(([name, { value }]) => {
    const members = sitesOfVirtualSite(model, name);
    const count = members.filter((site) => changing.has(site)).length;
    const { selector } = value.spec;
    const cells = [
      codeSpan(name),
      selector === undefined ? "all" : codeSpan(selectorText(selector)),
    ];
    return count === 0 ? [] : [{ count, cells: [...cells, `${count} of ${members.length}`] }];
  });
  const sorted = rows.toSorted((a, b) => b.count - a.count).map(({ cells }) => cells);
  return someRows(["virtual site", "selector", "sites that change"], sorted, "virtual site");
}

function stages(all: readonly StagePlan[]): string {
  const rows = all.map((stage, index) => [
    codeSpan(stage.app),
    `${index - all.findIndex(({ release }) => release === stage.release) + 1}. ${codeSpan(stage.name)}`,
    codeSpan(stage.by),
    String(stage.sites.length),
    gatesOf(stage),
  ]);
  return someRows(["app", "stage", "chosen by", "sites", "before the next"], rows, "stage");
}

/** What the change waits for beside budgets and soaks. */
function waits(plan: FleetPlan): string {
  if (plan.waits.length === 0) return "";
  const rows = plan.waits.map((wait) => [
    codeSpan(wait.app),
    String(wait.sites.length),
    codeSpan(someOf(wait.sites, maxNames)),
    codeSpan(waitInWords(wait), 1000),
  ]);
  const asOf = asOfLines(plan).map((line) => `\n${line}\n`);
  return `${someRows(["app", "sites", "which", "will wait"], rows, "wait")}${asOf.join("")}`;
}

function gatesOf({ sites, approval, soakMs, failureBudget }: StagePlan): string {
  if (sites.length === 0) return "";
  const gates = [`at most ${failureBudget} failed`];
  if (soakMs > 0) gates.push(`soak ${spanInWords(soakMs)}`);
  if (approval) gates.push("**an approval opens it**");
  return gates.join(", ");
}

function risks(plan: FleetPlan): string {
  const refused = plan.refusals.map((text) => `**Refused**: ${codeSpan(text, 1000)}`);
  const lines = [...refused, deletions(plan), ...leaving(plan), ...removed(plan)];
  const kept = lines.slice(0, maxRows);
  if (lines.length > kept.length) kept.push(`${countOf(lines.length - kept.length, "line")} more`);
  return kept.map((line) => `- ${line}\n`).join("");
}

function deletions({ deletions: { objects, perApp, needsApproval } }: FleetPlan): string {
  if (objects === 0) return "Deletions: none";
  const apps = Object.entries(perApp).map(([app, count]) => `${codeSpan(app)} ${count}`);
  const shown = apps.slice(0, maxNames).join(", ");
  const more = apps.length > maxNames ? ` and ${apps.length - maxNames} more` : "";
  const approval =
    needsApproval === null ? "" : `. **Somebody has to approve**: ${codeSpan(needsApproval)}`;
  return `**Deletions: ${countOf(objects, "object")}** (${shown}${more})${approval}`;
}

function leaving({ releases }: FleetPlan): string[] {
  return releases.flatMap(({ app, sites, verb }) =>
    verb === null ? [] : `App ${codeSpan(app)} leaves ${countOf(sites, "site")} (${verb})`,
  );
}

/** What apps that stay lose. */
function removed({ variants }: FleetPlan): string[] {
  return variants.flatMap(({ to, sites, objects }) =>
    objects
      .filter(({ change }) => to !== null && change === "removed")
      .map(
        (object) => `${codeSpan(titleOf(object))} is removed at ${countOf(sites.length, "site")}`,
      ),
  );
}

function noteBlocks({ decisions, notes }: FleetPlan): readonly string[] {
  const told = [...decisions.map(decisionInWords), ...notes];
  if (told.length === 0) return [];
  const shown = told.slice(0, maxRows).map((note) => `- ${codeSpan(note, 500)}\n`);
  const more = told.length - shown.length;
  return [`${shown.join("")}${more > 0 ? `- ${countOf(more, "note")} more\n` : ""}`];
}

/** One diff group: what changes, and where. `number` counts from 1. */
export function groupBlock(plan: FleetPlan, group: DiffGroup, number: number): string {
  const variant = plan.variants[group.variants[0] ?? -1];
  if (variant === undefined) return "";
  const { objects } = variant;
  const changed = objects.flatMap(({ diff, change }) =>
    change === "changed" ? diffLinesOf(diff) : [],
  );
  const counts = ["+", "-"].map(
    (sign) => `${sign}${changed.filter((line) => line.startsWith(sign)).length}`,
  );
  const what = [
    countOf(group.sites.length, "site"),
    countOf(objects.length, "object"),
    counts.join(" "),
  ];
  const names = group.sites.slice(0, maxNames).map((site) => codeSpan(site));
  const more = group.sites.length - names.length;
  const alike =
    group.variants.length === 1
      ? ""
      : `${group.variants.length} variants that change alike but for the names of their sites; the first is shown.\n\n`;
  return `<details${number === 1 ? " open" : ""}><summary><b>${number}</b> · app <code>${htmlText(group.app)}</code> · ${what.join(" · ")}</summary>

${names.join(" ")}${more > 0 ? ` and ${more} more` : ""}

${alike}${fence("diff", bounded(objects.flatMap(objectLines)))}
</details>
`;
}

function htmlText(text: string): string {
  return visible(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

type ObjectChange = FleetPlan["variants"][number]["objects"][number];

const changeWords = { added: "new", changed: "changes", removed: "removed" } as const;

/** Whole objects that come or go are named only. */
function objectLines(object: ObjectChange): readonly string[] {
  const words = fixedWords(object) || changeWords[object.change];
  const title = `# ${titleOf(object)} (${words})`;
  return object.change === "changed" ? [title, ...diffLinesOf(object.diff)] : [title];
}

function titleOf({
  kind,
  namespace,
  name,
}: Pick<ObjectChange, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}

function diffLinesOf(diff: string): readonly string[] {
  return diff.trimEnd().split("\n");
}

function bounded(lines: readonly string[]): readonly string[] {
  const more = lines.length - maxDiffLines;
  return more > 0 ? [...lines.slice(0, maxDiffLines), `# … ${more} lines more`] : lines;
}
