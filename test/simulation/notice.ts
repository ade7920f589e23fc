/**
 * `node test/simulation/notice.ts` finds the first of 1,000 seeds that notices each deliberate bug and writes them into
 * `noticed.json`, so that the tests begin with them. Some ten minutes; a seed that notices its bug no more costs the
 * tests only time.
 */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { bugs } from "./bugs.ts";

const run = promisify(execFile);
const path = join(import.meta.dirname, "noticed.json");

/** What a run has printed, however it ended. */
interface Told {
  readonly stdout: string;
}

/** Of each bug the seed that noticed it when this was written last. */
export const noticed = JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, number>>; // written below

/** The first of some seeds that breaks a promise where the product has a bug; null: none does. */
export async function firstNoticing(
  bug: string,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<number | null> {
  const seeds = ["--from", String(from), "--seeds", String(count), "--bug", bug];
  const { stdout } = await run(process.execPath, [
    join(import.meta.dirname, "main.ts"),
    ...seeds,
  ]).catch((error: unknown) => error as Told);
  const [, seed] = /^seed (\d+) breaks a promise: /u.exec(stdout) ?? [];
  if (seed !== undefined) return Number(seed);
  if (stdout.includes(`${count} seeds hold`)) return null;
  throw new Error(`seeds with the bug "${bug}" ended with: ${stdout}`);
}

if (import.meta.main) {
  const found: Record<string, number> = {};
  for (const bug of Object.keys(bugs)) {
    const seed = await firstNoticing(bug, { from: 1, count: 1000 });
    process.stdout.write(`${bug}: ${seed ?? "not noticed"}\n`);
    if (seed !== null) found[bug] = seed;
  }
  writeFileSync(path, `${JSON.stringify(found, null, 2)}\n`);
}
