import {
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
} from "yaml";
import type { DiagnosticCode } from "../model/diagnostic.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { resolvePlainScalar } from "../model/resolve-plain-scalar.ts";
import { aliasBudget, maxDepth, tooDeepMessage } from "../model/yaml-limits.ts";
import { shortText } from "../model/short-text.ts";
import { floatKeyName } from "./float-key.ts";
import { isPlain, isText, misreadTag, tagOf, type Told, unsupportedTag } from "./yaml-tags.ts";

/** What is wrong with a document, at the offset of a character. */
export interface YamlProblem {
  readonly offset: number;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
  /** The field. */
  readonly path: readonly (string | number)[];
}

/** How numbers are read. */
export interface NumberOptions {
  /** True: a number beyond what JSON keeps exactly is rounded. Default: it is a problem. */
  readonly roundNumbers?: boolean;
}

/** Turns a parsed document (schema `failsafe`) into JSON as Go's readers would, or tells all that prevents it. */
export function yamlToJson(
  root: Node | null,
  { roundNumbers = false }: NumberOptions = {},
):
  | { ok: true; value: Json; renamed: readonly RenamedKey[] }
  | { ok: false; value: Json; problems: readonly YamlProblem[] } {
  const state: State = {
    problems: [],
    renamed: [],
    path: [],
    anchors: new Map(),
    targets: new Map(),
    expanding: [],
    roundNumbers,
    added: 0,
    depth: 0,
  };
  const value = convert(root, state);
  return state.problems.length === 0
    ? { ok: true, value, renamed: state.renamed }
    : { ok: false, value, problems: state.problems };
}

/** A key that is another text than the one that is written: `on` is `true`. */
export interface RenamedKey {
  readonly offset: number;
  readonly written: string;
  readonly name: string;
}

interface State {
  readonly problems: YamlProblem[];
  readonly renamed: RenamedKey[];
  /** Keys and list positions of what is being converted. */
  readonly path: (string | number)[];
  /** Anchors seen so far; a later one of the same name wins, as the specification has it. */
  readonly anchors: Map<string, Node>;
  /** What each alias means, also where it is read again inside of what another one means. */
  readonly targets: Map<Node, Node>;
  /** Nodes whose aliases are being expanded, innermost last. */
  readonly expanding: Node[];
  readonly roundNumbers: boolean;
  added: number;
  depth: number;
}

function convert(node: unknown, state: State): Json {
  if (isAlias(node)) return expand(node.source, node, state);
  if (state.expanding.length > 0) state.added += 1;
  if (isScalar(node)) {
    anchor(node, state);
    return scalar(node, state);
  }
  if (!isMap(node) && !isSeq(node)) return null;
  anchor(node, state);
  if (state.depth >= maxDepth) {
    report(state, node, ["yaml-limit", tooDeepMessage]);
    return null;
  }
  state.depth += 1;
  const value = isMap(node)
    ? mapping(node, state)
    : node.items.map((item, index) => convertAt(index, item, state));
  state.depth -= 1;
  return value;
}

function convertAt(step: string | number, node: unknown, state: State): Json {
  state.path.push(step);
  const value = convert(node, state);
  state.path.pop();
  return value;
}

function anchor(node: Node & { anchor?: string }, state: State): void {
  if (node.anchor !== undefined && state.expanding.length === 0) {
    state.anchors.set(node.anchor, node);
  }
}

function expand(name: string, alias: Node, state: State): Json {
  const target = state.targets.get(alias) ?? state.anchors.get(name);
  if (target === undefined) {
    report(state, alias, ["yaml-syntax", "this alias names no anchor before it"]);
    return null;
  }
  state.targets.set(alias, target);
  if (state.expanding.includes(target) || contains(target, alias)) {
    report(state, alias, ["yaml-limit", `alias *${shortText(name)} contains itself`]);
    return null;
  }
  if (state.added > aliasBudget) {
    if (state.problems.every(({ code }) => code !== "yaml-limit")) {
      report(state, alias, ["yaml-limit", `aliases expand to more than ${aliasBudget} values`]);
    }
    return null;
  }
  state.expanding.push(target);
  const value = convert(target, state);
  state.expanding.pop();
  return value;
}

function contains(target: Node, alias: Node): boolean {
  const [start, , end] = target.range ?? [0, 0, 0];
  const at = offsetOf(alias);
  return at >= start && at < end;
}

function mapping(node: YAMLMap, state: State): JsonObject {
  const own = new Map<string, Json>();
  const merged = new Map<string, Json>();
  for (const pair of node.items) {
    if (isMergeKey(pair)) {
      const fresh = mergeSources(pair, state).filter(([key]) => !merged.has(key));
      // Of several sources the first wins.
      for (const [key, value] of fresh.reverse()) merged.set(key, value);
      continue;
    }
    const key = keyText(pair.key, state);
    const value = convertAt(key ?? "", pair.value, state);
    if (key === undefined) continue;
    if (own.has(key)) report(state, pair.key, ["yaml-syntax", `duplicate key "${shortText(key)}"`]);
    own.set(key, value);
  }
  for (const key of own.keys()) merged.delete(key);
  // Object.fromEntries defines own members, also for a key such as __proto__.
  return Object.fromEntries([...merged, ...own]);
}

function isMergeKey(pair: Pair): boolean {
  return isScalar(pair.key) && pair.key.type === "PLAIN" && pair.key.value === "<<";
}

function mergeSources(pair: Pair, state: State): [string, Json][] {
  const told = state.problems.length;
  const value = convert(pair.value, state);
  // An alias that leads nowhere, or too far, has its own mistake.
  const isRead = state.problems.length === told && state.added <= aliasBudget;
  const sources = Array.isArray(value) ? value : [value];
  return sources.flatMap((source: Json) => {
    if (typeof source === "object" && source !== null && !Array.isArray(source)) {
      return Object.entries(source);
    }
    if (isRead) {
      report(state, pair.key, ["yaml-syntax", "`<<` needs a mapping or a list of mappings"]);
    }
    return [];
  });
}

function keyText(key: unknown, state: State): string | undefined {
  const told = state.problems.length;
  const value = keyValue(key, state);
  if (typeof value === "object") {
    if (state.problems.length > told) return undefined; // why it has no value
    const message = `${value === null ? "null" : "a list or mapping"} cannot be a key`;
    const hint = "quote it; Helm's `{{ … }}` is read in charts only, which `source.chart` names";
    report(state, key, isMap(key) ? ["yaml-syntax", message, hint] : ["yaml-syntax", message]);
    return undefined;
  }
  const name = String(value);
  // What an alias stands for is told where it is written.
  if (isScalar(key) && !isText(key) && state.expanding.length === 0) {
    const written = String(key.value);
    if (name !== written) state.renamed.push({ offset: offsetOf(key), written, name });
  }
  return name;
}

function keyValue(key: unknown, state: State): Json {
  const name = isScalar(key) ? floatName(key) : undefined;
  if (name === undefined || !isScalar(key)) {
    const value = convert(key, state);
    const target = isAlias(key) ? state.targets.get(key) : undefined;
    return (isScalar(target) ? floatName(target) : undefined) ?? value;
  }
  anchor(key, state);
  return name;
}

function floatName(key: Scalar): string | undefined {
  const tag = tagOf(key);
  if (typeof key.value !== "string" || (tag === undefined ? !isPlain(key) : tag !== "float")) {
    return undefined;
  }
  return floatKeyName(key.value, tag === "float");
}

function scalar(node: Scalar, state: State): Json {
  const text = typeof node.value === "string" ? node.value : "";
  if (isText(node)) return wholeText(node, text, state);
  const resolved = resolvePlainScalar(text);
  const wrong = unsupportedTag(node);
  if (wrong === undefined && !resolved.ok) return inexact(node, resolved.why, state);
  const value = resolved.ok ? resolved.value : null;
  const told = wrong ?? misreadTag(node, text, value);
  if (told !== undefined) report(state, node, told);
  return value;
}

function wholeText(node: Scalar, text: string, state: State): string {
  if (!text.isWellFormed()) {
    const why = "the text holds half of a character (a surrogate alone), which no cluster keeps";
    report(state, node, ["yaml-syntax", why]);
  }
  return text;
}

function report(state: State, node: unknown, [code, message, hint]: Told): void {
  const offset = offsetOf(node);
  const path = [...state.path];
  state.problems.push({ offset, code, message, path, ...(hint !== undefined && { hint }) });
}

function inexact(node: Scalar, why: string, state: State): Json {
  const rounded = Number(node.value);
  if (state.roundNumbers && Number.isFinite(rounded)) return rounded;
  report(state, node, ["invalid-object", why, "quote it if it is text"]);
  return null;
}

/** The name that a scalar has as a key of the JSON. */
export function keyNameOf(key: Scalar): string {
  const float = floatName(key);
  if (float !== undefined) return float;
  const text = typeof key.value === "string" ? key.value : "";
  const resolved = isText(key) ? undefined : resolvePlainScalar(text);
  return resolved?.ok ? String(resolved.value) : text;
}

/** Where a node of a parsed document begins. */
export function offsetOf(node: unknown): number {
  if (isPair(node)) return offsetOf(node.key);
  if (typeof node !== "object" || node === null || !("range" in node)) return 0;
  return Array.isArray(node.range) ? Number(node.range[0]) : 0;
}
