import { FleetError } from "../core/errors.ts";
import { isSecretOption, namesSecret, withoutNamed } from "./secret-names.ts";

/**
 * What may be printed. Used where things leave the process as text (the logger, a worker's report) and by everybody who
 * puts a URL into a message. Redacts by the name of a key and by the look of a value: URL credentials,
 * `Authorization` values, GitHub tokens, JSON web tokens, access keys, private keys, long words that look made by
 * chance, and what stands behind the name of a secret.
 */
export const hidden = "[redacted]";

const secretValues: readonly (readonly [RegExp, string])[] = [
  // Up to the last `@`: who writes a URL by hand does not escape that of a password.
  [/(?<=[a-z0-9+.-]:\/\/)(?:[^\s/@]*@)+/gi, ""],
  // `user:pw@host` where no scheme stands before it; `image:tag@sha256:` is none.
  [
    /(?<![\w.:@-])(?!mailto:)([A-Za-z0-9._-]{1,64}:)@?[^\s:@/"'\\]{1,200}@(?:[^\s:@/"'\\]{0,200}@)*(?!sha\d+:)(?=[A-Za-z0-9[(])/g,
    `$1${hidden}@`,
  ],
  [/\b(bearer|basic|token)\s+[A-Za-z0-9+/._~=-]{16,}/gi, `$1 ${hidden}`],
  [/\b(gh[a-z]_|github_pat_)[A-Za-z0-9_.-]{10,}/g, hidden],
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*)?/g, hidden],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, hidden],
  // What looks made by chance: small and large letters and at least two digits, as base64 has them.
  [
    /(?<![A-Za-z0-9+])(?=[A-Z0-9+]*[a-z])(?=[a-z0-9+]*[A-Z])(?=(?:[A-Za-z+]*\d){2})[A-Za-z0-9+]{24,}={0,2}/g,
    hidden,
  ],
  // Of URLs that are signed: whoever has the whole one may use it.
  [/([?&]sig=|signature=)[^\s&"'\\,;]+/gi, `$1${hidden}`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, hidden],
];

const maxDepth = 6;
const maxItems = 100;
const maxTextLength = 4000;

/** The text without URL credentials, tokens and private keys; shortened to 4,000 characters. */
export function redactText(text: string): string {
  if (text === "") return text; // most of what is told has no words
  const bounded =
    text.length > maxTextLength ? `${text.slice(0, maxTextLength)} [shortened]` : text;
  return secretValues.reduce(
    (result, [pattern, replacement]) => result.replaceAll(pattern, replacement),
    withoutNamed(bounded, hidden),
  );
}

/** A plain copy of any value that may be logged: bounded, errors taken apart, secrets gone; `text` takes them out. */
export function redact(value: unknown, text = redactText): unknown {
  return copyOf(value, text, 0);
}

function copyOf(value: unknown, text: typeof redactText, depth: number): unknown {
  if (typeof value === "string") return text(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (depth >= maxDepth) return "[too deep]";
  if (value instanceof Error) return redactError(value, text, depth);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value)) return redactItems(value, text, depth);
  return redactFields(value, text, depth);
}

function redactFields(value: object, text: typeof redactText, depth: number): object {
  const fields = Object.entries(value).slice(0, maxItems);
  return Object.fromEntries(
    fields.map(([key, item]) => [key, namesSecret(key) ? hidden : copyOf(item, text, depth + 1)]),
  );
}

function redactItems(
  items: readonly unknown[],
  text: typeof redactText,
  depth: number,
): readonly unknown[] {
  return items
    .slice(0, maxItems)
    .map((item, index) =>
      isSecretOption(items[index - 1]) && typeof item === "string"
        ? hidden
        : copyOf(item, text, depth + 1),
    );
}

/** Only what we know of an error: libraries hang requests, with their headers, on theirs. */
function redactError(error: Error, text: typeof redactText, depth: number): unknown {
  const { code, hint } = error as { code?: unknown; hint?: unknown }; // of FleetErrors and Node's errors
  const isExpected = error instanceof FleetError;
  return {
    name: text(error.name),
    message: text(error.message),
    ...(code === undefined ? {} : { code: copyOf(code, text, depth + 1) }),
    ...(hint === undefined ? {} : { hint: copyOf(hint, text, depth + 1) }),
    ...(error.cause === undefined ? {} : { cause: copyOf(error.cause, text, depth + 1) }),
    ...(isExpected || error.stack === undefined ? {} : { stack: text(error.stack) }),
  };
}
