import type { TerminalIo } from "./command.ts";

/** What is used of `process`. */
interface TerminalProcess {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  on(name: "SIGHUP", listener: () => void): unknown;
  off(name: "SIGHUP", listener: () => void): unknown;
}

/** The terminal that this process is at; undefined where stderr is none that can be drawn on. */
export function openTerminal(process: TerminalProcess): TerminalIo | undefined {
  const { stdin, stderr, env } = process;
  if (!stderr.isTTY || env["TERM"] === "dumb") return undefined;
  // A variable that is empty counts as none.
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return {
    get columns() {
      return stderr.columns || 80;
    },
    get rows() {
      return stderr.rows || 24;
    },
    color: (env["NO_COLOR"] ?? "") === "",
    unicode: /utf-?8/i.test(locale),
    write: (text) => void stderr.write(text),
    onKey: stdin.isTTY ? (listener) => readKeys(process, listener) : null,
  };
}

const endOfText = "\u0003";

/** Keys one by one. A terminal that goes away is a Ctrl-C. */
function readKeys(process: TerminalProcess, listener: (key: string) => void): () => void {
  const { stdin } = process;
  const onData = (chunk: Buffer): void => {
    const text = chunk.toString("utf8");
    // An arrow key, say, is one key of several characters; what was typed quickly is several keys.
    for (const key of text.startsWith("\u001b") ? [text] : text) listener(key);
  };
  const onGone = (): void => listener(endOfText);
  stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.once("end", onGone);
  process.on("SIGHUP", onGone);
  return () => {
    process.off("SIGHUP", onGone);
    stdin.off("end", onGone);
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
