/**
 * The job summary: verdict, blockers, where and when, risks, then diff groups. Made of blocks that are complete in
 * themselves; what does not fit into the budget is left out whole, from the end, and the summary says so.
 */
import type { Diagnostic } from "../core/model/diagnostic.ts";
import { countOf } from "../core/rollout/words.ts";
import { groupBlock, planBlocks, planVerdict } from "./plan-blocks.ts";
import type { Preview } from "./preview-change.ts";
import { codeSpan } from "./untrusted.ts";

/** GitHub drops a summary of more than 1,048,576 bytes whole. */
const defaultMaxBytes = 1_000_000;
const noteBytes = 500;
/** Each takes at most some 7 KB, with all its characters written out: all of them fit. */
const maxDiagnostics = 100;

/** How it ended. */
export type Verdict = "changes" | "no-change" | "no-plan" | "invalid" | "unknown" | "nothing-to-do";

/** Everything that is told. */
export interface Report {
  readonly verdict: Verdict;
  /** Folder of the fleet in the repository, "" for its root. */
  readonly directory: string;
  readonly preview: Preview | null;
  /** Why nothing could be found out, or nothing was done. */
  readonly reason: string | null;
  readonly notes: readonly string[];
}

/** The summary as markdown. */
export function summaryOf(report: Report, maxBytes: number = defaultMaxBytes): string {
  const { preview } = report;
  const blocks = [headline(report), ...reasonBlocks(report), ...diagnosticBlocks(report)];
  const groups: string[] = [];
  if (preview?.planned) {
    const { plan, model } = preview.planned;
    blocks.push(...planBlocks(plan, model));
    groups.push(...plan.groups.map((group, index) => groupBlock(plan, group, index + 1)));
  }
  const foot = footer(report);
  return fitted({ blocks, groups, foot }, maxBytes);
}

function fitted(
  { blocks, groups, foot }: { blocks: readonly string[]; groups: readonly string[]; foot: string },
  maxBytes: number,
): string {
  const kept: string[] = [];
  let left = maxBytes - noteBytes - Buffer.byteLength(foot);
  const all = [...blocks.filter((block) => block !== ""), ...groups];
  for (const block of all) {
    left -= Buffer.byteLength(block) + 1;
    if (left < 0) break;
    kept.push(block);
  }
  if (kept.length < all.length) {
    const shown = Math.max(0, kept.length - (all.length - groups.length));
    kept.push(
      `**The rest is left out, as a summary has a limit: ${shown} of ${countOf(groups.length, "diff group")} shown.**\n`,
    );
  }
  return `${[...kept, foot].join("\n")}\n`;
}

function headline({ verdict, preview }: Report): string {
  return `### Flotilla: ${verdictWords(verdict, preview)}\n`;
}

/** A Decision that is carried out once may change sites, though no file renders to anything else. */
export function verdictOf({
  planned,
  diagnostics,
}: Pick<Preview, "planned" | "diagnostics">): Verdict {
  if (diagnostics.some(({ severity }) => severity === "error")) return "invalid";
  if (planned === null) return "no-plan";
  const { sites, decisions } = planned.plan;
  return sites.length > 0 || decisions.some(({ isOnce }) => isOnce) ? "changes" : "no-change";
}

/** The verdict in words, without anything that somebody outside wrote. */
export function verdictWords(verdict: Verdict, preview: Preview | null): string {
  const plan = preview?.planned?.plan;
  const said = plan === undefined || verdict === "invalid" ? words[verdict] : planVerdict(plan);
  const counts = countsInWords(preview?.diagnostics ?? []);
  return counts === "" ? said : `${said} (${counts})`;
}

const words: Readonly<Record<Verdict, string>> = {
  changes: "sites change",
  "no-change": "No site changes",
  "no-plan": "the fleet is valid, but there is nothing to compare it with",
  invalid: "the fleet is not valid",
  unknown: "could not find out",
  "nothing-to-do": "nothing to do",
};

function countsInWords(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const warnings = diagnostics.length - errors;
  return [
    ...(errors > 0 ? [countOf(errors, "error")] : []),
    ...(warnings > 0 ? [countOf(warnings, "warning")] : []),
  ].join(", ");
}

function reasonBlocks({ reason, notes }: Report): string[] {
  const told = [...(reason === null ? [] : [reason]), ...notes];
  return told.map((text) => `${codeSpan(text, 1000)}\n`);
}

function diagnosticBlocks({ preview, directory }: Report): string[] {
  const all = preview?.diagnostics ?? [];
  const sorted = all.toSorted((a, b) =>
    a.severity === b.severity ? 0 : a.severity === "error" ? -1 : 1,
  );
  const shown = sorted.slice(0, maxDiagnostics).map((one) => diagnosticLine(one, directory));
  const more = all.length - shown.length;
  if (more > 0) shown.push(`- ${more} more: \`flotilla validate\` lists them all\n`);
  return shown.length === 0 ? [] : [shown.join("")];
}

function diagnosticLine(diagnostic: Diagnostic, directory: string): string {
  const { file, line, column, severity, message, hint } = diagnostic;
  const path = directory === "" || file === "." ? file : `${directory}/${file}`;
  const place = line > 0 ? `${path}:${line}:${column}` : path;
  const mark = severity === "error" ? "❌" : "⚠️";
  return `- ${mark} ${codeSpan(place)} ${codeSpan(message)}${hint === undefined ? "" : `: ${codeSpan(hint)}`}\n`;
}

function footer({ preview, directory }: Report): string {
  if (preview === null || preview.base === undefined) return "";
  const { base, head, planned } = preview;
  const from = base === null ? "nothing" : codeSpan(base.slice(0, 12));
  const line = `From ${from} to ${codeSpan(head.slice(0, 12))}`;
  if (planned === null) return `${line}.\n`;
  const { plan } = planned;
  const start = plan.base === null ? "--from-nothing" : `--base ${plan.base}`;
  const at = plan.at === null ? "" : ` --at ${plan.at}`;
  const folder = directory === "" ? "" : `${shellWord(directory)} `;
  const command = codeSpan(`flotilla plan ${folder}${start} --head ${head}${at}`, 1000);
  return `${line}, planned for a fleet whose sites all answer and are healthy on the base, without its real state. The same again: ${command} (plan \`sha256:${plan.digest.slice(0, 12)}\`).\n`;
}

/** In quotes where it needs them. One with a dash in front is no option then. */
function shellWord(path: string): string {
  const word = path.startsWith("-") ? `./${path}` : path;
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
