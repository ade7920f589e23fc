/**
 * JSON Patch (RFC 6902) on JSON pointers (RFC 6901). All or nothing: an operation that fails, also a `test`, fails the
 * patch. The document is not changed; the result shares what the patch did not touch.
 */
import { type Json, type JsonObject, canonicalJson, isJsonObject } from "../model/json.ts";

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
  const run: PatchRun = { copiesLeft: maxCopied, isSecret };
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
}

type Outcome = { ok: true; value: Json } | { ok: false; message: string };

const fail = (message: string): { ok: false; message: string } => ({ ok: false, message });

function applyOperation(document: Json, patch: PatchOperation, run: PatchRun): Outcome {
  const path = parsePointer(patch.path);
  if (path === undefined) return fail(`"${patch.path}" is not a JSON pointer (it starts with /)`);
  switch (patch.op) {
    case "add":
      return withValue(patch, (value) => add(document, path, value));
    case "replace":
      return withValue(patch, (value) => replace(document, path, value));
    case "test":
      return withValue(patch, (expected) => test(document, { path, expected }, run));
    case "remove":
      return remove(document, path);
    case "move":
      return withSource(document, patch, (from, value) => move(document, { from, path, value }));
    case "copy":
      return withSource(document, patch, (_from, value) =>
        takeCopy(value, run) ? add(document, path, value) : fail("the patch copies too much"),
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
  if (from === undefined) return fail(`"${patch.from}" is not a JSON pointer (it starts with /)`);
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
  { from, path, value }: { from: readonly string[]; path: readonly string[]; value: Json },
): Outcome {
  const isInside = from.length < path.length && from.every((token, i) => token === path[i]);
  if (isInside) return fail("a value cannot be moved into itself");
  const removed = remove(document, from);
  // Moving the whole document (only to itself) leaves nothing to add to.
  if (!removed.ok) return from.length === 0 ? { ok: true, value: document } : removed;
  return add(removed.value, path, value);
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

/** Tokens as a JSON pointer. */
function pointerText(path: readonly string[]): string {
  return path.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** Replaces the container that holds the last token of `path` by what `change` makes of it. */
function changeParent(
  document: Json,
  path: readonly string[],
  change: (parent: JsonObject | readonly Json[], token: string) => Outcome,
): Outcome {
  const descend = (value: Json, depth: number): Outcome => {
    if (!isContainer(value))
      return fail(`${pointerText(path.slice(0, depth)) || "the document"} is no object or list`);
    const token = path[depth] ?? "";
    if (depth === path.length - 1) return change(value, token);
    const inner = child(value, token);
    if (inner === undefined) return missing(path.slice(0, depth + 1));
    const changed = descend(inner, depth + 1);
    return changed.ok ? { ok: true, value: withMember(value, token, changed.value) } : changed;
  };
  return descend(document, 0);
}

function isContainer(value: Json): value is JsonObject | readonly Json[] {
  return typeof value === "object" && value !== null;
}

function withMember(parent: JsonObject | readonly Json[], token: string, value: Json): Json {
  if (!isJsonObject(parent)) return parent.with(Number(token), value);
  // fromEntries defines own members, also one named __proto__.
  return Object.fromEntries(new Map(Object.entries(parent)).set(token, value));
}

function add(document: Json, path: readonly string[], value: Json): Outcome {
  if (path.length === 0) return { ok: true, value };
  return changeParent(document, path, (parent, token) => {
    if (isJsonObject(parent)) return { ok: true, value: withMember(parent, token, value) };
    const index = token === "-" ? parent.length : indexOf(token);
    if (index === undefined) return fail(`"${token}" is not a position in the list`);
    if (index > parent.length)
      return fail(`position ${token} is beyond the list's ${parent.length} items`);
    return { ok: true, value: parent.toSpliced(index, 0, value) };
  });
}

function remove(document: Json, path: readonly string[]): Outcome {
  if (path.length === 0) return fail("the whole document cannot be removed");
  return changeParent(document, path, (parent, token) => {
    if (child(parent, token) === undefined) return missing(path);
    if (!isJsonObject(parent)) return { ok: true, value: parent.toSpliced(Number(token), 1) };
    return {
      ok: true,
      value: Object.fromEntries(Object.entries(parent).filter(([key]) => key !== token)),
    };
  });
}

function replace(document: Json, path: readonly string[], value: Json): Outcome {
  if (path.length === 0) return { ok: true, value };
  return changeParent(document, path, (parent, token) =>
    child(parent, token) === undefined
      ? missing(path)
      : { ok: true, value: withMember(parent, token, value) },
  );
}
