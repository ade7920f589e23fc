/**
 * Whether a name says that what it names is secret: `password`, `DB_PASS`, `apiKey`, `ENCRYPTION_KEY`. Not what only leads
 * to a secret (`tokenFile`, `secretKeyRef`), nor keys that everybody may know or that are no such keys (`publicKey`,
 * `topologyKey`, `PARTITION_KEY`).
 */
export function namesSecret(name: string): boolean {
  return secretWord.test(name) || wholeWord.test(name) || qualifiedKey.test(name) || isAnyKey(name);
}

/** At the end of a name, however it is written. */
const secretWord =
  /(token|authorization|password|passwd|passphrase|passcode|pwd|secret|credentials?|cookie|key[-_]?data|conn(ection)?[-_ ]?(str|string)|(db|pg|mysql|redis|smtp|mail|ldap|user|root|admin|require)pass)$/i;

/** Only as a word of its own: `bypass` and `compass` are none. */
const wholeWord = /(^|[^A-Za-z])(pass|PASS|Pass|dsn|DSN|Dsn)$|[a-z0-9](Pass|Dsn|DSN)$/;

const qualifiedKey =
  /(private|api|access|secret|encryption|encrypt|signing|master|auth|account|shared|ssh|license|hmac|aes|session)[-_]?keys?$/i;

/** `MY_KEY`, `tls-key`: any key but those of tables, caches and selectors. */
function isAnyKey(name: string): boolean {
  const word = /(?<word>[A-Za-z0-9]+)[-_]key$/i.exec(name)?.groups?.["word"];
  return word !== undefined && !plainKeys.has(word.toLowerCase());
}

const plainKeys: ReadonlySet<string> = new Set(
  "public pub topology primary foreign partition sort row cache routing index object label annotation map config hot group message record lookup sharding shard order".split(
    " ",
  ),
);

/** An option of a command line that takes a secret: `--password`. */
export function isSecretOption(text: unknown): boolean {
  return typeof text === "string" && /^--?[A-Za-z]/.test(text) && namesSecret(text);
}

const ways: readonly RegExp[] = [
  // `password=x`, `--password=x`, `"password": "x"`, also as JSON in JSON, and as API servers quote it.
  /(?<![\w.-])[.-]*(?<name>(?:connection )?[A-Za-z_][\w.-]{0,79})(?<item>\[[^\]\s]{0,80}\])?\\*["']?\s*(?<sign>[=:])\s*(?:(?:Invalid|Unsupported|Duplicate) value:\s*|Not found:\s*)?/gi,
  // `.tokens[="x"]`: an item of a set in the path of a field.
  /(?<![\w.-])[.-]*(?<name>[A-Za-z_][\w.-]{0,79})(?<item>\[)=/g,
  // `--password x`, `"--password", "x"`.
  /(?<![\w-])--(?<name>[A-Za-z][\w-]{0,79})(?:\\*["']?\s*,\s*|\s+)(?=[^\s-])/g,
  // `{"name":"DB_PASS","value":"x"}`.
  /"name\\*"\s*:\s*\\*"(?<name>[^"\\]{1,80})\\*"\s*,\s*\\*"value\\*"\s*:\s*/g,
];

/** Quoted, quoted within quotes, or up to where a value usually ends; with the scheme of an Authorization. */
const value =
  /(?<quoted>\\+"(?:[^"\\]|\\+[^"\\])*(?:\\*"|$)|"(?:[^"\\]|\\.)+(?:"|$)|'[^']+(?:'|$))|(?:(?:bearer|basic|token|digest)\s+)?(?<bare>[^\s"'\\,;&([{<][^\s"'\\,;&]*)/iy;

/** A shorter one behind a `:` is a word of a sentence. */
const shortest = 6;

/** A text in which what stands behind the name of a secret is replaced. */
export function withoutNamed(text: string, hidden: string): string {
  return ways.reduce((result, way) => withoutValues(result, way, hidden), text);
}

function withoutValues(text: string, way: RegExp, hidden: string): string {
  let told = "";
  let from = 0;
  for (const { index, 0: met, groups: { name = "", item, sign } = {} } of text.matchAll(way)) {
    const end = index + met.length;
    const last = name.slice(name.lastIndexOf(".") + 1);
    // A list has the name of several: `tokens[1]`.
    const one = item === undefined ? last : last.replace(/s$/i, "");
    if (end <= from || !namesSecret(one)) continue;
    const length = lengthOfValue(text, end, sign === ":" ? shortest : 1);
    if (length === 0) continue;
    told += text.slice(from, end) + hidden;
    from = end + length;
  }
  return told + text.slice(from);
}

/** Of the value that stands there; 0 where there is none. */
function lengthOfValue(text: string, start: number, shortestWord: number): number {
  const at = new RegExp(value);
  at.lastIndex = start;
  const found = at.exec(text);
  if (found === null) return 0;
  const isQuoted = found.groups?.["quoted"] !== undefined;
  return isQuoted || found[0].length >= shortestWord ? found[0].length : 0;
}
