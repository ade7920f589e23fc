import { Type } from "typebox";
import { maxCelLength } from "../../cel/cel-types.ts";
import { closedObject } from "./shared.ts";

const cel = (description: string) =>
  Type.String({ title: "CEL", minLength: 1, maxLength: maxCelLength, description });

const HealthRule = closedObject(
  {
    apiVersion: Type.String({
      minLength: 1,
      description: "of the objects, as in their manifests; only its group counts",
    }),
    kind: Type.String({ minLength: 1, description: "kind of the objects" }),
    healthy: cel("true where the object is well; where no condition is true, it is Progressing"),
    progressing: Type.Optional(cel("true where it is on the way; asked before `healthy`")),
    suspended: Type.Optional(cel("true where somebody has stopped it; asked before these")),
    degraded: Type.Optional(cel("true where something is wrong; asked first")),
    message: Type.Optional(cel("a text that says why")),
  },
  "how the health of objects of one kind is told",
);

/** The same in a Fleet and in an App. */
export const HealthRules = Type.Array(HealthRule, {
  maxItems: 50,
  description:
    "how the health of objects is told that nothing else tells rightly, in CEL over `object`; the first rule for a kind counts, those of the App before those of the Fleet",
});
