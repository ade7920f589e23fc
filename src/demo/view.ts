/** The demo as text. In: how everything stands. Out: lines for a live display, or one line for a log. Pure. */
import type { FleetStatus, SiteStatus } from "../core/protocol/api.ts";
import type { ReleaseProgress, StageProgress } from "../core/rollout/planner-types.ts";
import { readableTimes } from "../core/rollout/words.ts";
import { brokenInWords } from "./breakage.ts";
import type { DemoState } from "./demo.ts";
import type { LastChange } from "./last-change.ts";
import { fitLine, foldLine, type Style, widthOf } from "./style.ts";

export interface ViewOptions {
  readonly style: Style;
  readonly columns: number;
  /** The last lines, in words: what the reader can press. */
  readonly footer: readonly string[];
  /**
   * So many lines at most, of which the footer keeps its own: where there are more, long ones are cut instead of broken,
   * and three dots stand for those left out. Without it: all.
   */
  readonly rows?: number;
}

/** The live display: a headline, a block for each region, releases with their stages, the last change, what is broken. */
export function liveView(
  state: DemoState,
  { style, columns, footer, rows = Infinity }: ViewOptions,
): string[] {
  const { status, lastStatus: known } = state;
  const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
  const keys = footer.length === 0 ? [] : ["", ...wrap("", footer, columns)];
  const blocks = [
    [headline(state, style)],
    known === null ? [] : indent(regionLines(known, style, columns)),
    status === null ? [] : indent(releaseLines(status, style, columns)),
    newsLines(state, style),
    troubleLines(state, style),
  ];
  const lines = blocks
    .filter((block) => block.length > 0)
    .flatMap((block, index) => (index === 0 ? block : ["", ...block]));
  const room = Math.max(1, rows - keys.length);
  const folded = lines.flatMap((line) => foldLine(line, columns));
  const shown = folded.length <= room ? folded : shorten(lines, room);
  return [...shown, ...keys].map((line) => fitLine(line, columns));
}

function shorten(lines: readonly string[], room: number): readonly string[] {
  return lines.length <= room ? lines : [...lines.slice(0, room - 1), "..."];
}

/** What became of the last commit. */
function newsLines({ status, lastStatus, change }: DemoState, style: Style): string[] {
  const refused = status?.refused ?? null;
  const lines = refused === null ? [] : refusedLines(refused, style);
  if (change === null || refused?.commit === change.commit) return lines;
  const isThrough =
    lastStatus?.revision?.endsWith(change.commit) === true && lastStatus.releases.length === 0;
  return [...lines, ...changeLines(change, isThrough)];
}

function troubleLines({ broken, ended }: DemoState, style: Style): string[] {
  return [
    ...broken.map((one) => style.tone("bad", `broken: ${brokenInWords(one)}`)),
    ...ended.map(({ role, log }) => style.tone("bad", `${role} ended by itself; see ${log}`)),
  ];
}

/** One line for a log: it changes only when something moves. */
export function plainLine({ status, lastStatus, broken }: DemoState): string {
  if (lastStatus === null) return "the controller is not up yet";
  if (status === null) return ["the controller does not answer", ...brokenWords(broken)].join("; ");
  if (status.revision === null && status.refused === null) return "no commit is followed yet";
  const { total, synced, healthy, offline } = status.sites;
  const moving = status.releases.map((release) => {
    const open = release.stages.find((stage) => stage.opened && !stage.passed);
    const stage =
      open === undefined
        ? ""
        : ` (stage ${open.name}${release.state === "soaking" ? ", soaking" : ""})`;
    return `${release.app} ${sumOf(release, "done")}/${sumOf(release, "sites")}${stage}`;
  });
  const silent = status.regions.filter(({ worker }) => worker === "silent").map(({ name }) => name);
  return [
    `${synced}/${total} sites in sync, ${healthy}/${total} healthy${offline > 0 ? `, ${offline} offline` : ""}`,
    moving.length === 0 ? "nothing in flight" : moving.join(", "),
    ...(silent.length === 0 ? [] : [`silent: ${silent.join(", ")}`]),
    ...(status.refused === null ? [] : [`not followed: ${status.refused.reason}`]),
    ...brokenWords(broken),
  ].join("; ");
}

function brokenWords(broken: DemoState["broken"]): string[] {
  return broken.length === 0 ? [] : [`broken: ${broken.map(brokenInWords).join(", ")}`];
}

/** The times of a change in words, a line or two. */
function changeLines(change: LastChange, isThrough: boolean): string[] {
  const { commit, commitToSeenMs, seenToLastSiteMs, handedOver, applied, timeToEffectMs } = change;
  const name = `last change ${commit.slice(0, 8)}`;
  if (commitToSeenMs === null) return [`${name}: committed, not seen yet`];
  const seen = `${name}: seen ${seconds(commitToSeenMs)} after the commit`;
  if (handedOver === 0) {
    return [`${seen}; ${isThrough ? "it changes no site" : "nothing is handed over yet"}`];
  }
  if (timeToEffectMs === null || seenToLastSiteMs === null) {
    return [`${seen}; ${handedOver} hand-overs, none applied yet`];
  }
  const { p50, max } = timeToEffectMs;
  return [
    `${seen}, at the last site so far ${seconds(commitToSeenMs + seenToLastSiteMs)} after it`,
    `  ${applied} of ${handedOver} hand-overs applied, ${seconds(p50)} after each (slowest ${seconds(max)})`,
  ];
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

function headline({ status, lastStatus }: DemoState, style: Style): string {
  if (lastStatus === null) return style.tone("moving", "starting: the controller is not up yet");
  if (status === null)
    return style.tone("bad", "the controller does not answer; workers go on without it");
  const { fleet, revision, sites } = status;
  if (revision === null) return style.tone("moving", "starting: no commit is followed yet");
  const counts = [
    tally(style, { is: sites.synced, of: sites.total, word: "in sync" }),
    tally(style, { is: sites.healthy, of: sites.total, word: "healthy" }),
    ...(sites.offline > 0 ? [style.tone("bad", `${sites.offline} offline`)] : []),
  ];
  return `${style.tone("strong", fleet)} at ${shortRevision(revision)}: ${counts.join(", ")}`;
}

function refusedLines(
  { commit, reason }: NonNullable<FleetStatus["refused"]>,
  style: Style,
): string[] {
  const lines = [`commit ${commit.slice(0, 8)} is not followed:`, ...reason.split("\n")];
  return lines.map((line) => style.tone("bad", line));
}

function shortRevision(revision: string): string {
  return revision.replace(/sha1:(?<start>[0-9a-f]{8})[0-9a-f]*$/, "$<start>");
}

interface Tally {
  readonly is: number;
  readonly of: number;
  readonly word: string;
}

function tally(style: Style, { of: total, is: count, word }: Tally): string {
  return style.tone(count === total ? "good" : "moving", `${count}/${total} ${word}`);
}

function regionLines(status: FleetStatus, style: Style, columns: number): string[] {
  const width = Math.max(...status.regions.map(({ name }) => name.length));
  return status.regions.flatMap(({ name, worker }) => {
    const sites = status.siteList.filter(({ region }) => region === name);
    const isLive = worker === "live";
    const well = sites.filter((site) => toneOf(site) === "good").length;
    const tone = isLive ? (well === sites.length ? "good" : "moving") : "bad";
    const word = isLive ? "" : style.tone("bad", ` worker silent`);
    const head = `${name.padEnd(width)} ${style.tone(tone, `${well}/${sites.length}`)}${word}  `;
    const marks = sites.map((site) => siteMark(site, isLive, style));
    return wrap(head, marks, columns - 2);
  });
}

/** Words behind a head, on as many lines as it takes. */
function wrap(head: string, words: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  const margin = " ".repeat(widthOf(head));
  let line = head;
  let isEmpty = true;
  for (const word of words) {
    if (!isEmpty && widthOf(line) + widthOf(word) > columns) {
      lines.push(ended(line));
      line = margin;
      if (word === bar) continue;
    }
    line += `${word}  `;
    isEmpty = false;
  }
  return [...lines, ended(line)];
}

/** Stands between words of one line. */
const bar = "|";

function ended(line: string): string {
  const text = line.trimEnd();
  return text.endsWith(` ${bar}`) ? text.slice(0, -bar.length).trimEnd() : text;
}

type SiteTone = "good" | "moving" | "bad";

function toneOf({ reachable, apps }: SiteStatus): SiteTone {
  if (!reachable || apps.some(({ health }) => health === "Degraded")) return "bad";
  const isWell = apps.every(
    ({ sync, health }) => sync === "Synced" && (health === "Healthy" || health === "Suspended"),
  );
  return isWell ? "good" : "moving";
}

function siteMark(site: SiteStatus, isLive: boolean, style: Style): string {
  const tone = isLive ? toneOf(site) : "quiet";
  const note = site.reachable || !isLive ? "" : " (offline)";
  return `${style.mark(tone)} ${site.site}${style.tone("bad", note)}`;
}

function releaseLines(
  { revision, releases, waits }: FleetStatus,
  style: Style,
  columns: number,
): string[] {
  if (revision === null) return [];
  if (releases.length === 0) return [style.tone("quiet", "nothing in flight")];
  return releases.flatMap((release) => {
    const stages = release.stages.map((stage) => stageInWords(stage, release.state, style));
    const own = waits.find(
      (wait) => wait.app === release.app && wait.release === release.release.id,
    );
    const kind = release.kind === "app" ? "" : ` (${release.kind})`;
    return [
      ...wrap(`${release.app}${kind}  `, stages, columns - 2),
      ...(own === undefined
        ? []
        : [`  ${style.tone("quiet", readableTimes(`${own.reason}; ends when ${own.endsWhen}`))}`]),
    ];
  });
}

function stageInWords(stage: StageProgress, state: string, style: Style): string {
  const extras = (["inFlight", "failed", "unchanged", "excused"] as const)
    .filter((column) => stage[column] > 0)
    .map((column) => `${stage[column]} ${column === "inFlight" ? "in flight" : column}`);
  const isOpen = stage.opened && !stage.passed;
  if (isOpen && state === "soaking") extras.push("soaking");
  const note = extras.length === 0 ? "" : ` (${extras.join(", ")})`;
  const tone = stage.failed > 0 ? "bad" : stage.passed ? "good" : isOpen ? "moving" : "quiet";
  return `${style.mark(tone)} ${stage.name} ${stage.done}/${stage.sites}${note}`;
}

function sumOf({ stages }: ReleaseProgress, column: "done" | "sites"): number {
  return stages.reduce((sum, stage) => sum + stage[column], 0);
}
