import { FleetError } from "../../core/errors.ts";

/** How a remote is reached over ssh; both are absolute paths. */
export interface SshAccess {
  /** The private key, without a passphrase. */
  readonly keyFile: string;
  /** The only host keys that are believed. */
  readonly knownHostsFile: string;
}

/**
 * The ssh command for git. Nothing of the user's or the machine's ssh configuration, agent or known hosts counts, nothing
 * prompts, an unknown host is refused, and nothing is forwarded. A shell and ssh's own parser read it: a path with
 * characters that either would act upon is USAGE.
 */
export function sshCommand({ keyFile, knownHostsFile }: SshAccess): string {
  const options = {
    BatchMode: "yes",
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: plainPath(knownHostsFile),
    GlobalKnownHostsFile: "/dev/null",
    UpdateHostKeys: "no",
    IdentitiesOnly: "yes",
    IdentityAgent: "none",
    PreferredAuthentications: "publickey",
    ClearAllForwardings: "yes",
    ForwardAgent: "no",
    ControlPath: "none",
    ConnectTimeout: "15",
    ServerAliveInterval: "15",
    LogLevel: "ERROR",
  };
  const flags = Object.entries(options).map(([name, value]) => `-o ${name}=${value}`);
  return ["ssh", "-F /dev/null", `-i ${plainPath(keyFile)}`, ...flags].join(" ");
}

function plainPath(path: string): string {
  if (/^\/[A-Za-z0-9/._@+=,-]+$/.test(path)) return path;
  throw new FleetError("USAGE", `cannot give the path ${JSON.stringify(path)} to ssh`, {
    hint: "move the file to an absolute path of letters, digits and / . _ @ + = , -",
    retry: "never",
  });
}
