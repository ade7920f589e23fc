import { cp } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FleetError } from "../core/errors.ts";
import { makeFolder } from "../runtime/make-folder.ts";
import type { Command } from "./command.ts";
import { requireEmptyFolder } from "./empty-folder.ts";

const template = fileURLToPath(new URL("../../fleet-repo-template", import.meta.url));

/** `flotilla init`. */
export const command: Command = {
  summary: "start a fleet repository from a small example",
  usage: `Usage: flotilla init DIR

Writes a small, complete fleet into DIR, which is created, or must be empty (a .git folder may be there).

Exit codes: 0 written, 2 not: the folder is not empty, or cannot be written.
`,
  options: {},
  async run(args, io) {
    const [target, ...others] = args.positionals;
    if (target === undefined || others.length > 0) {
      throw new FleetError("USAGE", "init needs exactly one folder", {
        hint: "flotilla init my-fleet",
        retry: "never",
      });
    }
    const dir = resolve(io.cwd, target);
    await requireEmptyFolder(dir, target);
    await copyTemplate(dir, target);
    io.stdout(`${target}: a small fleet to start from; its README.md says what is where\n`);
    io.stderr(`next: flotilla validate ${target}\n`);
    return 0;
  },
};

async function copyTemplate(dir: string, target: string): Promise<void> {
  try {
    await makeFolder(dir);
    await cp(template, dir, { recursive: true, force: false });
  } catch (cause) {
    throw new FleetError("USAGE", `cannot write ${target}`, { cause, retry: "never" });
  }
}
