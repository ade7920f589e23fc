import { resolve } from "node:path";
import { FleetError } from "../core/errors.ts";
import type { AppTimes, Explanation } from "../core/protocol/api.ts";
import { askedByWaits } from "../core/protocol/attention.ts";
import { groupWaits } from "../core/rollout/group-waits.ts";
import { readableTimes } from "../core/rollout/words.ts";
import { loadCheckout } from "./checkout.ts";
import type { CliIo, Command, CommandArgs } from "./command.ts";
import { connectController, controllerOptions, controllerUsage } from "./controller-client.ts";
import { explainCheckout } from "./explain-checkout.ts";
import { explainObjectIn } from "./explain-object.ts";
import { formatData, outputFormat, outputOption, textOption } from "./output.ts";
import { oneLine, waitLines } from "./status.ts";

/** `flotilla explain SITE APP`. */
export const command: Command = {
  summary: "tell why an app is, or is not, at a site",
  usage: `Usage: flotilla explain SITE APP [-o table|json|yaml]
       flotilla explain SITE APP --dir DIR
       flotilla explain SITE APP --object KIND/NAMESPACE/NAME [--field .spec.replicas] [--dir DIR]

Asks the controller. With --dir it tells what a checkout alone says: where the app belongs, and by what it is
changed there. With --object it tells from a checkout (default: the current folder) where the fields of an object come
from, in file, line and column, and what was overridden or taken away; values of Secrets are hidden.

Options:
  --object OBJECT    an object of the app: KIND/NAMESPACE/NAME, or KIND/NAME; where groups have kinds of the same
                     name, with the group: Service.serving.knative.dev/web, Service.core/web
  --field FIELD      one of its fields with all below it: .spec.template.spec.containers[name="web"].image,
                     .metadata.labels["example.com/team"]; in a list without names by the key that patches merge it
                     by, .spec.ports[port=80], by all its keys where two items have the same one,
                     .spec.ports[port=53,protocol="UDP"], else by position, .args[1]; where an overlay or a
                     kustomization has moved the items of such a list, it is told as a whole
  --dir DIR          a checkout of the fleet repository, instead of the controller
${controllerUsage}
  -o, --output       table (default), json or yaml

Exit codes: 0 the app is there (with --dir: belongs there; with --object: so is the object), 1 it is not, 2 could not
find out.
`,
  options: {
    ...controllerOptions,
    ...outputOption,
    dir: { type: "string" },
    object: { type: "string" },
    field: { type: "string" },
  },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const dir = textOption(args, "dir");
    const object = textOption(args, "object");
    const field = textOption(args, "field");
    if (object !== undefined) {
      const question = { ...siteAndApp(args), object, ...(field !== undefined && { field }) };
      return explainObjectIn(resolve(io.cwd, dir ?? "."), question, { format, io });
    }
    if (field !== undefined) throw fieldAlone();
    const explanation = await (dir === undefined ? ask(args, io) : read(dir, args, io));
    io.stdout(format === "table" ? explanationText(explanation) : formatData(explanation, format));
    const isYes = dir === undefined ? isThere(explanation) : explanation.placed;
    return isYes ? 0 : 1;
  },
};

async function ask(args: CommandArgs, io: CliIo): Promise<Explanation> {
  const { site, app } = siteAndApp(args);
  const otherwise = ", or name a checkout: --dir DIR";
  return (await connectController(args, io, otherwise)).explain(site, app);
}

async function read(dir: string, args: CommandArgs, io: CliIo): Promise<Explanation> {
  const { site, app } = siteAndApp(args);
  return explainCheckout(await loadCheckout(resolve(io.cwd, dir), io), site, app);
}

function siteAndApp({ positionals }: CommandArgs): { site: string; app: string } {
  const [site, app, ...more] = positionals;
  if (site !== undefined && app !== undefined && more.length === 0) return { site, app };
  throw new FleetError("USAGE", "explain takes a site and an app", {
    hint: "flotilla explain SITE APP",
    retry: "never",
  });
}

function fieldAlone(): FleetError {
  const hint = "add --object KIND/NAMESPACE/NAME";
  return new FleetError("USAGE", "--field is a field of an object", { hint, retry: "never" });
}

function isThere({ observed }: Explanation): boolean {
  return observed !== null && observed.health !== "Missing";
}

/** That all of it was applied and that it is healthy are two things: since when each is so. */
function timeLines({ appliedAt, healthySince }: AppTimes): readonly string[] {
  const parts = [
    ...(appliedAt === undefined ? [] : [`applied at ${appliedAt}`]),
    ...(healthySince === undefined ? [] : [`healthy since ${healthySince}`]),
  ];
  return parts.length === 0 ? [] : [readableTimes(parts.join(", "))];
}

/** The explanation as people read it: the answer first, then what it follows from. */
export function explanationText(explanation: Explanation): string {
  const { answer, because, overlays, release, tree, observed, waits } = explanation;
  const seen = observed && [observed.sync, observed.health, observed.message];
  const facts: readonly (readonly [string, readonly string[]])[] = [
    ["placement", because],
    ["overlays", overlays],
    ["release", release === null ? [] : [release]],
    ["tree", tree === null ? [] : [tree]],
    ["observed", seen === null ? [] : [seen.filter((part) => part !== "").join(", ")]],
    ["times", observed === null ? [] : timeLines(observed)],
    ["waits", waitLines(waits)],
    ["decide", askedByWaits(groupWaits(waits)).flatMap(({ commands }) => commands)],
  ];
  const lines = facts.flatMap(([name, values]) =>
    values.map((value, index) => `  ${(index === 0 ? name : "").padEnd(10)} ${oneLine(value)}\n`),
  );
  return `${oneLine(answer)}\n${lines.join("")}`;
}
