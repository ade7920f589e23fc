/** A checkout and two revisions -> what the change does, as data. Reads Git objects only: never the files that lie there. */
import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import { readCheckout, resolveRevision } from "../adapters/git/read-checkout.ts";
import { baseAtSites, renderFleetFiles } from "../adapters/render-tools/render-fleet-files.ts";
import type { RenderTools } from "../adapters/render-tools/render-tools.ts";
import { FleetError } from "../core/errors.ts";
import { type Diagnostic, formatDiagnostic } from "../core/model/diagnostic.ts";
import type { FleetModel, SourceFile } from "../core/model/fleet-model.ts";
import { KnownFleet } from "../core/model/known-fleet.ts";
import { readFleetFiles } from "../core/model/read-fleet-files.ts";
import type { PlanSide } from "../core/plan/assumed-state.ts";
import type { FleetPlan } from "../core/plan/fleet-plan.ts";
import { planChange, planSide, wholeMinute } from "../core/plan/plan-change.ts";

/** What is known of a change once it was looked at. */
export interface Preview {
  /** Full ids; `base` null: from nothing, undefined: not looked at. */
  readonly base: string | null | undefined;
  readonly head: string;
  /** The mistakes of the head. */
  readonly diagnostics: readonly Diagnostic[];
  /** null: the head is not valid, or there is nothing to compare with. */
  readonly planned: { readonly plan: FleetPlan; readonly model: FleetModel } | null;
  readonly notes: readonly string[];
}

/** The folder of the fleet: absolute, and relative to the workspace with `/` ("" for itself). */
export interface FleetFolder {
  readonly path: string;
  readonly shown: string;
}

/** Finds the folder; USAGE when it leads out of the workspace, be it by a link. */
export async function fleetFolder(workspace: string, directory: string): Promise<FleetFolder> {
  const root = await existing(workspace);
  const path = await existing(resolve(root, directory));
  const shown = relative(root, path);
  if (shown === ".." || shown.startsWith(`..${sep}`) || isAbsolute(shown)) {
    throw usage("the input directory leads out of the workspace", "name a folder in the checkout");
  }
  return { path, shown: shown.split(sep).join("/") };
}

async function existing(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    throw usage(
      "the folder of the fleet does not exist",
      "check out first, and see the input directory",
    );
  }
}

function usage(message: string, hint: string): FleetError {
  return new FleetError("USAGE", message, { hint, retry: "never" });
}

/** Looks at a change at a time (ms). What cannot be found out is thrown. */
export async function previewChange(
  { path }: FleetFolder,
  compared: { readonly base: string | null; readonly head: string },
  { now, tools }: { readonly now: number; readonly tools: RenderTools },
): Promise<Preview> {
  const head = await commitOf(path, "head", compared.head);
  const known = new KnownFleet();
  const read = planSide(head, await renderFleetFiles(tools, await filesOf(path, head), known));
  if (!read.ok) return { base: undefined, head, ...unplanned(read.diagnostics) };
  const base = compared.base === null ? null : await commitOf(path, "base", compared.base);
  const { diagnostics, side } = read;
  const before = await readBase({ path, tools, head: side, known }, base);
  if (!before.ok) return { base, head, ...unplanned(diagnostics, before.notes) };
  const planned = { plan: planChange(before.side, side, wholeMinute(now)), model: side.model };
  return { base, head, diagnostics, planned, notes: before.notes };
}

function unplanned(
  diagnostics: readonly Diagnostic[],
  notes: readonly string[] = [],
): Pick<Preview, "diagnostics" | "planned" | "notes"> {
  return { diagnostics, planned: null, notes };
}

const missingHints = {
  head: "let actions/checkout check out what it does by default, with fetch-depth: 0",
  base: "give actions/checkout fetch-depth: 0 (the default gets one commit only)",
} as const;

async function commitOf(path: string, which: "base" | "head", revision: string): Promise<string> {
  try {
    return await resolveRevision(path, revision);
  } catch (cause) {
    if (!(cause instanceof FleetError) || cause.code !== "GIT_NOT_FOUND") throw cause;
    const message = `the ${which} ${JSON.stringify(revision)} is not in this checkout`;
    throw new FleetError("GIT_NOT_FOUND", message, { hint: missingHints[which], retry: "never" });
  }
}

async function filesOf(path: string, revision: string): Promise<readonly SourceFile[]> {
  return readCheckout(path, { revision });
}

type Before =
  | { readonly ok: true; readonly side: PlanSide | null; readonly notes: readonly string[] }
  | { readonly ok: false; readonly notes: readonly string[] };

const nothingBefore = "the base holds no fleet: all is planned from nothing";
const invalidBase = "there is no plan, as the base is not a valid fleet";

interface BaseSource {
  readonly path: string;
  readonly tools: RenderTools;
  readonly head: PlanSide;
  /** What the head has been read from: what the base has in common with it is not read again. */
  readonly known: KnownFleet;
}

/** A base that is not valid is no fault of the head, which may well be what mends it. */
async function readBase(
  { path, tools, head, known }: BaseSource,
  base: string | null,
): Promise<Before> {
  if (base === null) return { ok: true, side: null, notes: [] };
  const files = await filesOf(path, base).catch(nothingToCompare);
  if ("ok" in files) return files;
  const read = planSide(base, await renderFleetFiles(tools, files, known));
  if (read.ok) {
    return { ok: true, side: await baseAtSites(tools, read.side, head.model), notes: [] };
  }
  const { byBlock, mistaken } = readFleetFiles(files);
  if (byBlock.length === 0 && mistaken.size === 0) {
    return { ok: true, side: null, notes: [nothingBefore] };
  }
  const [first] = read.diagnostics;
  const why = first === undefined ? "" : `: ${formatDiagnostic(first)}`;
  return { ok: false, notes: [`${invalidBase}${why}`] };
}

/** The commit is there, but its folder is not there yet, or holds what cannot be read. */
function nothingToCompare(error: unknown): Before {
  if (!(error instanceof FleetError)) throw error;
  if (error.code === "GIT_NOT_FOUND") return { ok: true, side: null, notes: [nothingBefore] };
  if (error.code !== "INVALID_FLEET") throw error;
  return { ok: false, notes: [`${invalidBase}: ${error.message}`] };
}
