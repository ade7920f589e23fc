/**
 * `npm test`: all suites, the ones with an SSH server, Go, a browser or real API servers last and two at a time, because
 * each of them starts several processes. Where what they need cannot be had those suites are named as skipped, with
 * the reason; with FLOTILLA_REQUIRE_ALL=1 that is a failure. Arguments select suites by a part of their path. The end of
 * the output names what failed and why once more, so that nobody has to search for it; the last line is
 * `N passed, N failed`; a suite that cannot be loaded counts as a failed test.
 */
import { spawn } from "node:child_process";
import { glob, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { resolveComponents } from "./control-plane/build.ts";
import { findGo } from "./control-plane/go.ts";
import { findBrowser } from "./support/browser.ts";
import { findSshServer } from "./support/ssh-server.ts";

interface Counts {
  readonly passed: number;
  readonly failed: number;
  /** Tests and suites that did not run. */
  readonly skipped: readonly string[];
  /** What failed and why, an entry each. */
  readonly failures: readonly string[];
}

/** What is read of vitest's JSON report. */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const root = join(import.meta.dirname, "..");
/** What suites need that not every machine has, by the end of their names. */
const needs = [
  { suffix: ".ssh.test.ts", find: findSshServer },
  { suffix: ".go.test.ts", find: findGo },
  { suffix: ".browser.test.ts", find: findBrowser },
  { suffix: ".real.test.ts", find: resolveComponents },
] as const;
const requiresAll = process.env["FLOTILLA_REQUIRE_ALL"] === "1";

async function run(selected: readonly string[]): Promise<void> {
  const suites = await findSuites(selected);
  const pure = suites.filter((path) => !needs.some(({ suffix }) => path.endsWith(suffix)));
  if (suites.length === 0) process.stderr.write(`no suite matches ${selected.join(" ")}\n`);
  const outcomes = [await runSuites(pure)];
  for (const need of needs) {
    outcomes.push(
      await runNeedy(
        need,
        suites.filter((path) => path.endsWith(need.suffix)),
      ),
    );
  }
  const skipped = outcomes.flatMap((outcome) => outcome.skipped);
  for (const line of skipped) process.stdout.write(`skipped: ${line}\n`);
  for (const failure of outcomes.flatMap((outcome) => outcome.failures)) {
    process.stdout.write(`failed: ${failure}\n`);
  }
  const sum = (column: "passed" | "failed"): number =>
    outcomes.reduce((total, outcome) => total + outcome[column], 0);
  const failed = sum("failed") + (requiresAll ? skipped.length : 0) + (suites.length === 0 ? 1 : 0);
  process.stdout.write(`${sum("passed")} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
}

async function findSuites(selected: readonly string[]): Promise<string[]> {
  const paths = await Array.fromAsync(glob("test/**/*.test.ts", { cwd: root }));
  const isSelected = (path: string): boolean =>
    selected.length === 0 || selected.some((part) => path.includes(part));
  return paths.filter(isSelected).toSorted();
}

async function runNeedy(
  { find }: (typeof needs)[number],
  suites: readonly string[],
): Promise<Counts> {
  if (suites.length === 0) return nothing;
  const found = await find();
  if (found.ok) return runSuites(suites, ["--maxWorkers=2"]);
  return { ...nothing, skipped: suites.map((path) => `${path}: ${found.reason}`) };
}

const nothing: Counts = { passed: 0, failed: 0, skipped: [], failures: [] };

async function runSuites(
  suites: readonly string[],
  options: readonly string[] = [],
): Promise<Counts> {
  if (suites.length === 0) return nothing;
  const folder = await mkdtemp(join(tmpdir(), "flotilla-test-report-"));
  const reportPath = join(folder, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
    const isGood = await runVitest([...suites, ...options, ...reporters]);
    return count(isGood, await readReport(reportPath));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** True when vitest ends with exit code 0. */
function runVitest(args: readonly string[]): Promise<boolean> {
  const program = join(root, "node_modules", "vitest", "vitest.mjs");
  const child = spawn(process.execPath, [program, "run", ...args], { cwd: root, stdio: "inherit" });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGTERM", forward);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      process.off("SIGTERM", forward);
      resolve(code === 0);
    });
  });
}

async function readReport(path: string): Promise<Report | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as Report; // vitest wrote it
  } catch {
    return undefined; // vitest ended before it could write one: its output says why
  }
}

/** Whatever made vitest fail counts, also when no single test did: an error outside of tests, a crash. */
function count(isGood: boolean, report: Report | undefined): Counts {
  if (report === undefined) {
    return { ...nothing, failed: 1, failures: ["the suites did not end; see their output above"] };
  }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const failures = report.testResults.flatMap(describeFailures);
  if (failures.length === 0 && !isGood) {
    failures.push("an error outside of every test; see the output above");
  }
  return {
    passed: tests.filter(({ status }) => status === "passed").length,
    failed: failures.length,
    skipped: tests
      .filter(({ status }) => status !== "passed" && status !== "failed")
      .map(({ fullName }) => fullName),
    failures,
  };
}

/** An entry for each failed test of a suite, or for the suite itself if it could not be loaded. */
function describeFailures(suite: Report["testResults"][number]): string[] {
  const path = relative(root, suite.name);
  const failed = suite.assertionResults.filter(({ status }) => status === "failed");
  if (failed.length === 0 && suite.status === "failed") {
    return [`${path}\n${indent(suite.message ?? "")}`];
  }
  return failed.map(
    ({ fullName, failureMessages = [] }) =>
      `${path} > ${fullName}\n${indent(failureMessages.join("\n"))}`,
  );
}

/** The first lines of a message: long differences are above, whole. */
function indent(message: string): string {
  const lines = message.split("\n").slice(0, 30);
  return lines.map((line) => `    ${line}`).join("\n");
}

await run(process.argv.slice(2));
