import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type FaultKind, faultKinds } from "../demo/breakage.ts";
import { type Demo, startDemo } from "../demo/demo.ts";
import { askDesk, demoPrefix, findDemo, openDesk } from "../demo/desk.ts";
import { type Display, liveDisplay, plainDisplay } from "../demo/display.ts";
import { editCommand } from "../demo/fleet-folder.ts";
import { runLive } from "../demo/run-live.ts";
import { type OnceResult, runOnce } from "../demo/run-once.ts";
import type { Clock } from "../runtime/clock.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import { systemClock } from "../runtime/system-clock.ts";
import { checkRendering } from "./checkout.ts";
import type { CliIo, Command, CommandArgs, ExitCode, TerminalIo } from "./command.ts";
import { requireEmptyFolder } from "./empty-folder.ts";
import {
  formatData,
  formatTable,
  type OutputFormat,
  outputFormat,
  outputOption,
  textOption,
} from "./output.ts";

/** `flotilla demo`. */
export const command: Command = {
  summary: "watch a small fleet on this machine follow a commit",
  usage: `Usage: flotilla demo [--fleet DIR] [--dir DIR] [--keep]
       flotilla demo --once [-o table|json|yaml] [--fleet DIR] [--dir DIR] [--keep]
       flotilla demo break site NAME | worker REGION | link REGION | controller [--how refuse|hang] [--dir DIR]
       flotilla demo heal [site NAME | worker REGION | link REGION | controller] [--dir DIR]

Starts a whole fleet on this machine: a fleet repository from the template, a simulated cluster for each of its sites,
a worker for each region, and the controller, all on loopback. Shows how they follow the repository until Ctrl-C; it
tells where the repository lies, so that you can edit and commit. Needs git 2.36 or newer, no Docker and no Kubernetes.

break and heal, in another terminal, talk to the demo that runs: a site that refuses connections or hangs, a worker
or the controller that is killed, a link between worker and controller that is cut or hangs. heal without a name
heals everything. What failed while something was broken is tried again once it is healed.

Options:
      --once         end when every site is in sync and healthy, and is so again after one more change (with --fleet: no
                     change)
      --fleet        a folder with a fleet of your own instead of the template; it is copied, and stays as it is;
                     kustomize and Helm must be there in the versions that it names
  -o, --output       with --once: table (default), json or yaml
      --dir          a new or empty folder for everything, which stays (default: a temporary one, removed at the end);
                     for break and heal: the folder of the demo
      --keep         do not remove the temporary folder
      --how          how a site or link is broken: refuse (default) or hang

Exit codes: 0 ended by the user, with --once: all arrived, with break and heal: done; 1 with --once: something did not
arrive, or was ended early; 2 could not start, or failed.
`,
  options: {
    ...outputOption,
    once: { type: "boolean" },
    fleet: { type: "string" },
    dir: { type: "string" },
    keep: { type: "boolean" },
    how: { type: "string" },
  },
  async run(args, io) {
    const [verb, ...part] = args.positionals;
    const how = readHow(args, verb);
    if (verb === undefined) return runDemo(args, io);
    const ofStart = ["fleet", "once", "keep", "output"].find((name) => name in args.values);
    if (ofStart !== undefined) {
      throw usage(`--${ofStart} is for the start of a demo`, "leave it out");
    }
    if (verb !== "break" && verb !== "heal") {
      throw usage(`unknown argument "${verb}"`, "use break or heal, or neither");
    }
    const dir = textOption(args, "dir");
    const demo = dir === undefined ? await findDemo(tmpdir()) : resolve(io.cwd, dir);
    const lines = await askDesk(demo, { verb, part, how });
    io.stdout(lines.map((line) => `${line}\n`).join(""));
    return 0;
  },
};

function readHow(args: CommandArgs, verb: string | undefined): FaultKind {
  const wanted = textOption(args, "how");
  if (wanted === undefined) return "refuse";
  const how = faultKinds.find((kind) => kind === wanted);
  if (how === undefined)
    throw usage(`cannot break by "${wanted}"`, `use ${faultKinds.join(" or ")}`);
  if (verb === "break") return how;
  throw usage("--how is for break", "leave it out");
}

async function runDemo(args: CommandArgs, io: CliIo): Promise<ExitCode> {
  const isOnce = args.values["once"] === true;
  const format = outputFormat(args, ["table", "json", "yaml"], "table");
  if (!isOnce && args.values["output"] !== undefined) {
    throw usage("-o is for --once", "leave it out, or add --once");
  }
  const source = await readSource(args, io);
  const clock = systemClock();
  const startedAt = clock.monotonic();
  // From here on Ctrl-C ends everything in order.
  const { signal } = io;
  const { dir, isKept } = await makeDemoFolder(args, io);
  const display = displayOf(io, () => sinceStart(clock, startedAt));
  try {
    display.say(`starting a fleet in ${dir}`);
    const demo = await startDemo({ dir, source, clock, say: display.say });
    try {
      if (!isOnce) return await runUntilEnded(demo, { io, clock, display });
      const { arrived, result } = await runOnce(demo, { clock, display, signal, startedAt });
      return tellOnce({ arrived, result, format }, io);
    } finally {
      await demo.close();
    }
  } finally {
    display.close();
    if (isKept) io.stderr(`everything stays in ${dir}\n`);
    else await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The reader's own fleet, which can be rendered here; undefined: the template. */
async function readSource(args: CommandArgs, io: CliIo): Promise<string | undefined> {
  const named = textOption(args, "fleet");
  if (named === undefined) return undefined;
  const source = await realPathOf(resolve(io.cwd, named));
  const dir = textOption(args, "dir");
  const target = dir === undefined ? "" : await realPathOf(resolve(io.cwd, dir));
  if (dir !== undefined && `${target}${sep}`.startsWith(`${source}${sep}`)) {
    throw usage(`${dir} lies in the fleet that is copied there`, "name a folder beside it");
  }
  await checkRendering(source, io);
  return source;
}

/** The path without links, as far as it is there. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await realPathOf(parent), basename(path));
  }
}

interface Once {
  readonly arrived: boolean;
  readonly result: OnceResult;
  readonly format: OutputFormat;
}

function tellOnce({ arrived, result, format }: Once, io: CliIo): ExitCode {
  io.stdout(format === "table" ? onceText(result) : formatData(result, format));
  if (arrived) return 0;
  io.stderr(io.signal.aborted ? "ended early\n" : "it did not arrive in time\n");
  return 1;
}

async function makeDemoFolder(
  args: CommandArgs,
  io: CliIo,
): Promise<{ readonly dir: string; readonly isKept: boolean }> {
  const target = textOption(args, "dir");
  if (target === undefined) {
    const dir = await mkdtemp(join(tmpdir(), demoPrefix));
    return { dir, isKept: args.values["keep"] === true };
  }
  const dir = resolve(io.cwd, target);
  await requireEmptyFolder(dir, target);
  await makeFolder(dir, 0o700);
  return { dir, isKept: true };
}

function displayOf(io: CliIo, time: () => string): Display {
  return io.terminal === undefined
    ? plainDisplay((text) => io.stderr(text), time)
    : liveDisplay(io.terminal, time);
}

function sinceStart(clock: Clock, startedAt: number): string {
  return `${((clock.monotonic() - startedAt) / 1000).toFixed(1).padStart(6)} s `;
}

interface Live {
  readonly io: CliIo;
  readonly clock: Clock;
  readonly display: Display;
}

async function runUntilEnded(demo: Demo, { io, clock, display }: Live): Promise<ExitCode> {
  const desk = await openDesk(demo, { clock, say: display.say });
  try {
    await tellWhatToDo(demo, display, io.terminal?.onKey ?? null);
    await runLive(demo, { clock, display, signal: io.signal, onKey: io.terminal?.onKey ?? null });
    display.say("ending");
    return 0;
  } finally {
    await desk.close();
  }
}

async function tellWhatToDo(
  { paths, fleet, controllerUrl }: Demo,
  display: Display,
  onKey: TerminalIo["onKey"],
): Promise<void> {
  const suggestion = await fleet.suggestion();
  const withKeys = onKey === null ? "" : "with the keys below or, ";
  const example = suggestion === null ? "" : " For example:";
  display.tell(
    `\nThe fleet repository is ${paths.fleet}: edit it, commit on main, and watch.${example}\n`,
  );
  if (suggestion !== null) display.tell(`  ${editCommand(paths.fleet, suggestion)}\n`);
  display.tell(
    `Break things ${withKeys}in another terminal, by \`npx flotilla demo break ...\`; ask with\n`,
  );
  const asked = `--controller ${controllerUrl} --token-file ${paths.apiToken}`;
  display.tell(`  npx flotilla status ${asked}\n`);
  display.tell("and open the status page in a browser by the link that this prints:\n");
  display.tell(`  npx flotilla dashboard ${asked}\n`);
}

/** What `--once` prints: a table of what was measured. */
export function onceText(result: OnceResult): string {
  const { sites, synced, healthy, revision, timeToEffectMs: times } = result;
  // In a fleet of the reader's own nothing is changed: its first sync is the change.
  const heading = result.commitToDoneMs === null ? "FIRST COMMIT" : "ONE CHANGE";
  const row = (what: string, value: number | null | undefined): string[][] =>
    value === null || value === undefined ? [] : [[what, `${value} ms`]];
  const percentiles = ["p50", "p85", "p99", "max"] as const;
  return [
    `${sites} sites at ${revision ?? "no commit"}: ${synced} in sync, ${healthy} healthy\n`,
    formatTable(
      [heading, "TIME"],
      [
        row("first sync", result.firstSyncMs),
        row("commit to seen", result.commitToSeenMs),
        percentiles.flatMap((name) => row(`hand-over to applied, ${name}`, times?.[name])),
        row("seen to the last site", result.seenToLastSiteMs),
        row("commit to through all stages", result.commitToDoneMs),
        row("all of it", result.tookMs),
      ].flat(),
    ),
    `${result.handOvers} hand-overs, ${result.deletes} deletes\n`,
  ].join("");
}

function usage(message: string, hint: string): FleetError {
  return new FleetError("USAGE", message, { hint, retry: "never" });
}
