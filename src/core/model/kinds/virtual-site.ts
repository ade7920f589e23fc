import { type Static, Type } from "typebox";
import { closedObject, documentOf, selectorSpec } from "./shared.ts";

export const VirtualSite = documentOf(
  "VirtualSite",
  closedObject(
    {
      description: Type.Optional(Type.String({ description: "what the sites have in common" })),
      selector: Type.Optional(
        selectorSpec(
          "labels of its sites, as text (`country in (jp,kr), !legacy`) or as matchLabels and matchExpressions",
        ),
      ),
      all: Type.Optional(Type.Literal(true, { description: "every site; instead of a selector" })),
    },
    "exactly one of `selector` and `all`",
  ),
  "A virtual site: all sites whose labels match a selector.",
);
export type VirtualSite = Static<typeof VirtualSite>;
