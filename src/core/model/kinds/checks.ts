import { type Static, Type } from "typebox";
import { maxCelLength } from "../../cel/cel-types.ts";
import { closedObject, nameOf } from "./shared.ts";

const Check = closedObject(
  {
    name: nameOf("what the check is called where something waits for it; unique in its list"),
    cel: Type.String({
      title: "CEL",
      minLength: 1,
      maxLength: maxCelLength,
      description:
        "an expression that says true or false over `site`, `app`, `apps`, `stage` and `overall`",
    }),
    message: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description: "what people are told while it is not true: one line, what to do about it",
      }),
    ),
  },
  "one condition",
);
export const Checks = closedObject(
  {
    before: Type.Optional(
      Type.Array(Check, {
        maxItems: 20,
        description:
          "must all be true before a site gets a release, or before a stage opens where they speak of no single site; until then it waits, and takes no slot",
      }),
    ),
    after: Type.Optional(
      Type.Array(Check, {
        maxItems: 20,
        description:
          "must all be true before a site counts as done (not true at `progressDeadline`: failed), or before a stage passes where they speak of no single site (it waits)",
      }),
    ),
  },
  "conditions of a rollout, in CEL; a commit that loosens them does not loosen them for its own release",
);
export type Checks = Static<typeof Checks>;
