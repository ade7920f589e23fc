/**
 * JSON Patch (RFC 6902) on JSON pointers (RFC 6901). All or nothing: an operation that fails, also a `test`, fails the
 * patch. The document is not changed; the result shares what the patch did not touch.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";
import { shortText } from "../model/short-text.ts";

/** One operation as a user may have written it: nothing is taken for granted but that it is an object. */
export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

/** The patched document, or the operation (by its position) that failed, and why. */
export type JsonPatchResult =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly operation: number; readonly message: string };

/** Applies the operations in order. `isSecret`: no message quotes a value of the document; default: a `test` does. */
export function applyJsonPatch(
  document: Json,
  operations: readonly PatchOperation[],
  { isSecret = false }: { isSecret?: boolean } = {},
): JsonPatchResult {
  let value = document;
  const run: PatchRun = { copiesLeft: maxCopied, isSecret, own: new WeakSet() };
  for (const [operation, patch] of operations.entries()) {
    const result = applyOperation(value, patch, run);
    if (!result.ok) return { ok: false, operation, message: result.message };
    value = result.value;
  }
  return { ok: true, value };
}

/** What all copies of a patch may weigh: one copied into itself again and again doubles each time. */
const maxCopied = 100_000;
/** So many characters weigh as much as a value. */
const charactersPerValue = 16;

interface PatchRun {
  copiesLeft: number;
  readonly isSecret: boolean;
  /** Lists and maps that the patch has made, each in one place only: these it changes where they stand. */
  readonly own: WeakSet<object>;
}

type Outcome = { ok: true; value: Json } | { ok: false; message: string };

const fail = (message: string): { ok: false; message: string } => ({ ok: false, message });

function applyOperation(document: Json, patch: PatchOperation, run: PatchRun): Outcome {
  const path = parsePointer(patch.path);
  if (path === undefined) return noPointer(patch.path);
  switch (patch.op) {
    case "add":
      return withValue(patch, (value) => add(document, { path, value }, run));
    case "replace":
      return withValue(patch, (value) => replace(document, { path, value }, run));
    case "test":
      return withValue(patch, (expected) => test(document, { path, expected }, run));
    case "remove":
      return remove(document, path, run);
    case "move":
      return withSource(document, patch, (from, value) =>
        move(document, { from, path, value }, run),
      );
    case "copy":
      return withSource(document, patch, (_from, value) =>
        takeCopy(value, run)
          ? add(document, { path, value }, run)
          : fail("the patch copies too much"),
      );
    default:
      return fail(`"${patch.op}" is not an operation (add, remove, replace, move, copy, test)`);
  }
}

/** Takes what a copy of this weighs; false where that is not left. It looks no further than that. */
function takeCopy(copied: Json, run: PatchRun): boolean {
  const open: Json[] = [copied];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    run.copiesLeft -= 1;
    if (typeof value === "string") run.copiesLeft -= value.length / charactersPerValue;
    if (isContainer(value)) {
      run.own.delete(value); // now it stands in two places
      for (const [key, member] of Object.entries(value)) {
        run.copiesLeft -= key.length / charactersPerValue;
        open.push(member);
      }
    }
    if (run.copiesLeft < 0) return false;
  }
  return true;
}

/** The reference tokens of a JSON pointer, unescaped; undefined when the text is none. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === "") return [];
  if (typeof pointer !== "string" || !pointer.startsWith("/")) return undefined;
  if (/~(?![01])/.test(pointer)) return undefined;
  const tokens = pointer.slice(1).split("/");
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function withValue(patch: PatchOperation, apply: (value: Json) => Outcome): Outcome {
  if (!("value" in patch) || patch.value === undefined) return fail(`${patch.op} needs a value`);
  // Operations come from parsed JSON or YAML.
  return apply(patch.value as Json);
}

function withSource(
  document: Json,
  patch: PatchOperation,
  apply: (from: readonly string[], value: Json) => Outcome,
): Outcome {
  if (patch.from === undefined) return fail(`${patch.op} needs "from"`);
  const from = parsePointer(patch.from);
  if (from === undefined) return noPointer(patch.from);
  const source = valueAt(document, from);
  return source.ok ? apply(from, source.value) : source;
}

function test(
  document: Json,
  { path, expected }: { path: readonly string[]; expected: Json },
  { isSecret }: PatchRun,
): Outcome {
  const found = valueAt(document, path);
  if (!found.ok) return found;
  if (canonicalJson(found.value) === canonicalJson(expected)) return { ok: true, value: document };
  if (isSecret) return fail("the value is another one");
  return fail(`the value is ${shown(found.value)}, not ${shown(expected)}`);
}

function shown(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function move(
  document: Json,
  { from, path, value }: Placed & { readonly from: readonly string[] },
  run: PatchRun,
): Outcome {
  const isInside = from.length < path.length && from.every((token, i) => token === path[i]);
  if (isInside) return fail("a value cannot be moved into itself");
  const removed = remove(document, from, run);
  // Moving the whole document (only to itself) leaves nothing to add to.
  if (!removed.ok) return from.length === 0 ? { ok: true, value: document } : removed;
  return add(removed.value, { path, value }, run);
}

function valueAt(document: Json, path: readonly string[]): Outcome {
  let value = document;
  for (const [depth, token] of path.entries()) {
    const next = child(value, token);
    if (next === undefined) return missing(path.slice(0, depth + 1));
    value = next;
  }
  return { ok: true, value };
}

function child(parent: Json, token: string): Json | undefined {
  if (isJsonObject(parent)) return Object.hasOwn(parent, token) ? parent[token] : undefined;
  if (!Array.isArray(parent)) return undefined;
  const index = indexOf(token);
  return index === undefined ? undefined : parent[index];
}

function indexOf(token: string): number | undefined {
  return /^(0|[1-9][0-9]*)$/.test(token) ? Number(token) : undefined;
}

function missing(path: readonly string[]): { ok: false; message: string } {
  return fail(`nothing is at ${pointerText(path)}`);
}

function noPointer(pointer: string): { ok: false; message: string } {
  const wanted = "it starts with /, and has ~ only in ~0 and ~1";
  return fail(`"${shortPointer(pointer)}" is not a JSON pointer (${wanted})`);
}

/** Tokens as a JSON pointer, for messages. */
function pointerText(path: readonly string[]): string {
  const tokens = path.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`);
  return shortPointer(tokens.join(""));
}

/** Far longer than any that leads to a field of Kubernetes. */
const longestPointer = 200;

/** A JSON pointer as a message quotes it: cut where it is long. */
export function shortPointer(pointer: string): string {
  return pointer.length <= longestPointer ? pointer : `${pointer.slice(0, longestPointer - 1)}…`;
}

interface Placed {
  readonly path: readonly string[];
  readonly value: Json;
}

type Container = JsonObject | readonly Json[];

/** A container as it may be changed: what was there before the patch stays as it is. */
type OwnContainer = Record<string, Json> | Json[];

/** Changes the container that holds the last token of `path`: a copy of it, unless the patch has made it. */
function changeParent(
  document: Json,
  { path, change }: { readonly path: readonly string[]; readonly change: ParentChange },
  run: PatchRun,
): Outcome {
  const descend = (value: Json, depth: number): Outcome => {
    if (!isContainer(value))
      return fail(`${pointerText(path.slice(0, depth)) || "the document"} is no object or list`);
    const token = path[depth] ?? "";
    if (depth === path.length - 1) {
      const mistake = change.mistake(value, token);
      if (mistake !== undefined) return mistake;
      const own = ownContainer(value, run);
      change.make(own, token);
      return { ok: true, value: own };
    }
    const inner = child(value, token);
    if (inner === undefined) return missing(path.slice(0, depth + 1));
    const changed = descend(inner, depth + 1);
    if (!changed.ok || changed.value === inner) return changed.ok ? { ok: true, value } : changed;
    const own = ownContainer(value, run);
    setMember(own, token, changed.value);
    return { ok: true, value: own };
  };
  return descend(document, 0);
}

interface ParentChange {
  /** Why it cannot be made. */
  readonly mistake: (parent: Container, token: string) => Outcome | undefined;
  readonly make: (parent: OwnContainer, token: string) => void;
}

function ownContainer(value: Container, { own }: PatchRun): OwnContainer {
  // The patch has made it, and nobody else has seen it yet.
  if (own.has(value)) return value as OwnContainer;
  // fromEntries defines own members, also one named __proto__.
  const copy = isJsonObject(value) ? Object.fromEntries(Object.entries(value)) : [...value];
  own.add(copy);
  return copy;
}

function isContainer(value: Json): value is Container {
  return typeof value === "object" && value !== null;
}

function setMember(parent: OwnContainer, token: string, value: Json): void {
  if (Array.isArray(parent)) parent[Number(token)] = value;
  else if (token !== "__proto__") parent[token] = value;
  else {
    const member = { value, enumerable: true, configurable: true, writable: true };
    Object.defineProperty(parent, token, member);
  }
}

function add(document: Json, { path, value }: Placed, run: PatchRun): Outcome {
  if (path.length === 0) return { ok: true, value };
  const mistake = (parent: Container, token: string): Outcome | undefined => {
    if (isJsonObject(parent) || token === "-") return undefined;
    const index = indexOf(token);
    if (index === undefined) return fail(`"${shortText(token)}" is not a position in the list`);
    if (index <= parent.length) return undefined;
    return fail(`position ${shortText(token)} is beyond the list's ${parent.length} items`);
  };
  const make = (parent: OwnContainer, token: string): void => {
    if (!Array.isArray(parent)) setMember(parent, token, value);
    else parent.splice(token === "-" ? parent.length : Number(token), 0, value);
  };
  return changeParent(document, { path, change: { mistake, make } }, run);
}

function remove(document: Json, path: readonly string[], run: PatchRun): Outcome {
  if (path.length === 0) return fail("the whole document cannot be removed");
  const make = (parent: OwnContainer, token: string): void => {
    if (Array.isArray(parent)) parent.splice(Number(token), 1);
    else delete parent[token];
  };
  return changeParent(document, { path, change: { mistake: isMissing(path), make } }, run);
}

function replace(document: Json, { path, value }: Placed, run: PatchRun): Outcome {
  if (path.length === 0) return { ok: true, value };
  const make = (parent: OwnContainer, token: string): void => setMember(parent, token, value);
  return changeParent(document, { path, change: { mistake: isMissing(path), make } }, run);
}

function isMissing(path: readonly string[]): ParentChange["mistake"] {
  return (parent, token) => (child(parent, token) === undefined ? missing(path) : undefined);
}
