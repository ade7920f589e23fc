import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Scalar } from "yaml";

/** Names of keys and numbers of items, from the root of a document. */
export type FieldPath = readonly (string | number)[];

/** A key with its value, or an item (whose `key` is the item itself). */
interface Child {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

/** The text of a key as it stands in an object: `1` for the number, not "1". Undefined for a collection or alias. */
export function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  if (typeof key.value === "string") return key.value;
  return key.source ?? "";
}

/** Offset of the value (or key) at a path; of its nearest ancestor's where there is none. */
export function offsetOf(document: Document, path: FieldPath, of: "key" | "value"): number {
  const found = childrenAlong(document, path);
  const last = found.at(-1);
  if (last === undefined) return startOf(document.contents) ?? document.range?.[0] ?? 0;
  const wantsKey = of === "key" && found.length === path.length;
  const start = wantsKey ? startOf(last.key) : startOf(last.value);
  return start ?? startOf(last.key) ?? offsetOf(document, path.slice(0, -1), "value");
}

/** The child at each step of a path, as far as it leads. */
function childrenAlong(document: Document, path: FieldPath): Child[] {
  const found: Child[] = [];
  let node: Node | undefined = document.contents ?? undefined;
  for (const name of path) {
    const child = childOf(resolve(document, node), name);
    if (child === undefined) break;
    found.push(child);
    node = child.value;
  }
  return found;
}

/**
 * Offset in the file of the character at `index` of a text value. Exact for plain and quoted scalars that stand on one
 * line, and for what follows a `${` on its line; for others, where the scalar starts.
 */
export function offsetInText(source: string, document: Document, place: TextPlace): number {
  const start = offsetOf(document, place.path, "value");
  const node = nodeAt(document, place.path);
  return isScalar(node) ? offsetInScalar(source, node, place.index) : start;
}

/** The same, of a scalar. */
export function offsetInScalar(source: string, scalar: Scalar, index: number): number {
  const [start, end] = scalar.range ?? [0, 0];
  const raw = source.slice(start, end);
  const value = typeof scalar.value === "string" ? scalar.value : "";
  const passed = raw.includes("\n")
    ? behindExpression(raw, value, index)
    : rawLength(raw, scalar, index);
  return start + (passed ?? 0);
}

/** In a text over several lines, the nth `${` of the value is the nth of the source, however it is indented or folded. */
function behindExpression(raw: string, value: string, index: number): number | undefined {
  const anchor = value.lastIndexOf("${", index);
  if (anchor < 0) return undefined;
  const count = value.slice(0, anchor).split("${").length;
  let at = -1;
  for (let found = 0; found < count; found++) {
    at = raw.indexOf("${", at + 1);
    if (at < 0) return undefined;
  }
  const isVerbatim = raw.startsWith(value.slice(anchor, index), at);
  return isVerbatim ? at + (index - anchor) : at;
}

/** A character of a text value. */
export interface TextPlace {
  readonly path: FieldPath;
  /** 0-based, in UTF-16 units. */
  readonly index: number;
}

/** A plain scalar as it is written; undefined where none is. */
export function plainSource(document: Document, path: FieldPath): string | undefined {
  const node = resolve(document, nodeAt(document, path));
  return isScalar(node) && node.type === "PLAIN" ? node.source : undefined;
}

function nodeAt(document: Document, path: FieldPath): Node | undefined {
  const found = childrenAlong(document, path);
  return found.length === path.length ? found.at(-1)?.value : undefined;
}

function resolve(document: Document, node: Node | undefined): Node | undefined {
  return isAlias(node) ? node.resolve(document) : node;
}

function childOf(node: Node | undefined, name: string | number): Child | undefined {
  if (isMap<Node, Node | null>(node)) {
    const pair = node.items.findLast(({ key }) => keyText(key) === String(name));
    return pair && { key: pair.key, value: pair.value ?? undefined };
  }
  if (!isSeq<Node>(node)) return undefined;
  const value = node.items[Number(name)];
  return value && { key: value, value };
}

function startOf(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}

/** How many characters of `raw` stand before the character `index` of the scalar's value. */
function rawLength(raw: string, scalar: Scalar, index: number): number | undefined {
  if (scalar.type === "PLAIN") return index;
  if (scalar.type !== "QUOTE_SINGLE" && scalar.type !== "QUOTE_DOUBLE") return undefined;
  const unit = scalar.type === "QUOTE_SINGLE" ? /''|[^]/y : doubleQuotedUnit;
  const pattern = new RegExp(unit);
  pattern.lastIndex = 1;
  for (let passed = 0; passed < index; passed++) {
    if (pattern.exec(raw) === null) return undefined;
  }
  return pattern.lastIndex;
}

const doubleQuotedUnit = /\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\?[^]/y;
