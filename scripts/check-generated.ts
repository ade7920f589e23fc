/**
 * Runs every generator whose output is committed and tells which outputs were stale (exit code 1). They are fresh
 * afterwards. Needs npm's registry and the test control planes.
 *
 *   node scripts/check-generated.ts
 */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

/** `output` is a pattern of the files that the script writes. */
const generators = [
  { script: "scripts/generate-reference.ts", output: "docs/reference/{kinds,schemas}/*" },
  { script: "scripts/vendor-github-openapi.ts", output: "test/support/github-openapi.json" },
  { script: "scripts/generate-merge-keys.ts", output: "src/core/render/generated/kubernetes.ts" },
  {
    script: "scripts/generate-api-lifecycle.ts",
    output: "src/core/render/generated/api-lifecycle.ts",
  },
  {
    script: "scripts/generate-api-types.ts",
    output: "src/core/cluster-model/ownership/generated/api-tables.json",
  },
] as const;

for (const { script, output } of generators) {
  const read = (): string =>
    globSync(output, { cwd: root })
      .toSorted()
      .map((path) => `${path}\n${readFileSync(join(root, path), "utf8")}`)
      .join("\n");
  const before = read();
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: "inherit" });
  if (status === 0 && read() === before) continue;
  const problem = status === 0 ? `was stale, now rewritten by ${script}` : `${script} failed`;
  process.stderr.write(`${output}: ${problem}\n`);
  process.exitCode = 1;
}
