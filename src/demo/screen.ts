/** A block of lines at the end of a terminal that is drawn again and again, with lasting lines above it. */
import { fitLine, widthOf } from "./style.ts";

/** The terminal, as far as it is used. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

export interface Screen {
  /** Draws the block anew; nothing is written where it is the same. */
  draw(lines: readonly string[]): void;
  /** A line that stays, above the block. */
  readonly say: (line: string) => void;
  /** Leaves the last block standing and shows the cursor again. */
  close(): void;
}

const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";

/** A screen on which nothing is drawn yet. */
export function createScreen(terminal: Terminal): Screen {
  let drawn: readonly string[] = [];
  let columns = terminal.columns;
  const erase = (): string => {
    if (drawn.length === 0) return "";
    // A terminal that became narrower has wrapped what stood there.
    const rows = drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / terminal.columns)),
      0,
    );
    return `\u001b[${rows}A\r\u001b[J`;
  };
  const put = (lines: readonly string[], above = ""): void => {
    const fitting = lines
      .slice(0, Math.max(1, terminal.rows - 1))
      .map((line) => fitLine(line, terminal.columns));
    const text = `${erase()}${above}${fitting.map((line) => `${line}\n`).join("")}`;
    terminal.write(`${hideCursor}${text}`);
    drawn = fitting;
    columns = terminal.columns;
  };
  let wanted: readonly string[] = [];
  return {
    draw: (lines) => {
      const isSame = lines.length === wanted.length && lines.every((line, i) => line === wanted[i]);
      if (isSame && columns === terminal.columns) return;
      wanted = lines;
      put(lines);
    },
    say: (line) => put(wanted, `${line}\n`),
    close: () => terminal.write(showCursor),
  };
}
