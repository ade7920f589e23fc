/** A plan as people read it on a terminal. Everything in it is in the plan; whole objects that come or go are named only. */
import { countOf, readableTimes, someOf, spanInWords } from "../rollout/words.ts";
import { workTree } from "./assumed-state.ts";
import { decisionInWords, doneOnceInWords } from "./decision-plans.ts";
import type {
  DecisionPlan,
  DiffGroup,
  FleetPlan,
  PlannedWait,
  ReleasePlan,
  StagePlan,
  VariantPlan,
} from "./fleet-plan.ts";
import { type ObjectChange, fixedWords } from "./object-changes.ts";

/** The plan as text that ends in a newline. */
export function planText(plan: FleetPlan): string {
  const blocks = [
    headLines(plan),
    ...appsOf(plan).map((app) => appLines(plan, app)),
    plan.sites.length === 0 ? [] : [deletionLine(plan), ...asOfLines(plan)],
    plan.refusals.length === 0 ? [] : ["Refused", ...plan.refusals.map((text) => `  ${text}`)],
    plan.decisions.length === 0
      ? []
      : ["Decisions", ...plan.decisions.map((each) => `  ${decisionInWords(each)}`)],
    plan.notes.length === 0 ? [] : ["Notes", ...plan.notes.map((note) => `  ${note}`)],
  ];
  return blocks
    .flatMap((lines) => (lines.length === 0 ? [] : [`${lines.join("\n")}\n`]))
    .join("\n");
}

function headLines({ base, head, sites, siteCount, decisions }: FleetPlan): string[] {
  const from = base === null ? "nothing" : shortRevision(base);
  const count =
    sites.length === 0
      ? `${noSiteChanges(decisions)}.`
      : `${sites.length} of ${countOf(siteCount, "site")} ${sites.length === 1 ? "changes" : "change"}.`;
  return [`Plan from ${from} to ${shortRevision(head)}: ${count}`];
}

/** That the files change no site, and how many Decisions may. */
export function noSiteChanges(decisions: readonly DecisionPlan[]): string {
  const once = doneOnceInWords(decisions);
  return once === "" ? "No site changes" : `No site changes, but by what ${once} does`;
}

/** Commits in short; other words (`work tree`) as they are said. */
function shortRevision(revision: string): string {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision.slice(0, 12);
  return revision === workTree ? `the ${workTree}` : revision;
}

function appsOf({ variants, releases }: FleetPlan): readonly string[] {
  return [...new Set([...variants, ...releases].map(({ app }) => app))].toSorted();
}

function appLines(plan: FleetPlan, app: string): string[] {
  const releases = plan.releases.filter((release) => release.app === app);
  const groups = plan.groups.filter((group) => group.app === app);
  return [
    ...releases.flatMap((release) => [releaseLine(release), ...stageLines(plan.stages, release)]),
    ...openListLines(plan, app),
    ...waitLines(plan, app),
    ...groups.flatMap((group) => groupLines(plan.variants, group)),
  ];
}

const kindWords = { app: "a new version", site: "changed site data", removal: "leaves" } as const;

function releaseLine({ app, kind, sites, strategy, verb }: ReleasePlan): string {
  const how = verb === null ? "" : ` (${verb})`;
  return `${app}: ${kindWords[kind]}${how} at ${countOf(sites, "site")}, strategy ${strategy}`;
}

function stageLines(stages: readonly StagePlan[], { release }: ReleasePlan): string[] {
  const own = stages.filter((stage) => stage.release === release);
  const rows = own.map((stage, index) => [
    `  ${index + 1}. ${stage.name}`,
    stage.by,
    countOf(stage.sites.length, "site"),
    [stage.sites.length === 0 ? "" : someOf(stage.sites), ...gates(stage)]
      .filter(Boolean)
      .join("; "),
  ]);
  return columns(rows);
}

function gates({ approval, soakMs, failureBudget, sites }: StagePlan): string[] {
  if (sites.length === 0) return [];
  return [
    `may fail: ${failureBudget}`,
    ...(soakMs > 0 ? [`soak ${spanInWords(soakMs)}`] : []),
    ...(approval ? ["waits for an approval"] : []),
  ];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function openListLines({ sites }: FleetPlan, app: string): string[] {
  const joining = sites.flatMap(({ site, apps }) =>
    apps.some((move) => move.app === app && move.release === null) ? site : [],
  );
  if (joining.length === 0) return [];
  return [
    `${app}: ${countOf(joining.length, "site")} without stages, with what is current: ${someOf(joining)}`,
  ];
}

function waitLines({ waits }: FleetPlan, app: string): string[] {
  return waits
    .filter((wait) => wait.app === app)
    .map((wait) => `  will wait at ${someOf(wait.sites)}: ${waitInWords(wait)}`);
}

/** Why, and until when. */
export function waitInWords({ reason, endsWhen }: PlannedWait): string {
  return `${reason}; ends when ${readableTimes(endsWhen)}`;
}

/** As of when windows were looked at; empty where there are none. */
export function asOfLines({ at }: Pick<FleetPlan, "at">): string[] {
  return at === null ? [] : [`Windows as of ${readableTimes(at)}.`];
}

function groupLines(
  variants: readonly VariantPlan[],
  { sites, variants: own }: DiffGroup,
): string[] {
  const variant = variants[own[0] ?? -1];
  if (variant === undefined) return [];
  const several =
    own.length === 1 ? "" : ` (${own.length} variants that change alike; the first is shown)`;
  return [
    "",
    `  at ${countOf(sites.length, "site")}: ${someOf(sites)}${several}`,
    ...variant.objects.flatMap(objectLines),
  ];
}

const signs = { added: "+", changed: "~", removed: "-" } as const;

function objectLines(object: ObjectChange): string[] {
  const { change, kind, namespace, name, diff } = object;
  const fixed = fixedWords(object);
  const what = `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
  const title = `  ${signs[change]} ${what}${fixed === "" ? "" : `: ${fixed}`}`;
  if (change !== "changed") return [title];
  const lines = diff.trimEnd().split("\n");
  return [title, ...lines.map((line) => `      ${line}`.trimEnd())];
}

function deletionLine({ deletions: { objects, perApp, needsApproval } }: FleetPlan): string {
  if (objects === 0) return "Deletions: none.";
  const apps = Object.entries(perApp).map(([app, count]) => `${app} ${count}`);
  const approval = needsApproval === null ? "" : ` Somebody has to approve: ${needsApproval}.`;
  return `Deletions: ${countOf(objects, "object")} (${apps.join(", ")}).${approval}`;
}
