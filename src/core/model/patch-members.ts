/**
 * Members of the operations of a JSON patch that RFC 6902 does not know, and says to ignore: warned of. One that is nearly a
 * member that it knows is a slip, and a mistake as any unknown field.
 */
import { closestName } from "./closest-name.ts";
import type { Diagnostic } from "./diagnostic.ts";
import { type Entry, type FleetDraft, warningAt } from "./fleet-draft.ts";
import { FollowedFindings } from "./followed-results.ts";
import type { App, Profile } from "./kinds.ts";
import { JsonPatchOperation } from "./kinds/overlay.ts";
import type { SchemaError } from "./schema-messages.ts";

const members = Object.keys(JsonPatchOperation.properties);

function isIgnored(member: string): boolean {
  return !members.includes(member) && closestName(member, members) === undefined;
}

/** Whether an error of a schema is only that. */
export function isOfIgnoredMember({ keyword, parentSchema, params }: SchemaError): boolean {
  return (
    keyword === "additionalProperties" &&
    parentSchema === JsonPatchOperation &&
    isIgnored(String(params["additionalProperty"]))
  );
}

const followed = new FollowedFindings<Entry<App | Profile>, readonly Diagnostic[]>();

/** Members that are ignored. */
export function warnOfMembers({ apps, profiles }: FleetDraft): Diagnostic[] {
  return [apps, profiles].flatMap((entries) => {
    const found = followed.get(entries, [], (entry) => {
      const warnings = warningsOf(entry);
      return warnings.length === 0 ? undefined : warnings;
    });
    return [...found.values()].flat();
  });
}

function warningsOf({ value, document }: Entry<App | Profile>): Diagnostic[] {
  return [...(value.spec.overlays ?? []).entries()].flatMap(([overlay, { patches = [] }]) =>
    [...patches.entries()].flatMap(([patch, { json = [] }]) =>
      [...json.entries()].flatMap(([index, operation]) =>
        Object.keys(operation)
          .filter(isIgnored)
          .map((member) => {
            const path = ["spec", "overlays", overlay, "patches", patch, "json", index, member];
            const message = `RFC 6902 does not know the member "${member}", and ignores it`;
            const hint = `leave it out, or write it as a comment; known here: ${members.join(", ")}`;
            return warningAt(document.keyAt(path), { code: "unknown-field", message, hint });
          }),
      ),
    ),
  );
}
