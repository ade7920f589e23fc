import type { Command } from "./command.ts";
import { connectController, controllerOptions, controllerUsage } from "./controller-client.ts";
import { noArguments } from "./no-arguments.ts";
import { formatData, outputFormat, outputOption } from "./output.ts";

/** `flotilla dashboard`. */
export const command: Command = {
  summary: "print a link to the controller's status page",
  usage: `Usage: flotilla dashboard [-o table|json|yaml]

Prints a URL to open in a browser, once and within two minutes. The browser may then look at the status page of the
controller for 12 hours; it cannot decide anything there.

Options:
${controllerUsage}
  -o, --output       table (default; the URL alone), json or yaml (with the time at which the link ends)

Exit codes: 0 printed, 2 could not find out.
`,
  options: { ...controllerOptions, ...outputOption },
  async run(args, io) {
    noArguments("dashboard", args);
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const link = await (await connectController(args, io)).pageLink();
    io.stdout(format === "table" ? `${link.url}\n` : formatData(link, format));
    return 0;
  },
};
