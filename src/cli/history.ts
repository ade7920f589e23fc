import type { ControllerClient } from "../adapters/http/controller-client.ts";
import { FleetError } from "../core/errors.ts";
import type { PastRelease, ReleaseHistory } from "../core/protocol/api.ts";
import { readableTimes } from "../core/rollout/words.ts";
import type { Command } from "./command.ts";
import { connectController, controllerOptions, controllerUsage } from "./controller-client.ts";
import { formatData, formatTable, outputFormat, outputOption } from "./output.ts";
import { wholeNumber } from "./whole-number.ts";
import { oneLine } from "./status.ts";

/** `flotilla history APP`. */
export const command: Command = {
  summary: "list the releases of an app, newest first",
  usage: `Usage: flotilla history APP [--limit N] [-o table|json|yaml]

What was released of an app, by whom or by which commit, and what became of it. One of kind app or
rollback that is done can be gone back to: flotilla rollout rollback APP --to RELEASE.

Options:
${controllerUsage}
      --limit        so many of the newest releases, at most (default 50)
  -o, --output       table (default), json or yaml

Exit codes: 0 there are releases, 1 there is none, 2 could not find out.
`,
  options: { ...controllerOptions, ...outputOption, limit: { type: "string" } },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const [app, ...more] = args.positionals;
    if (app === undefined || more.length > 0) {
      const hint = "flotilla history APP";
      throw new FleetError("USAGE", "history takes an app", { hint, retry: "never" });
    }
    const limit = wholeNumber(args, { name: "limit", fallback: 50, least: 1, most: 9999 });
    const history = await askHistory(await connectController(args, io), app, limit);
    if (history instanceof FleetError) {
      io.stderr(`flotilla: ${history.message}; ${history.hint ?? ""}\n`);
      return 1;
    }
    if (history.more) io.stderr(`flotilla: there are older ones: --limit ${limit * 2}\n`);
    io.stdout(format === "table" ? historyText(history) : formatData(history, format));
    return history.releases.length === 0 ? 1 : 0;
  },
};

/** That nothing is on record of the app is an answer, and no failure to find one. */
async function askHistory(
  controller: ControllerClient,
  app: string,
  limit: number,
): Promise<ReleaseHistory | FleetError> {
  try {
    return await controller.history(app, limit);
  } catch (error) {
    if (error instanceof FleetError && error.code === "NOT_FOUND") return error;
    throw error;
  }
}

function historyText({ app, releases }: ReleaseHistory): string {
  if (releases.length === 0) return `no release of ${app} is on record\n`;
  const headings = ["RELEASE", "KIND", "STARTED", "BY", "SITES", "VERDICT", "ENDED"];
  return formatTable(
    headings,
    releases.map((release) => rowOf(release).map(oneLine)),
  );
}

function rowOf(release: PastRelease): string[] {
  const { kind, source, by, startedAt, sites, verdict, endedAt, summary, isCurrent } = release;
  const words = [verdict, ...(isCurrent ? ["current"] : []), ...(summary === "" ? [] : [summary])];
  return [
    release.release,
    kind,
    readableTimes(startedAt),
    by ?? `commit ${(source ?? "").slice(0, 12)}`,
    String(sites),
    words.join(", "),
    endedAt === null ? "-" : readableTimes(endedAt),
  ];
}
