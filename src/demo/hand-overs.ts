/**
 * What the controller's records say of hand-overs: in which release which app was handed over to which site, and when.
 * Every version of every record is read once, so that a release that came and went between two looks is not missed.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Value } from "typebox/value";
import { createGit, type Git } from "../adapters/git/git-process.ts";
import { mirrorBranch } from "../core/protocol/mirror-layout.ts";
import { controlPaths } from "../core/rollout/control-files.ts";
import { Arrivals, FollowedHead, Release } from "../core/rollout/records.ts";
import type { Clock } from "../runtime/clock.ts";

/** One app handed over to one site. */
export interface HandOver {
  readonly app: string;
  readonly site: string;
  /** When the controller decided it, wall ms. */
  readonly at: number;
  /** Commit that started the release; null: by the open list, that is, the site came late or is back. */
  readonly source: string | null;
}

/** What has been recorded so far. */
export interface Recorded {
  /** The followed commit and when it became that. */
  readonly followed: { readonly commit: string; readonly at: number } | null;
  readonly handOvers: readonly HandOver[];
}

export interface HandOverRecords {
  /** Reads what is new. While control cannot be read, what was known stays. */
  read(): Promise<Recorded>;
}

const recordPath =
  /^(?<head>head\.json)$|^apps\/(?<app>[^/]+)\/(open\/[^/]+|(?<arrivals>arrivals))\.json$/;

/** Reads the control repository in a folder, which may not be there yet. */
export function handOverRecords(gitDir: string, clock: Clock): HandOverRecords {
  const git = createGit({ clock });
  const handOvers = new Map<string, HandOver>();
  let followed: Recorded["followed"] = null;
  let last: string | null = null;
  const take = (path: string, text: string): void => {
    const { head, app = "", arrivals } = recordPath.exec(path)?.groups ?? {};
    const value: unknown = JSON.parse(text);
    if (head !== undefined) {
      if (Value.Check(FollowedHead, value)) {
        followed = { commit: value.commit, at: Date.parse(value.at) };
      }
      return;
    }
    for (const each of handedIn(app, value, arrivals !== undefined)) {
      const key = `${each.site}/${each.app}/${each.at}`;
      if (!handOvers.has(key)) handOvers.set(key, each);
    }
  };
  return {
    read: async () => {
      const head = await headOf(git, gitDir);
      if (head !== null && head !== last) {
        for (const [path, text] of await recordsBetween(git, gitDir, { from: last, to: head })) {
          take(path, text);
        }
        last = head;
      }
      return { followed, handOvers: [...handOvers.values()] };
    },
  };
}

function handedIn(app: string, value: unknown, isArrivals: boolean): HandOver[] {
  if (isArrivals) {
    return Value.Check(Arrivals, value) ? entries(app, value.handed, null) : [];
  }
  return Value.Check(Release, value) ? entries(app, value.handed, value.source) : [];
}

function entries(
  app: string,
  handed: Readonly<Record<string, { readonly at: string }>>,
  source: string | null,
): HandOver[] {
  return Object.entries(handed).map(([site, { at }]) => ({
    app,
    site,
    at: Date.parse(at),
    source,
  }));
}

/** The ref's own file; only where there is none, because it was packed, is git asked. */
async function headOf(git: Git, gitDir: string): Promise<string | null> {
  const text = await readFile(join(gitDir, mirrorBranch), "utf8").catch(() => "");
  if (/^[0-9a-f]{40}\n$/.test(text)) return text.trim();
  const args = ["rev-parse", "--quiet", "--verify", mirrorBranch];
  const { code, stdout } = await git({ args, gitDir, codes: [0, 1, 128] });
  return code === 0 ? stdout.toString("utf8").trim() : null;
}

/** Every version of every record that commits after `from` up to `to` wrote, oldest first. */
async function recordsBetween(
  git: Git,
  gitDir: string,
  { from, to }: { readonly from: string | null; readonly to: string },
): Promise<(readonly [path: string, text: string])[]> {
  const flags = ["--first-parent", "--reverse", "--raw", "--no-renames", "--no-abbrev"];
  const range = from === null ? to : `${from}..${to}`;
  const args = ["log", ...flags, "--format=", range, "--", controlPaths.head, "apps"];
  const { stdout } = await git({ args, gitDir });
  const versions = stdout
    .toString("utf8")
    .split("\n")
    .flatMap((line) => {
      const [, , , oid = "", change = ""] = line.split("\t")[0]?.split(" ") ?? [];
      const path = line.split("\t")[1] ?? "";
      return recordPath.test(path) && change !== "D" ? [{ path, oid }] : [];
    });
  const texts = await readBlobs(git, gitDir, [...new Set(versions.map(({ oid }) => oid))]);
  return versions.flatMap(({ path, oid }) => {
    const text = texts.get(oid);
    return text === undefined ? [] : [[path, text] as const];
  });
}

async function readBlobs(
  git: Git,
  gitDir: string,
  oids: readonly string[],
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (oids.length === 0) return texts;
  const { stdout } = await git({
    args: ["cat-file", "--batch"],
    gitDir,
    input: oids.map((oid) => `${oid}\n`).join(""),
  });
  for (let at = 0; at < stdout.length;) {
    const end = stdout.indexOf("\n", at);
    const [oid = "", , size = ""] = stdout.toString("utf8", at, end).split(" ");
    const start = end + 1;
    const stop = start + Number(size);
    texts.set(oid, stdout.toString("utf8", start, stop));
    at = stop + 1;
  }
  return texts;
}
