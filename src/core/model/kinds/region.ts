import { type Static, Type } from "typebox";
import { closedObject, decommission, documentOf, Location, timeZone } from "./shared.ts";

export const Region = documentOf(
  "Region",
  closedObject(
    {
      description: Type.Optional(Type.String({ description: "what the region is" })),
      location: Type.Optional(Location),
      timeZone: Type.Optional(
        timeZone("time zone of its sites, for windows that name none; without it, UTC"),
      ),
      decommission: Type.Optional(decommission("a site of it that does not say so itself")),
    },
    "what is known of the region; may be empty (`{}`)",
  ),
  "A region: a group of sites served by one mirror and its worker.",
);
export type Region = Static<typeof Region>;
