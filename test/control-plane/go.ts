/** Go's own tools, run in the module of this folder: its versions of the Kubernetes libraries are what tests compare with. */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { buildFlags } from "./go-build.ts";

const oldestGo = { major: 1, minor: 21 };

/** Go, if one is on the PATH that is new enough. */
export type FoundGo = { ok: true; version: string } | { ok: false; reason: string };

/** Looks for Go on the PATH. */
export async function findGo(environment: NodeJS.ProcessEnv = process.env): Promise<FoundGo> {
  const version = await outputOf(["go", "version"], environment);
  const wanted = `Go ${oldestGo.major}.${oldestGo.minor} or newer`;
  if (version === undefined) {
    return {
      ok: false,
      reason: `the test control planes need ${wanted}; there is no go on the PATH`,
    };
  }
  const found = /go(?<major>\d+)\.(?<minor>\d+)/.exec(version)?.groups;
  const isOld =
    found !== undefined &&
    (Number(found["major"]) < oldestGo.major ||
      (Number(found["major"]) === oldestGo.major && Number(found["minor"]) < oldestGo.minor));
  if (isOld)
    return { ok: false, reason: `the test control planes need ${wanted}; this is ${version}` };
  return { ok: true, version };
}

/** What a program prints, or undefined when it cannot be run. */
function outputOf(
  argv: readonly [string, ...string[]],
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const [program, ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      // Not in this folder: Go would first fetch the toolchain that go.mod asks for.
      cwd: tmpdir(),
      env: environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.on("error", () => resolve(undefined));
    child.on("close", (code) => resolve(code === 0 ? output.trim() : undefined));
  });
}

/** Runs the program in a folder below this one; gives what it prints. */
export function runProgram(folder: string, input: string): Promise<string> {
  return runGo(["run", ...buildFlags("v0.0.0"), `./${folder}`], input);
}

/** Where the source of a package lies, tests and all; it is fetched if need be. */
export async function packageFolder(name: string): Promise<string> {
  return (await runGo(["list", "-f", "{{.Dir}}", name])).trim();
}

function runGo(args: readonly string[], input = ""): Promise<string> {
  const child = spawn("go", args, {
    cwd: import.meta.dirname,
    env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => (output[name] += chunk));
  }
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output.stdout);
      else reject(new Error(`go ${args.join(" ")} ended with ${code}: ${output.stderr}`));
    });
  });
}
