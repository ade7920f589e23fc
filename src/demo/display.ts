/** Where a demo is shown: a live block in a terminal, or plain lines anywhere else. */
import type { DemoState } from "./demo.ts";
import { createScreen, type Terminal } from "./screen.ts";
import { createStyle } from "./style.ts";
import { liveView, plainLine } from "./view.ts";

export interface Display {
  /** `footer`: what the reader can do now. */
  show(state: DemoState, footer: readonly string[]): void;
  /** A line that stays, with the time. */
  readonly say: (line: string) => void;
  /** A line that stays, as it is: to be copied. */
  readonly tell: (line: string) => void;
  close(): void;
}

/** A terminal that can be drawn on, and how. */
export interface LiveTerminal extends Terminal {
  readonly color: boolean;
  readonly unicode: boolean;
}

/** A live block. */
export function liveDisplay(terminal: LiveTerminal, sinceStart: () => string): Display {
  const screen = createScreen(terminal);
  const style = createStyle(terminal);
  return {
    show: (state, footer) =>
      screen.draw(
        liveView(state, {
          style,
          columns: terminal.columns,
          rows: terminal.rows - 1,
          footer,
        }),
      ),
    tell: (line) => screen.say(line),
    say: (line) => screen.say(`${style.tone("quiet", sinceStart())} ${line}`),
    close: () => screen.close(),
  };
}

/** A line for each thing that changes. */
export function plainDisplay(write: (text: string) => void, sinceStart: () => string): Display {
  let last = "";
  const say = (line: string): void => write(`${sinceStart()} ${line}\n`);
  return {
    show: (state) => {
      const line = plainLine(state);
      if (line !== last) say((last = line));
    },
    say,
    tell: (line) => write(`${line}\n`),
    close: () => undefined,
  };
}
