import { KnownValues } from "./known-values.ts";
import type { Logger } from "./logger.ts";
import { hidden, redact, redactText } from "./redact.ts";
import { writtenForms } from "./written-forms.ts";

/**
 * What stands between a process and everybody it tells something: besides what looks like a secret (`redactText`) it
 * takes out the secret values that were met, wherever somebody quotes them.
 */
export interface Redactor {
  /**
   * A value that must not be told; also told apart by lines, and in the forms in which others write it (JSON, URLs). Not known again are too short ones (below 6 characters)
   * and simple words (only lower-case letters and dashes, up to 12 characters), which are names of things as a rule.
   */
  learn(value: string): void;
  text(text: string): string;
  /** The same for all texts in plain data. */
  data<T>(value: T): T;
}

/** Says nothing, and is the same in all keys and certificates. */
const frameOfPem = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;

/** A redactor that has met no secret yet. */
export function createRedactor(): Redactor {
  const known = new KnownValues();
  const text = (words: string): string => redactText(without(words, known));
  return {
    learn: (value) => {
      const parts = value.trim().split("\n");
      for (const part of parts) {
        const line = part.trim();
        if (frameOfPem.test(line)) continue;
        for (const form of writtenForms(line, parts.length === 1)) known.keep(form);
      }
    },
    text,
    data: (value) => mapTexts(value, text) as typeof value, // texts stay texts
  };
}

function without(text: string, known: KnownValues): string {
  let told = "";
  let from = 0;
  for (const { start, end } of known.findIn(text)) {
    told += text.slice(from, start) + hidden;
    from = end;
  }
  return told + text.slice(from);
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
  const text = (words: string): string => redactor.text(words);
  // What is known goes before anything is cut. An object stays an object.
  const clean = (fields: object) => redact(fields, text) as Record<string, unknown>;
  return {
    debug: (message, fields = {}) => logger.debug(message, clean(fields)),
    info: (message, fields = {}) => logger.info(message, clean(fields)),
    warn: (message, fields = {}) => logger.warn(message, clean(fields)),
    error: (message, fields = {}) => logger.error(message, clean(fields)),
    child: (fields) => redactedLogger(logger.child(clean(fields)), redactor),
  };
}
