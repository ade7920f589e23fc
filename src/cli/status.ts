import type { FleetStatus } from "../core/protocol/api.ts";
import { type AttentionItem, attentionOf } from "../core/protocol/attention.ts";
import { groupWaits } from "../core/rollout/group-waits.ts";
import type { ReleaseProgress, Wait } from "../core/rollout/planner-types.ts";
import { readableTimes, someOf } from "../core/rollout/words.ts";
import type { Command } from "./command.ts";
import { connectController, controllerOptions, controllerUsage } from "./controller-client.ts";
import { noArguments } from "./no-arguments.ts";
import { formatData, formatTable, outputFormat, outputOption } from "./output.ts";

/** `flotilla status`. */
export const command: Command = {
  summary: "show where releases, regions and sites stand",
  usage: `Usage: flotilla status [-o table|json|yaml]

Options:
${controllerUsage}
  -o, --output       table (default), json or yaml

Exit codes: 0 the head is followed, every release is through, every site is in sync and healthy, and the
head has no version that is known to be bad; 1 not (yet); 2 could not find out, also where the controller
cannot: it does not reach the fleet repository.
`,
  options: { ...controllerOptions, ...outputOption },
  async run(args, io) {
    noArguments("status", args);
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const status = await (await connectController(args, io)).status();
    io.stdout(format === "table" ? statusText(status) : formatData(status, format));
    return exitCodeOf(status);
  },
};

/** What the status says to a script. What is known not to be well is so, whatever else is not known. */
export function exitCodeOf(status: FleetStatus): 0 | 1 | 2 {
  if (!isAllWell(status)) return 1;
  return status.outdated === undefined ? 0 : 2;
}

function isAllWell(status: FleetStatus): boolean {
  const { revision, refused, sites, releases, waits, controlLost } = status;
  const isBad = waits.some(({ code }) => code === "bad-version");
  const isWhere = revision !== null && refused === null && controlLost !== true && !isBad;
  const isThrough = releases.every(({ state }) => state === "done");
  return isWhere && isThrough && sites.synced === sites.total && sites.healthy === sites.total;
}

/** The status as people read it: what is wrong stands in words, what is fine only in counts. */
export function statusText(status: FleetStatus): string {
  const parts = [
    headline(status),
    section(
      ["REGION", "SITES", "WORKER", "MESSAGE"],
      status.regions.map(({ name, sites, worker, message }) => [
        name,
        String(sites),
        worker,
        readableTimes(message),
      ]),
    ),
    section(
      ["APP", "SITES", "SYNCED", "HEALTHY", "RELEASE"],
      status.apps.map(({ app, sites, synced, healthy, release }) => [
        app,
        ...[sites, synced, healthy].map(String),
        release ?? "-",
      ]),
    ),
    section(["RELEASE", "APP", "KIND", "STATE", "STAGES"], status.releases.map(releaseRow)),
    section(["SITE", "REGION", "APP", "SYNC", "HEALTH", "MESSAGE"], unwellSites(status)),
    list("To decide:", attentionOf(status, groupWaits(status.waits)).flatMap(answerLines)),
    list("Waits:", waitLines(status.waits)),
    list(
      "Holds:",
      status.holds.map(
        ({ id, scope, by, why, declared }) =>
          `${id}: ${scope}, by ${by}${declared === undefined ? "" : ` in ${declared}`}: ${why}`,
      ),
    ),
    list("Warnings:", status.warnings),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function headline({ fleet, revision, refused, sites, siteList }: FleetStatus): string {
  const counts = [
    `${sites.synced} in sync`,
    `${sites.healthy} healthy`,
    ...(sites.offline > 0 ? [`${sites.offline} offline`] : []),
    ...(sites.suspended > 0 ? [`${sites.suspended} suspended`] : []),
  ];
  return [
    `Fleet ${fleet} at ${revision ?? "no commit yet"}\n`,
    ...(refused === null ? [] : [`Not followed: ${refused.commit}: ${oneLine(refused.reason)}\n`]),
    `${plural(sites.total, "site")}: ${counts.join(", ")}\n`,
    ...kubernetesLine(siteList),
    ...leavingLine(siteList),
  ].join("");
}

/** Which sites the fleet has no longer, and lose their apps; nothing where there are none. */
function leavingLine(sites: FleetStatus["siteList"]): string[] {
  const names = sites.flatMap(({ site, leaving }) => (leaving === true ? [site] : []));
  return names.length === 0 ? [] : [`Leaving the fleet: ${someOf(names, maxNames)}\n`];
}

/** Which Kubernetes how many sites have told to be; nothing where none has. */
function kubernetesLine(sites: FleetStatus["siteList"]): string[] {
  const versions = new Map<string, number>();
  for (const { kubernetesVersion } of sites) {
    if (kubernetesVersion === undefined) continue;
    versions.set(kubernetesVersion, (versions.get(kubernetesVersion) ?? 0) + 1);
  }
  const counts = [...versions].toSorted(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
  const words = counts.map(([version, count]) => `${version} (${plural(count, "site")})`);
  return words.length === 0 ? [] : [`Kubernetes: ${someOf(words, maxNames)}\n`];
}

/** Of the failed sites some went back, and of the excused ones some are offline: no columns of their own. */
const extraColumns = [
  ["inFlight", "in flight"],
  ["failed", "failed"],
  ["rolledBack", "of them rolled back"],
  ["unchanged", "unchanged"],
  ["excused", "excused"],
  ["offline", "of them offline"],
  ["waiting", "waiting"],
] as const;

function releaseRow({ app, release, kind, state, stages, urgent }: ReleaseProgress): string[] {
  const parts = stages.map((stage) => {
    const extras = extraColumns
      .filter(([column]) => stage[column] > 0)
      .map(([column, word]) => `${stage[column]} ${word}`);
    const note = extras.length === 0 ? "" : ` (${extras.join(", ")})`;
    return `${stage.name} ${stage.done}/${stage.sites}${note}${stage.passed ? " passed" : ""}`;
  });
  const stateText = urgent === undefined ? state : `${state}, urgent`;
  return [release.id, app, kind, stateText, parts.join(", ")];
}

function unwellSites({ siteList }: FleetStatus): string[][] {
  return siteList.flatMap(({ site, region, reachable, message: ofSite = "", apps }) => {
    const unwell = apps.filter(
      ({ sync, health }) => sync !== "Synced" || !["Healthy", "Suspended"].includes(health),
    );
    const rows = unwell.map(({ app, sync, health, message }) => [
      site,
      region,
      app,
      sync,
      health,
      reachable || ofSite !== "" ? message : `offline; ${message}`,
    ]);
    const words = [...(reachable ? [] : ["offline"]), ofSite].filter((part) => part !== "");
    const isTold = ofSite === "" && (reachable || rows.length > 0);
    return isTold ? rows : [[site, region, "-", "-", "-", words.join("; ")], ...rows];
  });
}

/** What a person is asked, with each command that answers it; nothing where none does. */
function answerLines({ title, commands }: AttentionItem): string[] {
  return commands.map((command) => `${title}: ${command}`);
}

/** One line for each reason: sites that wait for the same stand together. */
export function waitLines(waits: readonly Wait[]): string[] {
  return groupWaits(waits).map(({ app, release, stage, sites, reason, endsWhen }) => {
    const inStage = stage === null ? "" : ` stage ${stage}`;
    const ofRelease = release === null ? "" : ` (${release})`;
    const at = sites.length === 0 ? "" : ` at ${someOf(sites, maxNames)}`;
    return readableTimes(`${app}${inStage}${ofRelease}${at}: ${reason}; ends when ${endsWhen}`);
  });
}

const maxNames = 5;

function section(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(oneLine));
  return cells.length === 0 ? "" : formatTable(headings, cells);
}

function list(title: string, lines: readonly string[]): string {
  return lines.length === 0
    ? ""
    : `${title}\n${lines.map((line) => `  ${oneLine(line)}\n`).join("")}`;
}

/** Messages come from clusters, too: a control character must not reach the terminal. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
