/**
 * What a document says beside what its schema refuses, for one purpose: to find what else is wrong with it in the same run.
 * Nothing is ever carried out from it.
 */
import { schemaErrors } from "./check-schema.ts";
import { isJsonObject, type Json } from "./json.ts";
import { keptFor } from "./known-fleet.ts";
import type { FleetDocument } from "./kinds.ts";
import type { KindDocument } from "./read-fleet-files.ts";
import { pointerPath, type SchemaError } from "./schema-messages.ts";

/** What is left out may be needed by what it stands in, which is filled in or left out then: so often. */
const mostRounds = 5;

/** What stands for fields that must be there: nothing that is a name, so that no check finds anything in it. */
const standIns = new Map<string, Json>([
  ["/metadata", {}],
  ["/metadata/name", ""],
  ["/spec", {}],
  ["/spec/region", ""],
  ["/spec/namespace", ""],
  ["/spec/source", {}],
  ["/spec/placement", {}],
  ["/spec/placement/virtualSites", []],
  ["/spec/stages/*/name", ""],
]);

/**
 * The document without the fields that are wrong, and with stand-ins (which its schema would refuse) for those that must be
 * there; undefined where it cannot be without them.
 */
export const soundRest = keptFor(({ kind, document }: KindDocument): FleetDocument | undefined => {
  if (document.isBroken) return undefined;
  const rest = structuredClone(document.value);
  const filled = new Set<string>();
  for (let round = 0; round < mostRounds; round += 1) {
    const errors = schemaErrors(kind, rest).filter(({ instancePath }) => !filled.has(instancePath));
    if (errors.length === 0) return rest as unknown as FleetDocument; // it satisfies the schema of its kind, but for the stand-ins
    for (const error of errors) {
      if (!fillIn(rest, error, filled) && !leaveOut(rest, mistakenPath(error))) return undefined;
    }
  }
  return undefined;
});

/** Puts a stand-in where a field is missing. False where there is none for it. */
function fillIn(
  root: Json,
  { keyword, instancePath, params }: SchemaError,
  filled: Set<string>,
): boolean {
  if (keyword !== "required") return false;
  const field = String(params["missingProperty"]);
  const pointer = `${instancePath}/${field}`;
  const standIn = standIns.get(pointer.replaceAll(/\/\d+(?=\/)/g, "/*"));
  const holder = pointerPath(instancePath).reduce<Json | undefined>(
    (value, step) => (value as Record<string, Json> | undefined)?.[step], // of maps and lists alike
    root,
  );
  if (standIn === undefined) return false;
  // It was left out with what it stood in.
  if (!isJsonObject(holder)) return true;
  (holder as Record<string, Json>)[field] = structuredClone(standIn); // of a copy
  if (!isJsonObject(standIn)) filled.add(pointer);
  return true;
}

function mistakenPath({ keyword, instancePath, params }: SchemaError): readonly string[] {
  const unknown = keyword === "additionalProperties" ? [String(params["additionalProperty"])] : [];
  const path = [...pointerPath(instancePath), ...unknown];
  // What is left of a selector would be another one.
  const selector = path.indexOf("selector");
  return selector < 0 ? path : path.slice(0, selector + 1);
}

/** Leaves out the innermost field on a path: items of lists keep their numbers. False where there is none. */
function leaveOut(root: Json, path: readonly string[]): boolean {
  let innermost: (() => void) | undefined;
  let value: Json | undefined = root;
  for (const step of path) {
    if (isJsonObject(value)) {
      const holder: Record<string, Json> = value;
      if (!Object.hasOwn(holder, step)) return true; // left out already
      innermost = () => delete holder[step];
      value = holder[step];
    } else {
      value = Array.isArray(value) ? (value as readonly Json[])[Number(step)] : undefined; // isArray loses the type
    }
  }
  innermost?.();
  return innermost !== undefined;
}
