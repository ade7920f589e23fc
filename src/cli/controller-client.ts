import { resolve } from "node:path";
import { type ControllerClient, openControllerClient } from "../adapters/http/controller-client.ts";
import { FleetError } from "../core/errors.ts";
import { redactText } from "../runtime/redact.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { CliIo, CommandArgs, CommandOptions } from "./command.ts";
import { textOption } from "./output.ts";

/** The options of every command that asks the controller. */
export const controllerOptions = {
  controller: { type: "string" },
  "token-file": { type: "string" },
  "ca-file": { type: "string" },
} satisfies CommandOptions;

/** How the usage texts explain them. */
export const controllerUsage = `  --controller URL   the controller's API (or FLOTILLA_CONTROLLER; default http://127.0.0.1:7420)
  --token-file FILE  file with the token (or FLOTILLA_TOKEN_FILE): your own, or on the controller's
                     machine its apiTokenFile, by default <stateDir>/api-token
  --ca-file FILE     PEM file of the authorities to trust for https, instead of the system's
                     (or FLOTILLA_CA_FILE)`;

const defaultUrl = "http://127.0.0.1:7420";

/** Reads options and environment; the token only ever comes from a file. `otherwise`: what to do without a controller. */
export async function connectController(
  args: CommandArgs,
  io: CliIo,
  otherwise = "",
): Promise<ControllerClient> {
  const url = checkedUrl(
    textOption(args, "controller") ?? nonEmpty(io.env["FLOTILLA_CONTROLLER"]) ?? defaultUrl,
  );
  const tokenFile = textOption(args, "token-file") ?? nonEmpty(io.env["FLOTILLA_TOKEN_FILE"]);
  if (tokenFile === undefined) {
    throw new FleetError("USAGE", "no token file is given", {
      hint: `set --token-file or FLOTILLA_TOKEN_FILE to the controller's <stateDir>/api-token${otherwise}`,
      retry: "never",
    });
  }
  const token = await readTokenFile(resolve(io.cwd, tokenFile));
  const by = nonEmpty(io.env["USER"]) ?? nonEmpty(io.env["LOGNAME"]);
  const caOption = textOption(args, "ca-file") ?? nonEmpty(io.env["FLOTILLA_CA_FILE"]);
  const caFile = caOption === undefined ? undefined : resolve(io.cwd, caOption);
  return openControllerClient({ url, token, caFile, ...(by === undefined ? {} : { by }) });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function checkedUrl(text: string): string {
  const url = URL.parse(text);
  const isLocal = url !== null && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  const isFine = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
  if (!isFine || url.username !== "" || url.password !== "") {
    throw new FleetError("USAGE", `cannot use the controller URL ${redactText(text)}`, {
      hint: "http only to this machine, else https, without credentials: http://127.0.0.1:7420",
      retry: "never",
    });
  }
  return text.replace(/\/+$/, "");
}
