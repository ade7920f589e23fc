import { closestName } from "./closest-name.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { errorAt, type Finding } from "./fleet-draft.ts";
import { isJsonObject, type Json, type JsonObject } from "./json.ts";
import { apiVersion, type KindName, kinds } from "./kinds.ts";
import type { YamlDocument } from "./parse-yaml.ts";
import { plannedKinds } from "./planned.ts";
import { plannedHint } from "./schema-messages.ts";
import { shortText } from "./short-text.ts";

const group = "flotilla.dev";
const knownKinds = Object.keys(kinds);

/**
 * What a document is: one of Flotilla's kinds; `other`, none of its business; or `mistaken`: meant for Flotilla, but
 * apiVersion or kind are wrong (`meant` is the kind that it most likely is).
 */
export type Identity =
  | { readonly is: "kind"; readonly kind: KindName }
  | { readonly is: "other" }
  | {
      readonly is: "mistaken";
      readonly diagnostic: Diagnostic;
      readonly meant: KindName | undefined;
    };

/** Tells by apiVersion and kind what a document is. */
export function identifyDocument(document: YamlDocument): Identity {
  const { value } = document;
  if (!isJsonObject(value)) return holdsFlotillas(value) ? notAnObject(document) : { is: "other" };
  const version = value["apiVersion"];
  if (version === apiVersion) return identifyKind(document, value);
  if (!isMeantForFlotilla(value)) {
    return holdsFlotillas(value["items"]) ? notAnObject(document) : { is: "other" };
  }
  const message =
    version === undefined
      ? 'missing field "apiVersion"'
      : `unknown apiVersion ${shortText(JSON.stringify(version))}`;
  return mistaken(document, ["apiVersion"], {
    code: "unknown-api-version",
    message,
    hint: `write apiVersion: ${apiVersion}`,
  });
}

/** True for text that may hold a document with Flotilla's apiVersion. */
export function mentionsFlotilla(text: string): boolean {
  return text.includes(group);
}

/** A list with documents of Flotilla's in it, or a text that should have been one. */
function holdsFlotillas(value: Json | undefined): boolean {
  if (typeof value === "string") return value.includes(`${group}/v`);
  if (!Array.isArray(value)) return false;
  return (value as readonly Json[]).some(
    (item) => isJsonObject(item) && isMeantForFlotilla(item), // isArray loses the type of items
  );
}

function notAnObject(document: YamlDocument): Identity {
  return mistaken(document, [], {
    code: "not-an-object",
    message: "a document of Flotilla's kinds must be a mapping, not a list or a text",
    hint: "write each object as a document of its own, with `---` between them",
  });
}

function identifyKind(document: YamlDocument, value: JsonObject): Identity {
  const kind = value["kind"];
  const known = knownKinds.find((name): name is KindName => name === kind);
  if (known !== undefined) return { is: "kind", kind: known };
  if (kind === undefined) {
    const hint = `add kind: one of ${knownKinds.join(", ")}`;
    return mistaken(document, [], { code: "missing-field", message: 'missing field "kind"', hint });
  }
  return mistaken(document, ["kind"], {
    code: "unknown-kind",
    message: `unknown kind ${shortText(JSON.stringify(kind))}`,
    hint: kindHint(kind),
  });
}

function kindHint(kind: unknown): string {
  if (typeof kind === "string" && plannedKinds.has(kind)) return plannedHint;
  const near = meantKind(kind);
  return near === undefined ? `known kinds: ${knownKinds.join(", ")}` : `did you mean "${near}"?`;
}

/** The kind that a (mistyped) one most likely is. */
function meantKind(kind: unknown): KindName | undefined {
  const near = typeof kind === "string" ? closestName(kind, knownKinds) : undefined;
  return knownKinds.find((name): name is KindName => name === near);
}

/** Its apiVersion is nearly Flotilla's; or it has one of its kinds, and no other group's apiVersion. */
function isMeantForFlotilla({ apiVersion: version, kind }: JsonObject): boolean {
  if (typeof version === "string") {
    const [versionGroup = "", number] = version.split("/");
    if (closestName(versionGroup, [group]) !== undefined) return true;
    if (number !== undefined) return false;
  }
  return typeof kind === "string" && (knownKinds.includes(kind) || plannedKinds.has(kind));
}

function mistaken(document: YamlDocument, path: readonly string[], finding: Finding): Identity {
  const kind = isJsonObject(document.value) ? document.value["kind"] : undefined;
  const diagnostic = errorAt(document.at(path), finding);
  return { is: "mistaken", diagnostic, meant: meantKind(kind) };
}
