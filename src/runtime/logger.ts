import { type BaseLogger, pino } from "pino";
import { redact } from "./redact.ts";

/** What goes beside the message; may hold errors. Secrets in it are not printed. */
type LogFields = Readonly<Record<string, unknown>>;

/** JSON lines: one constant message and fields. A child adds its fields to every line. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  child(fields: LogFields): Logger;
}

/** Levels that may be asked for; `silent` prints nothing. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LoggerOptions {
  /** The process: `controller`, `worker`. */
  readonly name: string;
  /** Default `info`. */
  readonly level?: LogLevel;
  /** Default: standard error, written at once (a crash loses no line). */
  readonly destination?: { write(line: string): void };
}

/** The one way to log. Everything that passes through it is redacted here (see `redact`). */
export function createLogger({ name, level = "info", destination }: LoggerOptions): Logger {
  const lines = pino(
    {
      name,
      level,
      base: { name },
      messageKey: "message",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ fd: 2, sync: true }),
  );
  return fromPino(lines);
}

type PinoLogger = Pick<BaseLogger, "debug" | "info" | "warn" | "error"> & {
  child(fields: object): PinoLogger;
};

function fromPino(lines: PinoLogger): Logger {
  const clean = (fields: LogFields): object => redact(fields) as object; // an object stays an object
  return {
    debug: (message, fields = {}) => lines.debug(clean(fields), message),
    info: (message, fields = {}) => lines.info(clean(fields), message),
    warn: (message, fields = {}) => lines.warn(clean(fields), message),
    error: (message, fields = {}) => lines.error(clean(fields), message),
    child: (fields) => fromPino(lines.child(clean(fields))),
  };
}
