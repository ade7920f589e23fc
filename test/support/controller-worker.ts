/**
 * A scripted worker: it fetches its mirror with the real git, follows hints, and reports over real HTTP whatever the
 * script says. By default every site answers and every app that stands there is healthy at once.
 *
 *   const worker = await startFakeWorker({ url, mirror: "east", token });
 *   worker.script.health = (site, app) => "Degraded";
 *   worker.silence();                  // no reports any more, until `speak`
 *   await worker.stop();
 */
import { randomUUID } from "node:crypto";
import { createRepository, git } from "./git-repository.ts";
import type { AppReport, WorkerReport } from "../../src/core/protocol/worker-report.ts";

/** What the worker says; functions may be replaced at any time. */
export interface WorkerScript {
  /** undefined: the tree was not applied. */
  health: (site: string, app: string, tree: string) => AppReport["health"] | undefined;
  reachable: (site: string) => boolean;
  uid: (site: string) => string;
  /** Objects of which nobody knows how they are. */
  unverified: (site: string, app: string) => number;
  /** What is told of a site besides. */
  facts: (site: string) => object;
}

export interface FakeWorker {
  readonly script: WorkerScript;
  /** The mirror commit it has. */
  head(): string;
  /** Site -> apps whose tree it holds as applied. */
  applied(): ReadonlyMap<string, string>;
  silence(): void;
  speak(): void;
  stop(): Promise<void>;
}

interface Standing {
  readonly tree: string | null;
  readonly leaving: boolean;
}

interface State {
  readonly url: string;
  readonly dir: string;
  readonly token: string;
  readonly script: WorkerScript;
  readonly id: string;
  head: string;
  sequence: number;
  isFull: boolean;
  isSilent: boolean;
  readonly known: Set<string>;
  readonly stopped: Map<string, string>;
  readonly applied: Map<string, { tree: string; since: number }>;
  readonly ever: Set<string>;
}

export async function startFakeWorker(options: {
  readonly url: string;
  readonly mirror: string;
  readonly token: string;
  readonly script?: Partial<WorkerScript>;
  readonly everyMs?: number;
}): Promise<FakeWorker> {
  const script: WorkerScript = {
    health: () => "Healthy",
    reachable: () => true,
    uid: (site) => `uid-of-${site}`,
    unverified: () => 0,
    facts: () => ({}),
    ...options.script,
  };
  const state: State = {
    url: `${options.url}/mirrors/${options.mirror}.git`,
    dir: (await createRepository()).dir,
    token: options.token,
    script,
    id: randomUUID(),
    head: "",
    sequence: 1,
    isFull: true,
    isSilent: false,
    known: new Set(),
    stopped: new Map(),
    applied: new Map(),
    ever: new Set(),
  };
  const ending = new AbortController();
  const ended = run(state, options.everyMs ?? 60, ending.signal);
  return {
    script,
    head: () => state.head,
    applied: () => new Map([...state.applied].map(([key, { tree }]) => [key, tree])),
    silence: () => void (state.isSilent = true),
    speak: () => void (state.isSilent = false),
    stop: async () => {
      ending.abort();
      await ended;
    },
  };
}

async function run(state: State, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    if (!state.isSilent) await turn(state).catch(() => undefined); // the controller may be away
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

async function turn(state: State): Promise<void> {
  await fetchMirror(state);
  const standing = await readStanding(state);
  const answer = await report(state, standing);
  state.isFull = answer.resend;
  state.sequence += 1;
}

async function fetchMirror(state: State): Promise<void> {
  const auth = Buffer.from(`flotilla:${state.token}`).toString("base64");
  const header = `http.extraHeader=Authorization: Basic ${auth}`;
  const listed = await git(["-c", header, "ls-remote", state.url, "refs/heads/main"], state.dir);
  const [head = ""] = listed.split("\t");
  if (head === "" || head === state.head) return;
  await git(["-c", header, "fetch", "-q", state.url, "refs/heads/main"], state.dir);
  state.head = head;
}

/** `site/app` -> what stands there at the head. */
async function readStanding(state: State): Promise<Map<string, Standing>> {
  if (state.head === "") return new Map();
  const names = async (folder: string): Promise<string[]> =>
    (await git(["ls-tree", "-r", "-t", state.head, folder], state.dir)).split("\n");
  const metas = (await names("meta/")).flatMap((line) => /meta\/(.+)\.json$/.exec(line)?.[1] ?? []);
  noteSites(state, new Set(metas));
  return new Map((await names("sites/")).flatMap(standingOf));
}

function standingOf(line: string): [string, Standing][] {
  const leaving = /\tsites\/([^/]+\/[^/]+)\.leaving$/.exec(line)?.[1];
  if (leaving !== undefined) return [[leaving, { tree: null, leaving: true }]];
  const [, tree, key] = /tree (\w+)\tsites\/([^/]+\/[^/]+)$/.exec(line) ?? [];
  return tree === undefined || key === undefined ? [] : [[key, { tree, leaving: false }]];
}

/** A site that is gone from the mirror is one where the worker has stopped. */
function noteSites(state: State, sites: ReadonlySet<string>): void {
  for (const site of state.known) {
    if (sites.has(site)) continue;
    state.stopped.set(site, state.head);
    state.known.delete(site);
  }
  for (const site of sites) {
    state.known.add(site);
    state.stopped.delete(site);
  }
}

async function report(
  state: State,
  standing: ReadonlyMap<string, Standing>,
): Promise<{ resend: boolean }> {
  const body: WorkerReport = {
    worker: state.id,
    sequence: state.sequence,
    full: true,
    head: state.head,
    epoch: 0,
    sites: [...state.known].map((site) => ({
      site,
      reachable: state.script.reachable(site),
      uid: state.script.uid(site),
      message: "",
      ...state.script.facts(site),
    })),
    apps: [...standing].map(([key, entry]) => appReport(state, key, entry)),
    stopped: Object.fromEntries(state.stopped),
    refused: "",
  };
  const answer = await fetch(`${state.url}/reports`, {
    method: "POST",
    headers: {
      authorization: `Basic ${Buffer.from(`flotilla:${state.token}`).toString("base64")}`,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`report refused: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { resend: boolean }; // ReportAnswer
}

function appReport(state: State, key: string, { tree, leaving }: Standing): AppReport {
  const [site = "", app = ""] = key.split("/");
  const word = state.script.health(site, app, tree ?? "");
  const isDone = state.script.reachable(site) && word !== undefined;
  if (isDone) apply(state, key, tree);
  return {
    site,
    app,
    left: leaving && isDone,
    release: null,
    health: word ?? "Progressing",
    ...appliedReport(state, key, { tree, isHealthy: word === "Healthy" }),
    unverified: state.script.unverified(site, app),
    objects: 1,
    message: "",
  };
}

function appliedReport(
  state: State,
  key: string,
  { tree, isHealthy }: { tree: string | null; isHealthy: boolean },
): Omit<
  AppReport,
  "site" | "app" | "left" | "release" | "health" | "unverified" | "objects" | "message"
> {
  const { tree: applied = null, since } = state.applied.get(key) ?? {};
  const healthyForMs = isHealthy ? healthyTime(state, key) : 0;
  return {
    tree: applied,
    sync: applied === tree ? "Synced" : "OutOfSync",
    ...(since !== undefined && { appliedForMs: Math.round(performance.now() - since) }),
    healthyForMs,
    longestHealthyMs: healthyForMs,
    everHealthy: state.ever.has(key),
  };
}

function healthyTime(state: State, key: string): number {
  const applied = state.applied.get(key);
  if (applied === undefined) return 0;
  state.ever.add(key);
  return Math.round(performance.now() - applied.since);
}

/** What stands there is applied; nothing stands there while the app leaves. */
function apply(state: State, key: string, tree: string | null): void {
  if (tree === null) state.applied.delete(key);
  else if (state.applied.get(key)?.tree !== tree) {
    state.applied.set(key, { tree, since: performance.now() });
  }
}
