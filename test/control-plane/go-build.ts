/** Runs `go build` for the control plane's binary and shows on stderr how far it is. */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

const compiler = "go";
const plainIntervalMs = 10_000;
const terminalIntervalMs = 500;

/** The flags of `go build`; `kubernetesVersion` (v1.2.3) is what /version will say. */
export function buildFlags(kubernetesVersion: string): readonly string[] {
  const [major = "", minor = ""] = kubernetesVersion.replace(/^v/, "").split(".");
  const versionPackage = "k8s.io/component-base/version";
  const stamps = [`gitVersion=${kubernetesVersion}`, `gitMajor=${major}`, `gitMinor=${minor}`];
  const linkerFlags = ["-s", "-w", ...stamps.map((stamp) => `-X ${versionPackage}.${stamp}`)];
  return [
    "-trimpath",
    "-buildvcs=false",
    "-tags=providerless,grpcnotrace",
    `-ldflags=${linkerFlags.join(" ")}`,
  ];
}

/** Builds the package in `folder` to the file `output`; returns why it failed, if it did. */
export async function goBuild(folder: string, output: string): Promise<string | undefined> {
  const flags = buildFlags(await kubernetesVersion(folder));
  const progress = showProgress();
  try {
    const child = spawn(compiler, ["build", "-v", ...flags, "-o", output, "."], {
      cwd: folder,
      env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const complaints: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.startsWith("go: downloading ")) progress.downloaded();
      else if (/^[\w./~-]+$/.test(line)) progress.compiled();
      else complaints.push(line);
    });
    const failure = await failureOf(child);
    if (failure === undefined) return undefined;
    return [`go build ${failure}`, ...complaints.slice(-20)].join("\n");
  } finally {
    progress.end();
  }
}

async function kubernetesVersion(folder: string): Promise<string> {
  const text = await readFile(join(folder, "go.mod"), "utf8");
  return /k8s\.io\/kubernetes (?<version>v\S+)/.exec(text)?.groups?.["version"] ?? "v0.0.0";
}

function failureOf(child: ReturnType<typeof spawn>): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(`could not start: ${error.message}`));
    child.on("close", (code, signal) => {
      resolve(code === 0 ? undefined : `failed (${signal ?? `exit code ${code}`})`);
    });
  });
}

interface Progress {
  downloaded(): void;
  compiled(): void;
  end(): void;
}

function showProgress(): Progress {
  const startedAt = performance.now();
  const isTerminal = process.stderr.isTTY;
  let modules = 0;
  let packages = 0;
  const line = (): string => {
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const done = `${modules} modules downloaded, ${packages} of about 2,500 packages compiled`;
    return `building the test control plane (once, some minutes): ${seconds} s, ${done}`;
  };
  const show = (): void => {
    process.stderr.write(isTerminal ? `\r${line()}\u001b[K` : `${line()}\n`);
  };
  show();
  const timer = setInterval(show, isTerminal ? terminalIntervalMs : plainIntervalMs);
  return {
    downloaded: () => void (modules += 1),
    compiled: () => void (packages += 1),
    end: () => {
      clearInterval(timer);
      show();
      if (isTerminal) process.stderr.write("\n");
    },
  };
}
