import { hidden, redact, redactText } from "./redact.ts";
import type { Logger } from "./logger.ts";

/**
 * What stands between a process and everybody it tells something: besides what looks like a secret (`redactText`) it
 * takes out the secret values that were met, wherever somebody quotes them.
 */
export interface Redactor {
  /** A value that must not be told; also told apart by lines. Too short ones (below 6 characters) are not known again. */
  learn(value: string): void;
  text(text: string): string;
  /** The same for all texts in plain data. */
  data<T>(value: T): T;
}

const shortest = 6;
/** So much of a value is looked for; what follows is taken out as far as it is the value, which may be cut off. */
const keyLength = 16;
const longest = 4096;
const maxKnown = 20_000;

/** A redactor that has met no secret yet. */
export function createRedactor(): Redactor {
  /** Those that were met last are kept. */
  const known = new Set<string>();
  const keep = (value: string): void => {
    if (value.length < shortest) return;
    const kept = value.slice(0, longest);
    known.delete(kept);
    known.add(kept);
    if (known.size <= maxKnown) return;
    for (const oldest of known) {
      known.delete(oldest);
      return;
    }
  };
  const text = (words: string): string => {
    let told = words;
    if (words.length >= shortest) for (const value of known) told = without(told, value);
    return redactText(told);
  };
  return {
    learn: (value) => {
      for (const line of value.split("\n")) {
        keep(line.trim());
        keep(JSON.stringify(line.trim()).slice(1, -1));
      }
    },
    text,
    data: (value) => mapTexts(value, text) as typeof value, // texts stay texts
  };
}

function without(text: string, value: string): string {
  const key = value.slice(0, keyLength);
  let told = text;
  for (let at = told.indexOf(key); at >= 0; at = told.indexOf(key, at + hidden.length)) {
    let end = at + key.length;
    while (end < told.length && told[end] === value[end - at]) end += 1;
    told = told.slice(0, at) + hidden + told.slice(end);
  }
  return told;
}

function mapTexts(value: unknown, map: (text: string) => string): unknown {
  if (typeof value === "string") return map(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, map));
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([key, item]) => [key, mapTexts(item, map)] as const);
  return Object.fromEntries(fields);
}

/** A logger whose fields go through the redactor, errors taken apart. */
export function redactedLogger(logger: Logger, redactor: Redactor): Logger {
  const clean = (fields: object): Record<string, unknown> =>
    redactor.data(redact(fields) as Record<string, unknown>); // an object stays an object
  return {
    debug: (message, fields = {}) => logger.debug(message, clean(fields)),
    info: (message, fields = {}) => logger.info(message, clean(fields)),
    warn: (message, fields = {}) => logger.warn(message, clean(fields)),
    error: (message, fields = {}) => logger.error(message, clean(fields)),
    child: (fields) => redactedLogger(logger.child(clean(fields)), redactor),
  };
}
