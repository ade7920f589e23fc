import { createHash } from "node:crypto";
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { FleetError } from "../core/errors.ts";
import { type Role, roles } from "../core/protocol/caller.ts";
import { writeTokenFile } from "../runtime/token-file.ts";
import type { Command } from "./command.ts";
import { formatData, textOption } from "./output.ts";

/** `flotilla token NAME`. */
export const command: Command = {
  summary: "make a token for a caller of the controller's API",
  usage: `Usage: flotilla token NAME --role view|operate|admin --out FILE

Writes a new random token into FILE, for its bearer alone (mode 0600), and prints the entry for the controller's
access.tokensFile: name, role and the token's hash. The token itself is never printed. Append the entry:

  flotilla token ana --role operate --out ana.token >> tokens.yaml      # below its first line, "tokens:"

Options:
  --role ROLE        view: look; operate: also decide on rollouts; admin: everything
  --out FILE         where the token goes; must not be there yet

Exit codes: 0 made, 2 could not.
`,
  options: { role: { type: "string" }, out: { type: "string" } },
  async run(args, io) {
    const [name, ...more] = args.positionals;
    const out = textOption(args, "out");
    if (
      name === undefined ||
      !/^[A-Za-z0-9][A-Za-z0-9@._+-]{0,63}$/.test(name) ||
      more.length > 0
    ) {
      throw usage("expected one NAME of 1 to 64 letters, digits, @ . _ + or -");
    }
    const role = readRole(textOption(args, "role"));
    if (out === undefined) throw usage("--out is missing");
    const path = resolve(io.cwd, out);
    if (await isThere(path)) throw usage(`${out} is there already`);
    const token = await writeTokenFile(path);
    const sha256 = createHash("sha256").update(token, "utf8").digest("hex");
    io.stdout(formatData([{ name, role, sha256 }], "yaml"));
    return 0;
  },
};

function readRole(text: string | undefined): Role {
  const role = roles.find((each) => each === text);
  if (role === undefined) throw usage(`--role is one of ${roles.join(", ")}`);
  return role;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function usage(message: string): FleetError {
  return new FleetError("USAGE", message, { hint: "see flotilla token --help", retry: "never" });
}
