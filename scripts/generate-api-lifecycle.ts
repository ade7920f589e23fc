/**
 * Writes src/core/render/generated/api-lifecycle.ts: in which minor version of Kubernetes each built-in kind appeared in
 * each API version, and in which it is gone. Read from the Go modules that the test control plane is built of, where
 * Kubernetes' own generator keeps it.
 *
 *   node scripts/generate-api-lifecycle.ts
 */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { ApiLifecycle, KindLifecycle } from "../src/core/render/api-lifecycle.ts";

const root = join(import.meta.dirname, "..");
const output = join(root, "src/core/render/generated/api-lifecycle.ts");
const modules = ["k8s.io/api", "k8s.io/apiextensions-apiserver", "k8s.io/kube-aggregator"];
const lifecycleFile = "zz_generated.prerelease-lifecycle.go";

/** Kinds whose Go types Kubernetes has dropped since (https://kubernetes.io/docs/reference/using-api/deprecation-guide/). */
const dropped: Readonly<Record<string, KindLifecycle>> = {
  "autoscaling/v2beta1/HorizontalPodAutoscaler": [8, 25, "autoscaling/v2"],
  "autoscaling/v2beta2/HorizontalPodAutoscaler": [12, 26, "autoscaling/v2"],
  "batch/v2alpha1/CronJob": [4, 21, "batch/v1"],
  "extensions/v1beta1/PodSecurityPolicy": [2, 16, "policy/v1beta1"],
  "policy/v1beta1/PodSecurityPolicy": [10, 25],
};

/** Reads the table. */
export function readLifecycle(): ApiLifecycle {
  const kinds: Record<string, KindLifecycle> = { ...dropped };
  const versions = modules.map((module) => {
    const { Dir, Version } = moduleInfo(module);
    for (const path of globSync(`**/${lifecycleFile}`, { cwd: Dir })) {
      const file = join(Dir, path);
      const prefix = `${groupOf(dirname(file))}/${relative(dirname(dirname(file)), dirname(file))}`;
      for (const [kind, row] of rowsOf(readFileSync(file, "utf8")))
        kinds[`${prefix}/${kind}`] = row;
    }
    return Version;
  });
  return {
    version: versions[0] ?? "",
    kinds: Object.fromEntries(Object.entries(kinds).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  };
}

function moduleInfo(module: string): { readonly Dir: string; readonly Version: string } {
  const cwd = join(root, "test/control-plane");
  execFileSync("go", ["mod", "download", module], { cwd, stdio: ["ignore", "ignore", "inherit"] });
  const text = execFileSync("go", ["list", "-m", "-json", module], { cwd, encoding: "utf8" });
  const found = JSON.parse(text) as { Dir: string; Version: string; Replace?: { Version: string } };
  return { Dir: found.Dir, Version: found.Replace?.Version ?? found.Version };
}

function groupOf(dir: string): string {
  for (const file of globSync("register.go", { cwd: dir })) {
    const name = /GroupName = "([^"]*)"/.exec(readFileSync(join(dir, file), "utf8"))?.[1];
    if (name !== undefined) return name;
  }
  // Where the constant stands one folder up.
  const parent = readFileSync(join(dirname(dir), "register.go"), "utf8");
  return /GroupName = "([^"]*)"/.exec(parent)?.[1] ?? "";
}

const method =
  /func \(in \*(?<kind>\w+)\) APILifecycle(?<what>Introduced|Removed|Replacement)\(\)[^{]*\{\s*return (?<value>[^\n]*)/g;

function rowsOf(source: string): Map<string, KindLifecycle> {
  const facts = new Map<string, Record<string, string>>();
  for (const { groups = {} } of source.matchAll(method)) {
    const { kind = "", what = "", value = "" } = groups;
    if (kind.endsWith("List")) continue;
    facts.set(kind, { ...facts.get(kind), [what]: value });
  }
  return new Map([...facts].map(([kind, facts]) => [kind, rowOf(facts)]));
}

function rowOf({
  Introduced,
  Removed,
  Replacement,
}: Readonly<Record<string, string>>): KindLifecycle {
  const introduced = minorOf(Introduced ?? "1, 0");
  if (Removed === undefined) return [introduced];
  const replacement = replacementOf(Replacement);
  const removed = minorOf(Removed);
  return replacement === undefined ? [introduced, removed] : [introduced, removed, replacement];
}

function minorOf(value: string): number {
  return Number(value.split(",")[1]);
}

function replacementOf(value: string | undefined): string | undefined {
  const { group = "", version } =
    /Group: "(?<group>[^"]*)", Version: "(?<version>[^"]*)"/.exec(value ?? "")?.groups ?? {};
  if (version === undefined) return undefined;
  return group === "" ? version : `${group}/${version}`;
}

if (import.meta.main) {
  const table = readLifecycle();
  const header = `/** Generated from Kubernetes ${table.version} by \`npm run generate\`; do not edit. */`;
  const rows = Object.entries(table.kinds).map(
    ([id, row]) => `    ${JSON.stringify(id)}: ${JSON.stringify(row).replaceAll(",", ", ")},\n`,
  );
  const text = `${header}\nimport type { ApiLifecycle } from "../api-lifecycle.ts";\n\nexport const apiLifecycle: ApiLifecycle = {\n  version: ${JSON.stringify(table.version)},\n  kinds: {\n${rows.join("")}  },\n};\n`;
  writeFileSync(output, text);
}
