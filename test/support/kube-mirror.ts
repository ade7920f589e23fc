/**
 * A mirror for worker tests: a bare repository with the layout of mirrors, served over HTTP with hints and reports as a
 * controller serves it.
 *
 *   const mirror = await startTestMirror();
 *   await mirror.commit({ s1: { web: [configMap("a", { k: "1" })] } });     // the whole mirror, by site and app
 *   mirror.app("s1", "web")                                                  // newest AppReport
 *   await mirror.stop();  await mirror.start();                              // the controller goes away and comes back
 */
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMirrorGitHandler } from "../../src/adapters/git/http-backend.ts";
import { type NativeStore, openStore } from "../../src/adapters/git/native-store.ts";
import { RecentEntries } from "../../src/adapters/git/recent-entries.ts";
import type { TreeChange } from "../../src/adapters/git/object-store.ts";
import { type KubeObject, keyOf, objectId } from "../../src/core/model/kube-object.ts";
import { emitYaml } from "../../src/core/render/emit-yaml.ts";
import {
  type AppPolicy,
  type LeavingMarker,
  type SiteMeta,
  formatTrailers,
  mirrorBranch,
} from "../../src/core/protocol/mirror-layout.ts";
import type { SiteAnswer, SiteDiff } from "../../src/core/protocol/site-diff.ts";
import type { AppReport, SiteReport, WorkerReport } from "../../src/core/protocol/worker-report.ts";
import { systemClock } from "../../src/runtime/system-clock.ts";

/** By site, by app: its objects, or a marker. A site that is not named is not in the mirror. */
type MirrorContent = Readonly<
  Record<string, Readonly<Record<string, readonly KubeObject[] | LeavingMarker>>>
>;

interface CommitOptions {
  readonly epoch?: number;
  readonly driftIntervalMs?: number;
  readonly maxDriftedPercent?: number;
  /** How apps are treated, at all sites. */
  readonly policies?: Readonly<Record<string, AppPolicy>>;
  /** Service accounts that apps are written as, at all sites. */
  readonly accounts?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly formerUid?: string;
  readonly suspend?: boolean;
  readonly namespace?: string;
  /** Makes the trailers wrong. */
  readonly objects?: number;
}

export interface TestMirror {
  readonly url: string;
  readonly tokenFile: string;
  readonly store: NativeStore;
  readonly reports: readonly WorkerReport[];
  /** True: it refuses reports with fields that it does not know, as old controllers did. */
  isOld: boolean;
  /** Forgets all reports, as a controller that starts. */
  forget(): void;
  commit(content: MirrorContent, options?: CommitOptions): Promise<string>;
  /** Paths of the git requests that came, in order. */
  readonly gitRequests: readonly string[];
  /** Tells the head once more to who follows the hints. */
  announce(): void;
  /** Points the branch elsewhere, whatever it descends from. */
  force(commit: string): Promise<void>;
  /** Asks the worker that follows the hints; throws its refusal. */
  ask(site: string, app?: string): Promise<SiteDiff>;
  app(site: string, app: string): AppReport | undefined;
  site(site: string): SiteReport | undefined;
  last(): WorkerReport | undefined;
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

const token = "mirror-token";

export async function startTestMirror(name = "eu"): Promise<TestMirror> {
  const dir = await mkdtemp(join(tmpdir(), "flotilla-mirror-"));
  const repoDir = join(dir, `${name}.git`);
  const recent = new RecentEntries(16 * 1024 * 1024);
  const store = await openStore(repoDir, { create: true, clock: systemClock(), recent });
  const tokenFile = join(dir, "token");
  await writeFile(tokenFile, `${token}\n`);
  const reports: WorkerReport[] = [];
  const apps = new Map<string, AppReport>();
  const sites = new Map<string, SiteReport>();
  const hints = new Set<ServerResponse>();
  const gitRequests: string[] = [];
  const answers = new Map<string, (answer: SiteAnswer) => void>();
  let head = "";
  let epoch = 1;
  let count = 0;
  const take = (report: WorkerReport): boolean => {
    const isNext =
      reports.at(-1)?.worker === report.worker && reports.at(-1)?.sequence === report.sequence - 1;
    if (!report.full && !isNext) return false;
    reports.push(report);
    for (const app of report.apps) apps.set(`${app.site}/${app.app}`, app);
    for (const site of report.sites) sites.set(site.site, site);
    return true;
  };
  const serveGit = createMirrorGitHandler({
    repoDir: () => repoDir,
    authorize: (_mirror, authorization) => isAuthorized(authorization),
    news: (_mirror, range) => store.news(range),
    clock: systemClock(),
  });
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? "").replace(`/mirrors/${name}.git`, "");
    if (!isAuthorized(request.headers.authorization)) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="flotilla"' }).end();
    } else if (path === "/hints") {
      response.writeHead(200, { "content-type": "application/x-ndjson" });
      response.write(`${JSON.stringify({ head, epoch })}\n`);
      hints.add(response);
      response.on("close", () => hints.delete(response));
    } else if (path === "/answers") {
      const answer = (await readJson(request)) as SiteAnswer; // of the worker under test
      answers.get(answer.id)?.(answer);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    } else if (path === "/reports") {
      // Written by the worker under test.
      const report = (await readJson(request)) as WorkerReport;
      if (mirror.isOld && tellsNews(report)) {
        response.writeHead(400).end();
        return;
      }
      const isTaken = take(report);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ resend: !isTaken, head, epoch }));
    } else {
      gitRequests.push(path);
      if (!(await serveGit(request, response))) response.writeHead(404).end();
    }
  };
  let server: Server | undefined;
  let port = 0;
  const start = async (): Promise<void> => {
    const next = createServer((request, response) => {
      void serve(request, response).catch(() => response.destroy());
    });
    next.unref();
    await new Promise<void>((resolve) => next.listen(port, "127.0.0.1", resolve));
    // A listening TCP server has an AddressInfo.
    port = (next.address() as AddressInfo).port;
    server = next;
  };
  const stop = async (): Promise<void> => {
    const old = server;
    server = undefined;
    old?.closeAllConnections();
    await new Promise<void>((resolve) =>
      old === undefined ? resolve() : old.close(() => resolve()),
    );
  };
  const announce = (): void => {
    for (const stream of hints) stream.write(`${JSON.stringify({ head, epoch })}\n`);
  };
  await start();
  const mirror: TestMirror = {
    isOld: false,
    forget: () => void reports.splice(0),
    url: `http://127.0.0.1:${port}/mirrors/${name}.git`,
    tokenFile,
    store,
    reports,
    gitRequests,
    announce,
    commit: async (content, options = {}) => {
      epoch = options.epoch ?? epoch;
      const { changes, objects } = changesOf(content, options);
      const trailers = {
        epoch,
        control: "0".repeat(40),
        sites: Object.keys(content).length,
        objects: options.objects ?? objects,
        changes: [],
      };
      count += 1;
      const parent = await store.resolve(mirrorBranch);
      head = await store.commitChanges({
        ref: mirrorBranch,
        parent,
        changes: [...(await removals(store, parent, changes)), ...changes],
        message: `mirror ${count}\n\n${formatTrailers(trailers)}`,
        author: "test",
        at: 1_750_000_000_000 + count * 1000,
      });
      announce();
      return head;
    },
    force: async (commit) => {
      await store.setRef(mirrorBranch, commit, await store.resolve(mirrorBranch));
      head = commit;
      announce();
    },
    ask: async (site, app) => {
      const id = randomUUID();
      const answered = new Promise<SiteAnswer>((resolve) => answers.set(id, resolve));
      const line = JSON.stringify({ ask: { id, site, app: app ?? null } });
      for (const stream of hints) stream.write(`${line}\n`);
      const { diff, refusal } = await answered;
      if (diff === undefined) throw new Error(`${refusal?.code}: ${refusal?.message}`);
      return diff;
    },
    app: (site, app) => apps.get(`${site}/${app}`),
    site: (site) => sites.get(site),
    last: () => reports.at(-1),
    stop,
    start,
    close: async () => {
      await stop();
      await store.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return mirror;
}

async function removals(
  store: NativeStore,
  parent: string | null,
  kept: readonly TreeChange[],
): Promise<TreeChange[]> {
  if (parent === null) return [];
  const paths = new Set(kept.map(({ path }) => path));
  const files = await store.list(parent);
  return files.filter(({ path }) => !paths.has(path)).map(({ path }) => ({ path, remove: true }));
}

function changesOf(
  content: MirrorContent,
  options: CommitOptions,
): { changes: TreeChange[]; objects: number } {
  const changes: TreeChange[] = [];
  let objects = 0;
  for (const [site, apps] of Object.entries(content)) {
    const facts: SiteMeta["apps"] = {};
    for (const [app, target] of Object.entries(apps)) {
      facts[app] = factsOf(app, options);
      if (!isObjects(target)) {
        changes.push({ path: `sites/${site}/${app}.leaving`, content: JSON.stringify(target) });
        continue;
      }
      for (const object of target) {
        const path = `sites/${site}/${app}/${objectId(keyOf(object))}.yaml`;
        changes.push({ path, content: emitYaml(object) });
        objects += 1;
      }
    }
    const meta = {
      fleet: "demo",
      site,
      region: "eu",
      suspend: options.suspend ?? false,
      apps: facts,
      drift: {
        intervalMs: options.driftIntervalMs ?? 3_600_000,
        maxSitesPerMinute: 1000,
        maxDriftedPercent: options.maxDriftedPercent,
      },
      // What is undefined is not written.
      policies: options.policies,
      mustKnow: options.accounts && ["apps.serviceAccountName"],
      uid: options.uid,
      formerUid: options.formerUid,
    };
    changes.push({ path: `meta/${site}.json`, content: JSON.stringify(meta) });
  }
  return { changes, objects };
}

function factsOf(
  app: string,
  { namespace = "default", accounts = {} }: CommitOptions,
): SiteMeta["apps"][string] {
  const account = accounts[app];
  const as = account === undefined ? {} : { serviceAccountName: account };
  return { namespace, release: "r1", ...as };
}

function isObjects(target: readonly KubeObject[] | LeavingMarker): target is readonly KubeObject[] {
  return Array.isArray(target);
}

function isAuthorized(authorization: string | undefined): boolean {
  return authorization?.startsWith("Basic ") === true;
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** Something that controllers did not know which refused whatever they did not know. */
function tellsNews({ sites, apps }: WorkerReport): boolean {
  return (
    sites.some(({ kubernetesVersion }) => kubernetesVersion !== undefined) ||
    apps.some(({ appliedForMs }) => appliedForMs !== undefined)
  );
}
