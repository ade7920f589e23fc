import { type ErrorCode, FleetError } from "../../core/errors.ts";

/**
 * What git's stderr tells (in the C locale). Git has one exit code, 128, for nearly everything, so its words are all
 * there is; they are read here and nowhere else. The first match decides.
 */
const causes: readonly {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** In place of git's words, where they are many or say too little. */
  readonly message?: string;
  readonly hint?: string;
}[] = [
  {
    pattern: /REMOTE HOST IDENTIFICATION HAS CHANGED|has changed and you have requested strict/,
    code: "GIT_AUTH",
    message: "the host shows another key than the known hosts file has for it",
    hint: "do not go on until the host's administrator has told you the new key: somebody may stand between",
  },
  {
    pattern: /Host key verification failed|host key is known for/,
    code: "GIT_AUTH",
    message: "the known hosts file has no key of the host",
    hint: "put the host's key into fleet.ssh.knownHostsFile (ssh-keyscan HOST), after comparing it with what its administrator publishes",
  },
  {
    pattern: /UNPROTECTED PRIVATE KEY FILE|bad permissions/,
    code: "GIT_AUTH",
    message: "ssh does not use a private key that others may read",
    hint: "chmod 600 the file of fleet.ssh.keyFile",
  },
  {
    pattern:
      /(Load key|Identity file) .*(not accessible|No such file|Permission denied|invalid format|error in libcrypto)/,
    code: "GIT_AUTH",
    message: "ssh cannot read the private key",
    hint: "check fleet.ssh.keyFile: it must be a private key, readable by this user",
  },
  {
    pattern: /Permission denied \(.*publickey/,
    code: "GIT_AUTH",
    message: "the host does not take the private key",
    hint: "give its public key read access to the repository; a key with a passphrase cannot be used",
  },
  {
    pattern:
      /could not read (Username|Password)|Authentication failed|returned error: 401|invalid credentials/i,
    code: "GIT_AUTH",
    hint: "check the token file: the token may be wrong, expired or revoked",
  },
  {
    pattern: /returned error: 403/,
    code: "GIT_AUTH",
    hint: "the token is known but may not read this repository",
  },
  {
    // A path in quotes is one that the command named itself.
    pattern: /^fatal: not a git repository: [^']/m,
    code: "GIT_FAILED",
    hint: "the .git file names a repository that is not there: bring it, too, or take the .git file away",
  },
  {
    pattern: /^fatal: cannot use bare repository/m,
    code: "GIT_FAILED",
    hint: "this folder is in no work tree: name one of a checkout",
  },
  {
    pattern: /^fatal: not a git repository/m,
    code: "GIT_NOT_FOUND",
    hint: "this folder is in no Git repository: make it one (git init, git add, git commit), or do without a revision",
  },
  {
    pattern: /returned error: 404|repository '.*' not found|does not appear to be a git repository/,
    code: "GIT_NOT_FOUND",
    hint: "check the URL; some hosts also answer so when the token may not read the repository",
  },
  {
    pattern: /returned error: 30\d|unable to update url base from redirection/,
    code: "GIT_NOT_FOUND",
    hint: "the repository has moved: put its new URL into the config",
  },
  {
    pattern: /transport '.*' not allowed/,
    code: "USAGE",
    hint: "use an https:// URL or a local path",
  },
  {
    pattern: /SSL certificate problem|server certificate verification failed/,
    code: "GIT_FAILED",
    hint: "the certificate's authority is not trusted here: name it by a caFile, or in the system's store",
  },
  { pattern: /timed out|Operation too slow|timeout/i, code: "GIT_TIMEOUT" },
  {
    pattern:
      /missing (blob|tree|commit) |bad object|is corrupt|(unable to|could not) read (tree |sha1 )?[0-9a-f]{7}|object .* is (empty|missing)|inflate|invalid sha1 pointer/i,
    code: "GIT_CORRUPT",
  },
];

/** The FleetError of a git command that ended with a failure. `stderr` may hold anything; secrets are taken out. */
export function gitFailure(options: {
  readonly command: string;
  readonly code: number | null;
  readonly stderr: string;
  readonly secrets?: readonly string[];
}): FleetError {
  const text = withoutSecrets(options.stderr, options.secrets ?? []);
  const cause = causes.find(({ pattern }) => pattern.test(text));
  const ending = options.code === null ? "was killed" : `ended with code ${options.code}`;
  const { code = "GIT_FAILED", message, hint } = cause ?? {};
  const words = message ?? (shorten(text) || "no message");
  return new FleetError(code, `git ${options.command} ${ending}: ${words}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(code === "USAGE" ? { retry: "never" as const } : {}),
  });
}

/** Takes credentials out of a text: user parts and queries of URLs, authorization headers, and the given secrets. */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text
    .replaceAll(/(?<=[a-z0-9+.-]:\/\/)(?:[^\s/'"@]*@)+/gi, "")
    .replaceAll(/(?<=:\/\/[^\s?'"]*)\?[^\s'"]+/g, "?…")
    .replaceAll(/(authorization:\s*)\S+(\s+\S+)?/gi, "$1***");
  for (const secret of secrets) {
    if (secret.length > 0) clean = clean.replaceAll(secret, "***");
  }
  return clean;
}

/** The lines that tell something, without progress, on one line and bounded. */
function shorten(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(remote: )?\w+ objects: /.test(line));
  const text = lines.slice(-6).join("; ");
  return text.length > 800 ? `${text.slice(0, 800)}…` : text;
}
