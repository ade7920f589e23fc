import { ControllerConfig } from "../controller/config.ts";
import { controllerMistakes } from "../controller/config-rules.ts";
import { runController } from "../controller/controller.ts";
import type { Command } from "./command.ts";
import { processOptions, processUsage, runProcess } from "./run-process.ts";

/** `flotilla controller`. */
export const command: Command = {
  summary: "run the controller",
  usage: `Usage: flotilla controller --config FILE

Options:
${processUsage}

SIGINT or SIGTERM ends it in order, a second one at once.
Exit codes: 0 ended in order, 2 could not start or failed.
`,
  options: processOptions,
  run: (args, io) =>
    runProcess({
      name: "controller",
      schema: ControllerConfig,
      rules: controllerMistakes,
      args,
      io,
      run: runController,
    }),
};
