/** `flotilla demo`: shows the fleet until the reader ends it, and does what keys ask for. */
import { FleetError } from "../core/errors.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Demo, DemoState } from "./demo.ts";
import type { Display } from "./display.ts";
import { editInWords } from "./fleet-folder.ts";
import { type Action, type KeyInput, keyWords, type Menu, pressKey } from "./keys.ts";

export interface LiveOptions {
  readonly clock: Clock;
  readonly display: Display;
  readonly signal: AbortSignal;
  /** Calls back for each key; gives a function that ends that. Null: there are no keys. */
  readonly onKey: ((listener: (key: string) => void) => () => void) | null;
}

const lookMs = 250;

/** Runs until the signal aborts or the reader presses q. */
export async function runLive(demo: Demo, options: LiveOptions): Promise<void> {
  const { clock, display, signal, onKey } = options;
  const quitting = new AbortController();
  const ending = AbortSignal.any([signal, quitting.signal]);
  let menu: Menu = null;
  let state: DemoState | null = null;
  const show = (): void => {
    if (state === null) return;
    const keys = onKey === null ? null : { menu, broken: state.broken };
    display.show(state, footerWords(demo, keys));
  };
  const stopKeys = onKey?.((key) => {
    const pressed = pressKey({ menu, parts: demo.parts, broken: state?.broken ?? [] }, key);
    menu = pressed.menu;
    show();
    if (pressed.action?.do === "quit") quitting.abort();
    else if (pressed.action !== null) void carryOut(demo, pressed.action, display.say);
  });
  try {
    while (!ending.aborted) {
      state = await demo.look();
      show();
      await clock.sleep(lookMs, ending);
    }
  } finally {
    stopKeys?.();
  }
}

/** What the reader can do now, and where the repository lies: what told so first has scrolled away. */
export function footerWords(
  { parts, fleet }: Demo,
  keys: Pick<KeyInput, "menu" | "broken"> | null,
): readonly string[] {
  const words = keys === null ? [] : [...keyWords({ ...keys, parts }), "|"];
  return [...words, `fleet repository: ${fleet.path}`];
}

/** Does what a key asked for, and tells it; what cannot be done is told too. */
async function carryOut(demo: Demo, action: Action, say: (line: string) => void): Promise<void> {
  try {
    for (const line of await linesOf(demo, action)) say(line);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const hint = error instanceof FleetError && error.hint !== undefined ? `; ${error.hint}` : "";
    say(`${error.message}${hint}`);
  }
}

async function linesOf(demo: Demo, action: Action): Promise<readonly string[]> {
  if (action.do === "break") return [await demo.break(action.part, action.how)];
  if (action.do === "heal") return [await demo.heal(action.part)];
  if (action.do === "heal-all") return demo.healAll();
  return action.do === "edit" ? [await edit(demo)] : [];
}

async function edit({ fleet }: Demo): Promise<string> {
  const suggestion = await fleet.suggestion();
  if (suggestion === null) return "no edit is suggested here: edit by hand";
  const { commit } = await fleet.edit(suggestion);
  return `commit ${commit.slice(0, 8)}: ${editInWords(suggestion)}`;
}
