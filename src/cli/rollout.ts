import { FleetError } from "../core/errors.ts";
import { closestName } from "../core/model/closest-name.ts";
import type { Decision, DecisionAnswer, HoldScope } from "../core/protocol/api.ts";
import type { Command, CommandArgs, CommandOptions } from "./command.ts";
import { connectController, controllerOptions, controllerUsage } from "./controller-client.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";

const options = {
  ...controllerOptions,
  ...outputOption,
  why: { type: "string" },
  fleet: { type: "boolean" },
  region: { type: "string" },
  site: { type: "string" },
  app: { type: "string" },
  stage: { type: "string" },
  all: { type: "boolean" },
  deletions: { type: "string" },
  removal: { type: "string" },
  uid: { type: "string" },
  to: { type: "string" },
  at: { type: "string" },
} satisfies CommandOptions;

/** `flotilla rollout VERB`: an operator's word; each becomes one commit on control. */
export const command: Command = {
  summary: "pause, resume, approve, promote, hurry, excuse, retry or roll back",
  usage: `Usage: flotilla rollout VERB ... --why TEXT

  pause  SCOPE [--all]                stop the releases in a scope (--all: the open list too)
  pause  --app APP --at RELEASE       stop what is newer than a release, which itself goes on
  resume SCOPE [--at RELEASE]         end that pause
  promote APP [RELEASE] [--stage STAGE]
                                      go on past what its stage waits for: approval, soak,
                                      promotion by hand
  urgent APP [RELEASE]                go on as the strategy has declared for urgent releases:
                                      fewer stages, shorter soaks, outside of windows
  approve APP RELEASE --stage STAGE            open a stage
  approve APP RELEASE --deletions NUMBER       delete so many objects
                                               (RELEASE open-list: by no release; so too
                                               for excuse and retry)
  approve APP RELEASE --removal delete|orphan  end a removal that is on hold
  excuse [APP RELEASE] --site SITE [--uid UID] go on without a site (--uid: its cluster; the
                                               worker that had it is not waited for; one that
                                               leaves the fleet is forgotten as it is)
  excuse --region REGION              go on without a region whose worker is silent
  retry  APP RELEASE [--site SITE]    hand the release to sites again where it failed
  rollback APP [RELEASE] [--site SITE | --stage STAGE]
                                      set sites back to what was good there; without --site the
                                      release is bad and is not tried again
  rollback APP --to RELEASE [--site SITE | --stage STAGE]
                                      set sites back to what they had under an older release
                                      (flotilla history APP lists them)
  accept-head COMMIT                  follow a head that does not descend from the last one
  recover                             confirm what was rebuilt after control was lost

SCOPE is --fleet, or any of --app APP, --site SITE, --region REGION, --stage STAGE together.

flotilla rollout simulate, which asks no controller, has a help of its own.

Options:
  --why TEXT         the reason; it is recorded (required)
${controllerUsage}
  -o, --output       table (default), json or yaml

Exit codes: 0 done, 1 refused, 2 could not find out.
`,
  options,
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const decision = readDecision(args);
    const client = await connectController(args, io);
    try {
      const answer = await client.decide(decision);
      io.stdout(format === "table" ? answerText(answer) : formatData(answer, format));
      return 0;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      const hint = error.hint === undefined ? "" : `; ${error.hint}`;
      io.stderr(`flotilla: refused: ${error.message}${hint}\n`);
      return 1;
    }
  },
};

function answerText({ commit, message }: DecisionAnswer): string {
  return `${message} (control ${commit.slice(0, 12)})\n`;
}

/** The controller understood and said no; anything else leaves open what is the case. */
function isRefusal(error: unknown): error is FleetError {
  const refusals = ["NOT_FOUND", "NOT_NOW", "CONFLICT", "FORBIDDEN", "CONTROL_LOST"];
  return error instanceof FleetError && refusals.includes(error.code);
}

/** The command line as a decision; throws USAGE for one that says nothing clear. */
export function readDecision(args: CommandArgs): Decision {
  const [verb, ...names] = args.positionals;
  const why = textOption(args, "why");
  const read = verb === undefined ? undefined : readers.get(verb);
  if (read === undefined) throw noVerb(verb);
  if (why === undefined || why.trim() === "") throw usage("--why is missing");
  if (names.some((name) => name.trim() === "")) throw usage("a name is empty");
  const decision = read({ args, names, why });
  refuseUnused(args, verb ?? "");
  return decision;
}

function noVerb(verb: string | undefined): FleetError {
  if (verb === undefined) return usage("rollout takes a verb, such as pause");
  if (verb === "status") return usage("rollout has no status", "see flotilla status");
  const near = closestName(verb, [...readers.keys(), "simulate"]);
  return usage(
    `unknown verb "${verb}"`,
    near === undefined ? undefined : `did you mean "${near}"?`,
  );
}

interface Words {
  readonly args: CommandArgs;
  /** Positionals behind the verb. */
  readonly names: readonly string[];
  readonly why: string;
}

const readers: ReadonlyMap<string, (words: Words) => Decision> = new Map([
  ["pause", readPause],
  [
    "resume",
    ({ args, names, why }: Words): Decision => {
      expectNames(names, 0);
      return { verb: "resume", scope: readScope(args), ...readAt(args), why };
    },
  ],
  ["approve", readApproval],
  ["excuse", readExcuse],
  ["promote", readPromote],
  [
    "urgent",
    ({ names, why }: Words): Decision => ({ verb: "urgent", ...readAppRelease(names), why }),
  ],
  ["retry", readRetry],
  ["rollback", readRollback],
  [
    "accept-head",
    ({ names, why }: Words): Decision => {
      const [commit] = expectNames(names, 1);
      if (!/^[0-9a-f]{40}$/.test(commit)) {
        throw usage(
          "COMMIT is the full id of a commit",
          "flotilla status names what is not followed",
        );
      }
      return { verb: "accept-head", commit, why };
    },
  ],
  [
    "recover",
    ({ names, why }: Words): Decision => {
      expectNames(names, 0);
      return { verb: "recover", why };
    },
  ],
]);

/** Options that mean something to each verb, besides those of all. */
const meant: Readonly<Record<string, readonly string[]>> = {
  pause: ["fleet", "region", "site", "app", "stage", "all", "at"],
  resume: ["fleet", "region", "site", "app", "stage", "at"],
  promote: ["stage"],
  approve: ["stage", "deletions", "removal"],
  excuse: ["site", "region", "uid"],
  retry: ["site"],
  rollback: ["site", "stage", "to"],
};

/** An option that a verb ignores would be an operator's word that is not heard. */
function refuseUnused(args: CommandArgs, verb: string): void {
  const everywhere = ["why", "output", ...Object.keys(controllerOptions)];
  const unused = Object.keys(args.values).find(
    (name) => ![...everywhere, ...(meant[verb] ?? [])].includes(name),
  );
  if (unused !== undefined) throw usage(`rollout ${verb} does not take --${unused}`);
}

function readPause({ args, names, why }: Words): Decision {
  expectNames(names, 0);
  const all = args.values["all"] === true ? { all: true } : {};
  return { verb: "pause", scope: readScope(args), ...all, ...readAt(args), why };
}

function readAt(args: CommandArgs): { release?: string } {
  const { at: release } = texts(args, ["at"]);
  return release === undefined ? {} : { release };
}

function readPromote({ args, names, why }: Words): Decision {
  const base = { verb: "promote", ...texts(args, ["stage"]), why } as const;
  return { ...base, ...readAppRelease(names) };
}

function readAppRelease(names: readonly string[]): { app: string; release?: string } {
  const [app, release] = names;
  if (app === undefined || names.length > 2) throw usage("expected APP or APP RELEASE");
  return release === undefined ? { app } : { app, release };
}

function readScope(args: CommandArgs): HoldScope {
  const parts = texts(args, ["region", "site", "app", "stage"]);
  const isFleet = args.values["fleet"] === true;
  if (isFleet !== (Object.keys(parts).length === 0)) {
    throw usage("say what is meant: --fleet, or some of --app, --site, --region, --stage");
  }
  return isFleet ? { fleet: true } : parts;
}

function readApproval({ args, names, why }: Words): Decision {
  const [app, release] = expectNames(names, 2);
  const given = texts(args, ["stage", "deletions", "removal"]);
  if (Object.keys(given).length !== 1) {
    throw usage("approve exactly one: --stage, --deletions or --removal");
  }
  const base = { verb: "approve", app, release, why } as const;
  const { stage, deletions, removal } = given;
  if (stage !== undefined) return { ...base, stage };
  if (removal !== undefined) {
    if (removal === "delete" || removal === "orphan") return { ...base, removal };
    throw usage(`--removal is delete or orphan, not "${removal}"`);
  }
  if (!/^\d{1,9}$/.test(deletions ?? "")) throw usage("--deletions is a number of objects");
  return { ...base, deletions: Number(deletions) };
}

function readExcuse({ args, names, why }: Words): Decision {
  const given = texts(args, ["site", "region", "uid"]);
  if ((given.site === undefined) === (given.region === undefined)) {
    throw usage("excuse either a --site or a --region");
  }
  if (names.length === 0) return { verb: "excuse", ...given, why };
  const [app, release] = expectNames(names, 2);
  return { verb: "excuse", app, release, ...given, why };
}

function readRetry({ args, names, why }: Words): Decision {
  const [app, release] = expectNames(names, 2);
  return { verb: "retry", app, release, ...texts(args, ["site"]), why };
}

function readRollback({ args, names, why }: Words): Decision {
  const given = texts(args, ["site", "stage", "to"]);
  if (given.site !== undefined && given.stage !== undefined)
    throw usage("name a --site or a --stage, not both");
  if (given.to !== undefined && names.length !== 1) throw usage("expected APP --to RELEASE");
  const base = { verb: "rollback", ...given, why } as const;
  return { ...base, ...readAppRelease(names) };
}

function texts<Name extends string>(
  args: CommandArgs,
  names: readonly Name[],
): Partial<Record<Name, string>> {
  const result: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = textOption(args, name);
    if (value?.trim() === "") throw usage(`--${name} is empty`);
    if (value !== undefined) result[name] = value;
  }
  return result;
}

function expectNames(names: readonly string[], count: 0 | 1 | 2): [string, string] {
  if (names.length === count) return [names[0] ?? "", names[1] ?? ""];
  throw usage(["no names are expected", "expected COMMIT", "expected APP RELEASE"][count] ?? "");
}

function usage(message: string, hint = "see flotilla rollout --help"): FleetError {
  return new FleetError("USAGE", message, { hint, retry: "never" });
}
