import { boundYoungSpace } from "../runtime/young-space.ts";
import { WorkerConfig, workerMistakes } from "../worker/config.ts";
import { runWorker } from "../worker/worker.ts";
import type { Command } from "./command.ts";
import { processOptions, processUsage, runProcess } from "./run-process.ts";

const youngBytes = 16 * 1024 * 1024;

/** `flotilla worker`. */
export const command: Command = {
  summary: "run the worker of a region",
  usage: `Usage: flotilla worker --config FILE

Options:
${processUsage}

SIGINT or SIGTERM ends it in order, a second one at once.
Exit codes: 0 ended in order, 2 could not start or failed.
`,
  options: processOptions,
  run: (args, io) => {
    boundYoungSpace(youngBytes);
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
