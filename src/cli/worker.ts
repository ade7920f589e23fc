import { growOldSpaceBy } from "../runtime/old-space.ts";
import { boundYoungSpace } from "../runtime/young-space.ts";
import { WorkerConfig, workerMistakes } from "../worker/config.ts";
import { runWorker } from "../worker/worker.ts";
import type { Command } from "./command.ts";
import { processOptions, processUsage, runProcess } from "./run-process.ts";

/** For each config file, up to so much. */
const youngBytes = 16 * 1024 * 1024;
const mostYoungBytes = 4 * youngBytes;
const oldSpacePercent = 60;

/** `flotilla worker`. */
export const command: Command = {
  summary: "run the worker of a region",
  usage: `Usage: flotilla worker --config FILE [--config FILE ...]

Options:
${processUsage}

With more than one config file a process is the worker of each of them: much smaller than one process each. One that
cannot run is told in the log and started again; the others go on.
SIGINT or SIGTERM ends it in order, a second one at once.
Exit codes: 0 ended in order, 2 could not start or failed.
`,
  options: { ...processOptions, config: { type: "string", multiple: true } },
  run: (args, io) => {
    const parts = [args.values["config"] ?? []].flat().length;
    boundYoungSpace(Math.min(mostYoungBytes, parts * youngBytes));
    growOldSpaceBy(oldSpacePercent);
    return runProcess({
      name: "worker",
      schema: WorkerConfig,
      rules: workerMistakes,
      args,
      io,
      run: runWorker,
    });
  },
};
