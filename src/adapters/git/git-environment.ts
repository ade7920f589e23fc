/**
 * The environment and configuration every git process of Flotilla runs with. Nothing of the user's or the machine's
 * git configuration counts, nothing prompts, no hook runs, no transport but those named is used, and what was
 * acknowledged has reached the disk.
 */

import { type SshAccess, sshCommand } from "./ssh-command.ts";

/** Git configuration by key; several values of one key count in their order. */
export type GitConfig = Readonly<Record<string, string | readonly string[]>>;

/** Variables of our own process that git may see: where programs are, proxies, certificates. No others. */
const passed = [
  "PATH",
  "TMPDIR",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "GIT_SSL_CAINFO",
  "GIT_EXEC_PATH",
  "http_proxy",
  "https_proxy",
  "HTTPS_PROXY",
  "no_proxy",
  "NO_PROXY",
] as const;

const configuration: Readonly<Record<string, string>> = {
  "core.hooksPath": "/dev/null",
  "core.fsmonitor": "false",
  "core.askPass": "",
  "core.fsync": "all",
  "core.filesRefLockTimeout": "1000",
  "core.packedRefsTimeout": "1000",
  "credential.helper": "",
  "fetch.fsckObjects": "true",
  "transfer.fsckObjects": "true",
  "fetch.unpackLimit": "1",
  "gc.auto": "0",
  "maintenance.auto": "false",
  // A redirect could carry the token to another host.
  "http.followRedirects": "false",
  "http.lowSpeedLimit": "100",
  "http.lowSpeedTime": "60",
  // The folders are named by the operator; their owner may be another uid (a mounted volume).
  "safe.directory": "*",
};

/** `-c` arguments with Flotilla's git configuration. Never a secret: arguments are visible to every user. */
export function configArguments(): string[] {
  return Object.entries(configuration).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
}

/** Environment for a git process. `protocols`: transports it may use (`file:https`), none by default. */
export function gitEnvironment(
  options: {
    readonly protocols?: string;
    readonly config?: GitConfig;
    /** PEM file of authorities; overrides the process's own. */
    readonly caFile?: string | undefined;
    /** How ssh logs in, where that is a transport it may use. */
    readonly ssh?: SshAccess | undefined;
  } = {},
): Record<string, string> {
  const environment: Record<string, string> = {
    LC_ALL: "C",
    // No ~/.netrc, no ~/.gitconfig, no ~/.config/git.
    HOME: "/nonexistent",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_OPTIONAL_LOCKS: "0",
    // New repositories keep each ref in a file, whatever git's default becomes: they are read without a process.
    GIT_DEFAULT_REF_FORMAT: "files",
    GIT_ALLOW_PROTOCOL: options.protocols ?? "none",
  };
  for (const name of passed) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  if (options.caFile !== undefined) environment["GIT_SSL_CAINFO"] = options.caFile;
  if (options.ssh !== undefined) {
    environment["GIT_SSH_COMMAND"] = sshCommand(options.ssh);
    environment["GIT_SSH_VARIANT"] = "ssh";
  }
  return { ...environment, ...configEnvironment(options.config ?? {}) };
}

/** Git configuration by environment: the only way for a secret, since it is not visible in the process list. */
function configEnvironment(config: GitConfig): Record<string, string> {
  const entries = Object.entries(config).flatMap(([key, values]) =>
    (typeof values === "string" ? [values] : values).map((value) => [key, value] as const),
  );
  const environment: Record<string, string> = { GIT_CONFIG_COUNT: String(entries.length) };
  for (const [index, [key, value]] of entries.entries()) {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  }
  return environment;
}
