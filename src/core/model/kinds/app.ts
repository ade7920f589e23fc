import { type Static, Type } from "typebox";
import { Checks } from "./checks.ts";
import { driftPolicy } from "./drift.ts";
import { HealthRules } from "./health-rules.ts";
import { Overlay } from "./overlay.ts";
import { AppSecret, PlainSecret } from "./region-secret.ts";
import { closedObject, documentOf, minorVersion, Name, nameOf, valuesOf } from "./shared.ts";
import { Source } from "./source.ts";

export const App = documentOf(
  "App",
  closedObject(
    {
      namespace: Type.String({
        title: "namespace",
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        maxLength: 63,
        description:
          "namespace of its objects that name none; created bare if it is missing, never deleted",
      }),
      serviceAccountName: Type.Optional(
        Type.String({
          title: "object name",
          pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
          maxLength: 253,
          description:
            "service account in its namespace that its objects are written, changed and deleted as, with the rights of that account and no other; without it, as the worker. Takes effect at once and at all sites, by no release, and changes nothing by itself",
        }),
      ),
      source: Source,
      placement: closedObject(
        {
          virtualSites: Type.Array(Name, {
            minItems: 1,
            uniqueItems: true,
            description: "names of VirtualSites: it runs on every site of any of these",
          }),
        },
        "where it runs",
      ),
      profile: Type.Optional(
        nameOf(
          "name of the Profile that it takes at all its sites, instead of that of the Site; `none`: no profile",
        ),
      ),
      values: Type.Optional(
        valuesOf(
          "values of its chart, over those of the chart and of `helm.valuesFiles`, and what expressions read as `values`; those of overlays and of the Site are merged over them (maps merged, lists replaced, null takes a key away)",
        ),
      ),
      secrets: Type.Optional(
        Type.Array(AppSecret, { description: "Secrets that come from the region's cluster" }),
      ),
      plainSecrets: Type.Optional(
        Type.Array(PlainSecret, {
          minItems: 1,
          uniqueItems: true,
          description:
            "Secrets of its source that hold nothing secret: their data lies in Git and in the mirrors as it is",
        }),
      ),
      kubernetes: Type.Optional(
        closedObject(
          {
            min: Type.Optional(minorVersion('the oldest minor version, quoted (`"1.28"`)')),
            max: Type.Optional(minorVersion("the newest")),
          },
          "the versions of Kubernetes that it runs on: a site that declares another is a mistake",
        ),
      ),
      overlays: Type.Optional(
        Type.Array(Overlay, { description: "changes for some sites, in order; later ones win" }),
      ),
      rollout: Type.Optional(
        closedObject(
          { strategy: nameOf("name of a RolloutStrategy") },
          "how it moves; without it, the strategy of the Fleet",
        ),
      ),
      checks: Type.Optional(Checks),
      dependsOn: Type.Optional(
        Type.Array(Name, {
          minItems: 1,
          uniqueItems: true,
          description:
            "names of Apps: at a site this one moves when those that are on their way there have come and are healthy, and leaves before those that leave too",
        }),
      ),
      drift: Type.Optional(
        closedObject(
          driftPolicy,
          "how manual changes of its objects are met; takes effect at once and at all sites, by no release",
        ),
      ),
      health: Type.Optional(HealthRules),
      atomic: Type.Optional(
        Type.Boolean({
          default: false,
          description:
            "try a new version whole, by dry run, at each site: where the cluster would refuse one of its objects, none is written",
        }),
      ),
      onRemoval: Type.Optional(
        Type.Enum(["delete", "orphan", "hold"], {
          default: "delete",
          description:
            "what happens to its objects where it leaves: delete, orphan (stop managing them), hold (wait for an operator)",
        }),
      ),
    },
    "what runs, where, and how it moves",
  ),
  "An app: objects that run at the sites of some virtual sites.",
);
export type App = Static<typeof App>;
