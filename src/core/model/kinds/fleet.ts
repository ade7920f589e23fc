import { type Static, Type } from "typebox";
import { driftPolicy } from "./drift.ts";
import { HealthRules } from "./health-rules.ts";
import {
  closedObject,
  documentOf,
  duration,
  KubernetesFacts,
  nameOf,
  windowNames,
} from "./shared.ts";
import { Vendored } from "./vendored.ts";

const KnownLabel = closedObject(
  {
    description: Type.Optional(Type.String({ description: "what the label tells" })),
    values: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        uniqueItems: true,
        description: "the values it may have; without it, any",
      }),
    ),
  },
  "one known label",
);

const DeletionBudget = closedObject(
  {
    objects: Type.Optional(
      Type.Integer({
        minimum: 0,
        default: 50,
        description: "objects that one commit may delete without an approval",
      }),
    ),
    percent: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        default: 10,
        description: "percentage of an app's objects; the smaller of both counts",
      }),
    ),
  },
  "how much one commit may delete, over all sites, before somebody has to approve it",
);

const Drift = closedObject(
  {
    interval: Type.Optional({
      ...duration("how often the live objects of a site are compared with its mirror"),
      default: "10m",
    }),
    maxSitesPerMinute: Type.Optional(
      Type.Integer({
        minimum: 0,
        default: 60,
        description: "sites of a region looked over for drift in a minute; 0: none",
      }),
    ),
    maxDriftedPercent: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        default: 10,
        description:
          "percentage of a region's sites; where more have drifted, and more than two, none is repaired: something else is wrong. 100: all are, always; 0: none is, ever",
      }),
    ),
    ...driftPolicy,
  },
  "how manual changes are found and repaired; `mode` (default: correct) holds for apps that name none, `ignore` for all",
);

const toolVersion = (title: string, description: string) =>
  Type.String({
    title,
    pattern: "^v?[0-9]+\\.[0-9]+\\.[0-9]+([-+][0-9A-Za-z.+-]+)?$",
    description,
  });

const Tools = closedObject(
  {
    kustomize: Type.Optional(
      toolVersion(
        "version",
        "version of kustomize (`5.8.1`), by itself or as the part of a kubectl; as `kustomize version`, or `kubectl version --client`, tells it",
      ),
    ),
    helm: Type.Optional(
      toolVersion("version", "version of helm (`4.2.3`), as `helm version` tells it"),
    ),
  },
  "the versions of the tools that render kustomizations and charts; no other version is used",
);

export const Fleet = documentOf(
  "Fleet",
  closedObject(
    {
      labels: Type.Optional(
        Type.Record(Type.String(), KnownLabel, {
          title: "vocabulary",
          description:
            "the label vocabulary: labels of sites and keys and values in selectors must be among these; without it, any",
        }),
      ),
      rollout: Type.Optional(
        closedObject(
          { strategy: nameOf("name of a RolloutStrategy") },
          "the strategy of apps that name none; without it, the built-in one",
        ),
      ),
      maxSitesInFlight: Type.Optional(
        Type.Integer({
          minimum: 0,
          description:
            "sites that may be in flight at once, over all apps; 0: nothing moves; without it, no bound",
        }),
      ),
      failureDomains: Type.Optional(
        Type.Array(Type.String(), {
          minItems: 1,
          uniqueItems: true,
          description:
            "label keys whose values together name a failure domain, in which one healthy site is left alone; without it, the region",
        }),
      ),
      windows: Type.Optional(
        windowNames(
          "names of MaintenanceWindows that every app keeps to, at the sites they speak of",
        ),
      ),
      deletionBudget: Type.Optional(DeletionBudget),
      drift: Type.Optional(Drift),
      health: Type.Optional(HealthRules),
      tools: Type.Optional(Tools),
      vendor: Type.Optional(
        Type.Array(Vendored, {
          description:
            "charts and bases from elsewhere, which `flotilla vendor` brings into `vendor/`; nothing else fetches them",
        }),
      ),
      kubernetes: Type.Optional({
        ...KubernetesFacts,
        description: "the Kubernetes of sites that do not tell theirs, field by field",
      }),
      ignore: Type.Optional(
        Type.Array(Type.String({ minLength: 1 }), {
          description:
            "glob patterns of files that Flotilla leaves alone (`**/*.test.yaml`); at most 1,000, with each `{a,b}` written out",
        }),
      ),
    },
    "fleet-wide settings",
  ),
  "The fleet itself: exactly one per repository.",
);
export type Fleet = Static<typeof Fleet>;
