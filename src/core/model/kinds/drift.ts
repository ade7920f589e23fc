import { Type } from "typebox";
import { closedObject } from "./shared.ts";

const IgnoredDrift = closedObject(
  {
    kind: Type.Optional(
      Type.String({ title: "kind", minLength: 1, description: "of objects of this kind only" }),
    ),
    name: Type.Optional(
      Type.String({ title: "name", minLength: 1, description: "of objects of this name only" }),
    ),
    fields: Type.Optional(
      Type.Array(Type.String({ title: "field", minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description:
          'fields with all that is below them, as reports name them: `.spec.replicas`, `.spec.template.spec.containers[name="web"].image`',
      }),
    ),
    managers: Type.Optional(
      Type.Array(Type.String({ title: "field manager", minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description: "field managers by name: what they have taken is left to them",
      }),
    ),
  },
  "what is left to others",
);

/** How the drift of an app is met; the same words in a Fleet and in an App. */
export const driftPolicy = {
  mode: Type.Optional(
    Type.Enum(["correct", "report", "ignore"], {
      description:
        "what is done about objects that were changed by others: correct (repair), report (tell it, and write only what a commit changes), ignore (do not look)",
    }),
  ),
  ignore: Type.Optional(
    Type.Array(IgnoredDrift, {
      maxItems: 50,
      description: "fields that others may change once the object exists",
    }),
  ),
};
