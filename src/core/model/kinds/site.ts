import { type Static, Type } from "typebox";
import {
  closedObject,
  decommission,
  documentOf,
  KubernetesFacts,
  Location,
  nameOf,
  timeZone,
  valuesOf,
} from "./shared.ts";

export const Site = documentOf(
  "Site",
  closedObject(
    {
      region: nameOf("name of the Region whose mirror serves the site"),
      profile: Type.Optional(
        nameOf(
          "name of the Profile of its kind of cluster, for all apps there: one of the fleet, or a shipped one (`serverless`, `edge`, `windows`, `bare-metal`)",
        ),
      ),
      description: Type.Optional(Type.String({ description: "what the site is" })),
      location: Type.Optional(Location),
      address: Type.Optional(
        Type.String({
          title: "address",
          pattern: "^[A-Za-z0-9.:_\\[\\]-]+$",
          maxLength: 253,
          description:
            "host name or IP address at which other sites reach it, for expressions (`site.address`, `sites(…)`)",
        }),
      ),
      values: Type.Optional(
        valuesOf(
          "values of this site, merged over those of each app, for charts and expressions; expressions of peers see them",
        ),
      ),
      timeZone: Type.Optional(
        timeZone(
          "its time zone, for windows that name none (`Europe/Berlin`); without it, that of its Region",
        ),
      ),
      kubernetes: Type.Optional(KubernetesFacts),
      decommission: Type.Optional(decommission("the site")),
      suspend: Type.Optional(
        Type.Boolean({ default: false, description: "true: nothing new is released to the site" }),
      ),
    },
    "what is known of the site; nothing secret",
  ),
  "A site: one Kubernetes cluster. Its labels are in `metadata.labels`.",
);
export type Site = Static<typeof Site>;
