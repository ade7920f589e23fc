/** What needs a person, most urgent first, and the commands to answer with. Pure. */
import type { FleetStatus } from "./api.ts";
import type { WaitGroup } from "../rollout/group-waits.ts";
import {
  approveCommands,
  excuseCommand,
  excuseRegionCommand,
  retryCommand,
} from "./answer-commands.ts";

export interface AttentionItem {
  /** Stays the same while the matter lasts. */
  readonly key: string;
  readonly tone: "bad" | "ask";
  readonly title: string;
  /** Its times as ISO 8601. */
  readonly text: string;
  /** Lines of mistakes, as compilers print them. */
  readonly lines: readonly string[];
  readonly commands: readonly string[];
}

/** `groups`: the waits of the status. */
export function attentionOf(
  status: FleetStatus,
  groups: readonly WaitGroup[],
): readonly AttentionItem[] {
  return [
    ...refusedItems(status),
    ...failedItems(groups),
    ...silentItems(status),
    ...approvalItems(groups),
  ];
}

/** What of it the waits of one site or of the whole fleet ask for. */
export function askedByWaits(groups: readonly WaitGroup[]): readonly AttentionItem[] {
  return [...failedItems(groups), ...approvalItems(groups)];
}

function refusedItems({ refused, revision }: FleetStatus): AttentionItem[] {
  if (refused === null) return [];
  const { commit, reason, mistakes } = refused;
  const stays =
    revision === null ? "Nothing is followed yet." : "All goes on from the last valid commit.";
  return [
    {
      key: "refused",
      tone: "bad",
      title: `Commit ${commit.slice(0, 12)} is not followed`,
      text: mistakes.length > 0 ? `It is not a valid fleet. ${stays}` : `${reason}. ${stays}`,
      lines: mistakes,
      commands: [],
    },
  ];
}

const stopped: ReadonlySet<string> = new Set(["failure-budget", "rolling-back"]);

function failedItems(groups: readonly WaitGroup[]): AttentionItem[] {
  const used = groups.filter(({ code, isWhole }) => stopped.has(code) && isWhole);
  return used.map(({ app, release, stage, code, reason, endsWhen }) => {
    const failed = groups
      .filter((group) => group.code === "failed" && group.release === release)
      .flatMap(({ sites }) => sites);
    // What goes back does not go on without a site.
    const site = code === "rolling-back" ? undefined : failed[0];
    return {
      key: `failed-${app}-${release}`,
      tone: "bad",
      title: `${app} has stopped in stage ${stage}`,
      text: `${reason}. It goes on when ${endsWhen}.`,
      lines: [],
      commands:
        release === null
          ? []
          : [
              retryCommand(app, release),
              ...(site === undefined ? [] : [excuseCommand(app, release, site)]),
            ],
    };
  });
}

/** One item for each approval, however many releases wait for it. */
function approvalItems(groups: readonly WaitGroup[]): AttentionItem[] {
  const items = groups.flatMap(({ needs, reason }): AttentionItem[] => {
    if (needs === undefined) return [];
    const { app, release, what, value } = needs;
    return [
      {
        key: `approve-${app}-${release}-${what}-${value}`,
        tone: "ask",
        title: `${app} waits for an approval`,
        text: `${sentence(reason)}. Release ${release}.`,
        lines: [],
        commands: approveCommands(needs),
      },
    ];
  });
  return [...new Map(items.map((item) => [item.key, item])).values()];
}

function silentItems({ regions }: FleetStatus): AttentionItem[] {
  return regions
    .filter(({ worker, sites, excused }) => worker === "silent" && sites > 0 && excused !== true)
    .map(({ name, message }) => ({
      key: `silent-${name}`,
      tone: "bad",
      title: `The worker of region ${name} is silent`,
      text: `${sentence(message)}. Nothing is handed over there. It ends when the worker reports, or go on without the region:`,
      lines: [],
      commands: [excuseRegionCommand(name)],
    }));
}

/** With a capital at the start, unless it starts with a name (one of these, or any with signs in it) or path. */
export function sentence(text: string, names: readonly string[] = []): string {
  const [first = ""] = text.split(" ", 1);
  const isWord = /^[a-z]+ /.test(text) && !names.includes(first);
  return isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}
