/**
 * Where the test control planes' programs come from: `KUBEBUILDER_ASSETS` when set (a folder with
 * `etcd`, `kube-apiserver` and perhaps `kube-controller-manager`), else one Go binary built from
 * this folder and kept in the user's cache.
 *
 * Run directly it builds (or finds) the binary and prints its path.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { isExecutable } from "../support/is-executable.ts";
import { buildFlags, goBuild } from "./go-build.ts";
import { findGo } from "./go.ts";
import { withLock } from "./lock.ts";

/** How to call each program: the argv before its flags. */
export interface Components {
  readonly etcd: readonly string[];
  readonly apiserver: readonly string[];
  /** Absent when `KUBEBUILDER_ASSETS` has no `kube-controller-manager`. */
  readonly controllers: readonly string[] | undefined;
}

/** The programs, or one line saying why there are none. */
export type ResolvedComponents =
  | { readonly ok: true; readonly components: Components }
  | { readonly ok: false; readonly reason: string };

/** With `build: false` (default true) nothing is built: a binary not in the cache is a reason. */
export interface ResolveOptions {
  readonly build?: boolean;
  readonly environment?: NodeJS.ProcessEnv;
}

const sourceFolder = import.meta.dirname;

/** Finds the programs of a control plane, building them when needed (minutes, once). */
export async function resolveComponents(options: ResolveOptions = {}): Promise<ResolvedComponents> {
  const { build = true, environment = process.env } = options;
  const assets = environment.KUBEBUILDER_ASSETS;
  if (assets !== undefined && assets !== "") return componentsIn(assets);
  const go = await findGo(environment);
  if (!go.ok) return go;
  const binary = join(cacheFolder(environment), await cacheKey(go.version), "control-plane");
  if (!(await isExecutable(binary))) {
    if (!build)
      return { ok: false, reason: `not built yet; run: node test/control-plane/build.ts` };
    const failure = await buildOnce(binary);
    if (failure !== undefined) return { ok: false, reason: failure };
  }
  return {
    ok: true,
    components: {
      etcd: [binary, "etcd"],
      apiserver: [binary, "apiserver"],
      controllers: [binary, "controllers"],
    },
  };
}

async function componentsIn(folder: string): Promise<ResolvedComponents> {
  const [etcd, apiserver, controllers] = ["etcd", "kube-apiserver", "kube-controller-manager"].map(
    (program) => join(folder, program),
  ) as [string, string, string]; // map keeps the length
  for (const program of [etcd, apiserver]) {
    if (await isExecutable(program)) continue;
    return { ok: false, reason: `KUBEBUILDER_ASSETS is set, but ${program} is not a program` };
  }
  return {
    ok: true,
    components: {
      etcd: [etcd],
      apiserver: [apiserver],
      controllers: (await isExecutable(controllers)) ? [controllers] : undefined,
    },
  };
}

async function cacheKey(goVersion: string): Promise<string> {
  const hash = createHash("sha256");
  hash.update(`${goVersion}\n${process.arch}\n${buildFlags("").join(" ")}\n`);
  const names = (await readdir(sourceFolder)).filter((name) => /^go\.(mod|sum)$|\.go$/.test(name));
  for (const name of names.toSorted()) {
    const content = await readFile(join(sourceFolder, name));
    hash.update(`${name} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function cacheFolder(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "flotilla", "control-plane");
}

/** Builds to a temporary name and renames; of two builders at once, one waits. */
async function buildOnce(binary: string): Promise<string | undefined> {
  const folder = join(binary, "..");
  await mkdir(folder, { recursive: true });
  return withLock(join(folder, "lock"), async () => {
    if (await isExecutable(binary)) return undefined;
    const unfinished = `${binary}.${process.pid}`;
    try {
      const failure = await goBuild(sourceFolder, unfinished);
      if (failure === undefined) await rename(unfinished, binary);
      return failure;
    } finally {
      await rm(unfinished, { force: true });
    }
  });
}

if (import.meta.main) {
  const resolved = await resolveComponents();
  if (resolved.ok) {
    process.stdout.write(`${resolved.components.apiserver[0]}\n`);
  } else {
    process.stderr.write(`${resolved.reason}\n`);
    process.exitCode = 2;
  }
}
