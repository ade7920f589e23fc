/** What keys do in the live demo. In: where the reader is, and a key. Out: where they are then, and what to do. Pure. */
import {
  type Broken,
  type FaultKind,
  namesOf,
  type Part,
  type PartKind,
  type Parts,
} from "./breakage.ts";

/** Null: at the top; else choosing one of these. */
export type Menu = Exclude<PartKind, "controller"> | null;

export type Action =
  | { readonly do: "quit" | "edit" | "heal-all" }
  | { readonly do: "break"; readonly part: Part; readonly how: FaultKind }
  | { readonly do: "heal"; readonly part: Part };

export interface KeyInput {
  readonly menu: Menu;
  readonly parts: Parts;
  readonly broken: readonly Broken[];
}

export interface Pressed {
  readonly menu: Menu;
  readonly action: Action | null;
}

const menus: Readonly<Record<string, Menu>> = { s: "site", w: "worker", l: "link" };
const actions: Readonly<Record<string, Action>> = {
  q: { do: "quit" },
  e: { do: "edit" },
  h: { do: "heal-all" },
};
const controller: Part = { kind: "controller", name: "" };
const letters = "abcdefghijklmnopqrstuvwxyz";

/** What a key does. A part that is broken is healed by the key that breaks it. */
export function pressKey(input: KeyInput, key: string): Pressed {
  if (key === "\u0003") return { menu: null, action: { do: "quit" } };
  return input.menu === null ? pressAtTop(input, key) : pressInMenu(input, key, input.menu);
}

function pressAtTop(input: KeyInput, key: string): Pressed {
  const menu = menus[key] ?? null;
  const action = key === "c" ? toggle(input, controller, "refuse") : (actions[key] ?? null);
  return { menu, action: menu === null ? action : null };
}

function pressInMenu(input: KeyInput, key: string, menu: PartKind): Pressed {
  const at = letters.indexOf(key.toLowerCase());
  const name = key.length === 1 ? namesOf(menu, input.parts)[at] : undefined;
  if (name === undefined) return { menu: null, action: null };
  const how = key === key.toLowerCase() ? "refuse" : "hang";
  return { menu: null, action: toggle(input, { kind: menu, name }, how) };
}

function toggle({ broken }: KeyInput, part: Part, how: FaultKind): Action {
  const isBroken = broken.some(({ kind, name }) => kind === part.kind && name === part.name);
  return isBroken ? { do: "heal", part } : { do: "break", part, how };
}

/** What can be pressed now, in words to be set on as many lines as it takes. */
export function keyWords({ menu, parts, broken }: KeyInput): readonly string[] {
  if (menu === null) {
    const toggles = ["s site", "w worker", "l link", "c controller"];
    return ["break or heal:", ...toggles, "h heal all", "|", "e suggested edit", "q quit"];
  }
  const choices = namesOf(menu, parts).map((name, index) => {
    const isBroken = broken.some((one) => one.kind === menu && one.name === name);
    return `${letters[index] ?? ""} ${isBroken ? "heal " : ""}${name}`;
  });
  const hang = menu === "worker" ? [] : ["(a capital letter makes it hang)"];
  return [`${menu}:`, ...choices, "|", ...hang, "any other key: back"];
}
