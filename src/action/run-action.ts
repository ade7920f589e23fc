/**
 * The Action's one run: find out what is compared, look at it, tell it. It reads Git objects of the checkout, starts
 * nothing that lies in it (kustomize and Helm are the runner's own), opens no connection, needs no token, and writes only
 * the runner's own files.
 */
import { randomUUID } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { delimiter } from "node:path";
import { createRenderTools, type RenderTools } from "../adapters/render-tools/render-tools.ts";
import { FleetError } from "../core/errors.ts";
import { formatDiagnostic } from "../core/model/diagnostic.ts";
import type { Json } from "../core/model/json.ts";
import { planText } from "../core/plan/plan-text.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { comparedCommits } from "./compared-commits.ts";
import { type Environment, type Inputs, readInputs } from "./inputs.ts";
import { fleetFolder, type Preview, previewChange } from "./preview-change.ts";
import { type Report, summaryOf, verdictOf, verdictWords } from "./summary.ts";
import { annotations, errorCommand, logLines, outputLines } from "./workflow-commands.ts";

/** What the Action touches of its process. */
export interface ActionIo {
  readonly env: Environment;
  /** Writes to the log, which the runner reads commands from. */
  print(text: string): void;
  /** The time (ms). */
  now(): number;
}

/** Runs and tells; gives the exit code: 0 all is well, 1 the answer is no, 2 could not find out. */
export async function runAction(io: ActionIo): Promise<0 | 1 | 2> {
  const report = await lookAt(io).catch(failed);
  tell(report, io);
  await append(io.env["GITHUB_STEP_SUMMARY"], summaryOf(report));
  await append(io.env["GITHUB_OUTPUT"], outputLines(outputsOf(report)));
  return exitCode(report, io.env);
}

async function lookAt({ env, now }: Pick<ActionIo, "env" | "now">): Promise<Report> {
  const inputs = readInputs(env);
  const event = {
    name: env["GITHUB_EVENT_NAME"] ?? "",
    payload: await readPayload(env["GITHUB_EVENT_PATH"]),
    sha: env["GITHUB_SHA"] ?? "",
  };
  const compared = comparedCommits(event, inputs);
  const empty = { directory: "", preview: null, reason: null, notes: [] };
  if ("nothing" in compared) {
    return { ...empty, verdict: "nothing-to-do", reason: compared.nothing };
  }
  const folder = await fleetFolder(env["GITHUB_WORKSPACE"] ?? process.cwd(), inputs.directory);
  const tools = actionTools(env, inputs);
  const preview = await previewChange(folder, compared, { now: now(), tools });
  return {
    ...empty,
    verdict: verdictOf(preview),
    directory: folder.shown,
    preview,
    notes: [...compared.notes, ...preview.notes],
  };
}

/** The tools of the runner; those in the folder that the workflow names come first. */
function actionTools(env: Environment, { toolsDirectory }: Inputs): RenderTools {
  const path = [toolsDirectory, env["PATH"]].filter((part) => part !== undefined).join(delimiter);
  return createRenderTools({ path, clock: systemClock() });
}

async function readPayload(path: string | undefined): Promise<Json> {
  if (path === undefined || path === "") return null;
  try {
    return JSON.parse(await readFile(path, "utf8")) as Json; // what JSON.parse gives is Json
  } catch (cause) {
    throw new FleetError("USAGE", "the event of the workflow cannot be read", { cause });
  }
}

function failed(error: unknown): Report {
  const empty = { directory: "", preview: null, notes: [] };
  if (!(error instanceof FleetError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { ...empty, verdict: "unknown", reason: `bug, please report it: ${stack}` };
  }
  const { message, hint, code } = error;
  const reason = hint === undefined ? message : `${message}; ${hint}`;
  return { ...empty, verdict: code === "INVALID_FLEET" ? "invalid" : "unknown", reason };
}

function tell(report: Report, io: ActionIo): void {
  const { preview, reason, notes, verdict, directory } = report;
  const diagnostics = preview?.diagnostics ?? [];
  io.print(annotations(diagnostics, directory));
  if (reason !== null && verdict !== "nothing-to-do") io.print(errorCommand(reason));
  const plan = preview?.planned?.plan;
  const told = [
    verdictWords(verdict, preview),
    ...diagnostics.map(formatDiagnostic),
    ...notes,
    ...(reason === null ? [] : [reason]),
    ...(plan === undefined ? [] : planText(plan).trimEnd().split("\n")),
  ];
  io.print(logLines(told, randomUUID()));
}

async function append(path: string | undefined, text: string): Promise<void> {
  if (path !== undefined && path !== "") await appendFile(path, text);
}

/** The outputs by name, as action.yml lists them. */
function outputsOf({ verdict, preview }: Report): Readonly<Record<string, string | number>> {
  const diagnostics = preview?.diagnostics ?? [];
  const plan = preview?.planned?.plan;
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  return {
    verdict,
    "changed-sites": plan?.sites.length ?? "",
    "changed-apps": plan === undefined ? "" : new Set(plan.variants.map(({ app }) => app)).size,
    deletions: plan?.deletions.objects ?? "",
    errors,
    warnings: diagnostics.length - errors,
  };
}

function exitCode({ verdict, preview }: Report, env: Environment): 0 | 1 | 2 {
  if (verdict === "unknown") return 2;
  if (verdict === "invalid") return 1;
  return fails(readInputs(env).failOn, preview) ? 1 : 0;
}

function fails(failOn: Inputs["failOn"], preview: Preview | null): boolean {
  const mattersMore = {
    error: false,
    warning: (preview?.diagnostics.length ?? 0) > 0,
    approval: (preview?.planned?.plan.deletions.needsApproval ?? null) !== null,
  };
  return mattersMore[failOn];
}
