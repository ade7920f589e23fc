import { FleetError } from "../../core/errors.ts";
import { withoutSecrets } from "./git-errors.ts";
import type { Git, GitAnswer, GitCommand } from "./git-process.ts";
import { type SshAccess, sshCommand } from "./ssh-command.ts";
import { removeStaleFiles } from "./stale-files.ts";

/** A remote repository that is read: https, http, ssh, file:// or an absolute path. */
export interface Remote {
  readonly url: string;
  /** The one transport that git may use for it. */
  readonly protocol: "https" | "http" | "ssh" | "file";
  /** Read again for each call, so that a rotated token is used at once. */
  readonly token: (() => Promise<string>) | undefined;
  /** User name that goes with the token. */
  readonly user: string;
  /** PEM file with the authorities to trust instead of the system's. */
  readonly caFile: string | undefined;
  /** How ssh logs in; only and always for ssh. */
  readonly ssh: SshAccess | undefined;
}

/** Checks the URL of a remote; USAGE (never with the URL's credentials in it) when it cannot be used. */
export function remoteAt(options: {
  readonly url: string;
  readonly token?: (() => Promise<string>) | undefined;
  readonly user: string;
  readonly caFile?: string | undefined;
  readonly ssh?: SshAccess | undefined;
}): Remote {
  const { url, token, user, caFile, ssh } = options;
  const protocol = protocolOf(url);
  if (protocol === "ssh") {
    if (ssh === undefined) throw usage("a repository over ssh needs a key", { hint: sshHint });
    sshCommand(ssh); // told now rather than at the first poll
  }
  return { url, token, user, caFile, ssh, protocol };
}

const sshHint = "name the files of its private key and of the known hosts";
/** A user, a host that ssh does not take for an option, and a path; as a URL, or as git's short form. */
const sshUrl =
  /^(ssh:\/\/([\w.-]+@)?(\w[\w.-]*|\[[0-9a-fA-F:.]+\])(:\d{1,5})?\/|[\w.-]+@\w[\w.-]*:)[^\s-]\S*$/;

function protocolOf(url: string): Remote["protocol"] {
  if (url.startsWith("/") || url.startsWith("file:///")) return "file";
  if (sshUrl.test(url)) return "ssh";
  const scheme = /^(https?):\/\/[^/]/.exec(url)?.[1];
  if (scheme === undefined || !URL.canParse(url)) {
    throw usage(`the repository URL ${withoutSecrets(url)} cannot be used`, {
      hint: "use an https:// URL with a token file, ssh://USER@HOST/PATH with a key file, or an absolute path; no other transport is carried out",
    });
  }
  const { username, password } = new URL(url);
  if (username !== "" || password !== "") {
    throw usage(`the repository URL ${withoutSecrets(url)} holds credentials`, {
      hint: "put the token into a file and name the file",
    });
  }
  return scheme === "https" ? "https" : "http";
}

function usage(message: string, options: { readonly hint: string }): FleetError {
  return new FleetError("USAGE", message, { ...options, retry: "never" });
}

/**
 * Runs a git command that talks to the remote. The token goes by environment and is taken out of every message. Damage
 * is GIT_FAILED: it is most likely the transfer's, and passes.
 */
async function runRemote(git: Git, remote: Remote, command: GitCommand): Promise<GitAnswer> {
  const credentials = await credentialsFor(remote);
  const { protocol: protocols, caFile, ssh } = remote;
  try {
    return await git({ ...command, ...credentials, protocols, caFile, ssh });
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== "GIT_CORRUPT") throw error;
    throw new FleetError("GIT_FAILED", error.message, { cause: error });
  }
}

async function credentialsFor(
  remote: Remote,
): Promise<Pick<GitCommand, "secretConfig" | "secrets">> {
  const token = await readToken(remote);
  if (token === undefined) return {};
  const basic = basicOf(remote, token);
  return {
    secretConfig: { "http.extraHeader": `Authorization: Basic ${basic}` },
    secrets: [token, basic],
  };
}

/** The header that opens the remote; undefined where it takes none. */
export async function authorizationFor(remote: Remote): Promise<string | undefined> {
  const token = await readToken(remote);
  return token === undefined ? undefined : `Basic ${basicOf(remote, token)}`;
}

function basicOf({ user }: Remote, token: string): string {
  return Buffer.from(`${user}:${token}`).toString("base64");
}

async function readToken(remote: Remote): Promise<string | undefined> {
  const takesToken = remote.protocol === "https" || remote.protocol === "http";
  if (remote.token === undefined || !takesToken) return undefined;
  const token = (await remote.token()).trim();
  if (/^[\u0021-\u007e]+$/.test(token)) return token;
  const what = token === "" ? "is empty" : "holds more than one word";
  throw new FleetError("GIT_AUTH", `the token for ${remote.url} ${what}`, {
    hint: "check the token file",
  });
}

/** The ids of the refs with these exact names that the remote has. No names: all its refs. */
export async function listRemoteRefs(
  git: Git,
  remote: Remote,
  options: {
    readonly refs: readonly string[];
    readonly signal?: AbortSignal | undefined;
    readonly timeoutMs: number;
  },
): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await runRemote(git, remote, {
    args: ["ls-remote", "--quiet", "--end-of-options", remote.url, ...options.refs],
    signal: options.signal,
    timeoutMs: options.timeoutMs,
  });
  const found = new Map<string, string>();
  for (const line of stdout.toString("utf8").split("\n")) {
    const match = /^([0-9a-f]{40})\t(\S+)$/.exec(line);
    // A pattern also matches the end of longer names.
    const name = match?.[2] ?? "";
    if (match && (options.refs.length === 0 || options.refs.includes(name))) {
      found.set(name, match[1] ?? "");
    }
  }
  return found;
}

/** Fetches one ref into a local one. Nothing moves unless all objects came, are sound and are connected. */
export async function fetchRef(
  git: Git,
  remote: Remote,
  options: {
    readonly gitDir: string;
    readonly from: string;
    readonly to: string;
    readonly signal?: AbortSignal | undefined;
    readonly timeoutMs: number;
  },
): Promise<void> {
  const flags = [
    "--quiet",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
  ];
  const { gitDir, signal, timeoutMs } = options;
  const fetching = runRemote(git, remote, {
    args: ["fetch", ...flags, "--end-of-options", remote.url, `+${options.from}:${options.to}`],
    gitDir,
    signal,
    timeoutMs,
  });
  try {
    await fetching;
  } catch (error) {
    // It may have been the lock of a killed git: the next attempt must not meet it again.
    await removeStaleFiles(gitDir);
    throw error;
  }
}

/** Pushes one commit to a ref of the remote, wherever that ref is. */
export async function pushCommit(
  git: Git,
  remote: Remote,
  options: {
    readonly gitDir: string;
    readonly commit: string;
    readonly to: string;
    readonly signal?: AbortSignal | undefined;
    readonly timeoutMs: number;
  },
): Promise<void> {
  const { gitDir, commit, to, signal, timeoutMs } = options;
  const flags = ["--quiet", "--no-verify", "--no-follow-tags", "--no-recurse-submodules"];
  const range = `+${commit}:${to}`;
  await runRemote(git, remote, {
    args: ["push", ...flags, "--end-of-options", remote.url, range],
    gitDir,
    signal,
    timeoutMs,
  });
}
