import { KnownFleet } from "../core/model/known-fleet.ts";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { FleetError } from "../core/errors.ts";
import { parseDuration } from "../core/model/duration.ts";
import type { Assumptions, HealthyAfter } from "../core/simulate/fleet-behaviour.ts";
import { simulateChange } from "../core/simulate/simulate-change.ts";
import { simulationSvg } from "../core/simulate/simulation-svg.ts";
import { simulationText } from "../core/simulate/simulation-text.ts";
import { diagnosticLines, folderOf } from "./checkout.ts";
import type { Command, CommandArgs } from "./command.ts";
import { momentOption } from "./moment-option.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { readBase, readHead, sideOptions, sideUsage } from "./plan-sides.ts";
import { tellInvalid } from "./render.ts";
import { renderTools } from "./render-tools.ts";
import { wholeNumber } from "./whole-number.ts";

/** `flotilla rollout simulate`. */
export const command: Command = {
  summary: "tell how long a rollout would take, and what it breaks if it is bad",
  usage: `Usage: flotilla rollout simulate [DIR] [--base REV | --from-nothing] [--head REV] [-o table|json|yaml]
                                 [--svg FILE] [assumptions]

Plays the rollout of a change (as flotilla plan takes it) against a model of the fleet, in virtual time: when each stage
opens and passes, how many sites wait, are in flight, done or failed at which time, how long the whole takes, and how many
sites are broken, at most, if the change is bad. It asks the planner that the controller asks, with the strategies and
budgets of the base. It asks no controller and no cluster. The same assumptions give the same answer.

Options:
${sideUsage}
  -o, --output       table (default), json or yaml
      --svg          writes a picture to this file

Assumptions:
      --healthy-after from its hand-over until an app is healthy at a site: 30s (the default) everywhere, or 20s,2m:
                     half of the sites within 20s, 95 % within 2m
      --failure-rate share of the sites at which the new version never gets healthy, such as 1% or 0.5% (default 0%)
      --offline      share of the sites that do not answer, such as 5% (default 0%): rounded down, at least one
      --approvals-after  how long people take for each approval, and each promotion by hand (default 0s)
      --bad          the change is bad: it breaks every site that it reaches so long after its hand-over, such as 2m,
                     also when the rollout is through by then; 0s: it never gets healthy
      --start        when the commit begins to be followed, such as 2026-11-27T22:00:00+09:00 (default: now): it decides
                     which maintenance windows are open
      --seed         a whole number: other numbers draw other times and failures (default 1)
      --seeds        so many runs, from --seed on, where chance plays a part; durations are p50 and p95 (default 5)

Exit codes: 0 simulated, whatever comes out; 1 the head is not a valid fleet; 2 there is no such revision, the base is
not a valid fleet, or the repository cannot be read.
`,
  options: {
    ...outputOption,
    ...sideOptions,
    svg: { type: "string" },
    "healthy-after": { type: "string" },
    "failure-rate": { type: "string" },
    offline: { type: "string" },
    "approvals-after": { type: "string" },
    bad: { type: "string" },
    start: { type: "string" },
    seed: { type: "string" },
    seeds: { type: "string" },
  },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const assumed = readAssumptions(args);
    const seeds = wholeNumber(args, { name: "seeds", fallback: 5, least: 1, most: 1000 });
    const from = { dir: folderOf(args, io), args, tools: renderTools(io), known: new KnownFleet() };
    const head = await readHead(from);
    if (!head.ok) return tellInvalid(head.diagnostics, format, io);
    io.stderr(diagnosticLines(head.diagnostics));
    const base = await readBase(from, head.side);
    const simulation = simulateChange({ base, head: head.side }, assumed, seeds);
    const svg = textOption(args, "svg");
    if (svg !== undefined) await writePicture(resolve(io.cwd, svg), simulationSvg(simulation));
    io.stdout(format === "table" ? simulationText(simulation) : formatData(simulation, format));
    return 0;
  },
};

async function writePicture(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new FleetError("USAGE", `cannot write ${file}`, {
      cause,
      hint: "name a file in a folder that is there",
      retry: "never",
    });
  }
}

function readAssumptions(args: CommandArgs): Assumptions {
  return {
    start: new Date(momentOption(args, "start")).toISOString(),
    seed: wholeNumber(args, { name: "seed", fallback: 1, least: 0, most: 2 ** 31 }),
    healthyAfter: readHealthyAfter(args),
    failureRate: percentage(args, "failure-rate") / 100,
    offlinePercent: percentage(args, "offline"),
    approvalMs: span(args, "approvals-after") ?? 0,
    badAfterMs: span(args, "bad") ?? null,
  };
}

function readHealthyAfter(args: CommandArgs): HealthyAfter {
  const text = textOption(args, "healthy-after") ?? "30s";
  const [p50Ms, p95Ms = p50Ms, ...more] = text.split(",").map((part) => parseDuration(part));
  if (p50Ms === undefined || p95Ms === undefined || more.length > 0 || p95Ms < p50Ms) {
    throw usage(`--healthy-after is a time such as 30s, or two such as 20s,2m, not "${text}"`);
  }
  return { p50Ms, p95Ms };
}

function span(args: CommandArgs, name: string): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw usage(`--${name} is a time such as 90s or 2m, not "${text}"`);
  return ms;
}

function percentage(args: CommandArgs, name: string): number {
  const text = textOption(args, name) ?? "0%";
  const number = Number(/^(?<digits>\d{1,3}(?:\.\d{1,4})?)%$/.exec(text)?.groups?.["digits"]);
  if (!(number <= 100)) throw usage(`--${name} is a percentage such as 5%, not "${text}"`);
  return number;
}

function usage(message: string): FleetError {
  const hint = "see flotilla rollout simulate --help";
  return new FleetError("USAGE", message, { hint, retry: "never" });
}
