/**
 * The kinds of the fleet repository, as schemas: each value is the JSON Schema that ajv checks, editors load and
 * the reference pages are made from, and its `Static` type is what the code works with. Descriptions are the docs.
 *
 * A field that is not carried out is not here: DESIGN names more, and `plannedFields` gives them their hint.
 */
import { type Static, type TObject, type TProperties, Type } from "typebox";

const closed = { additionalProperties: false } as const;
const object = <T extends TProperties>(properties: T, description: string): TObject<T> =>
  Type.Object(properties, { ...closed, description });

/** RFC 1123 label without `--`: names of sites, regions, apps and strategies (they become paths and refs). */
export const Name = Type.String({
  pattern: "^[a-z0-9]([a-z0-9]|-(?!-))*$",
  maxLength: 63,
  description:
    "RFC 1123 label: lower case letters, digits and single dashes, at most 63 characters",
});

export const Duration = Type.String({
  pattern: "^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
  minLength: 2,
  description: "a time span such as `90s`, `5m`, `1h30m` or `500ms`",
});

export const IntOrPercent = Type.Union(
  [Type.Integer({ minimum: 0 }), Type.String({ pattern: "^(100|[0-9]{1,2})%$" })],
  {
    description:
      "a number of sites, or a percentage of them (`10%`: rounded down, at least 1; `0` and `0%` are none)",
  },
);

export const LabelMap = Type.Record(Type.String(), Type.String(), {
  description: "labels, key to value",
});

export const SelectorRequirement = object(
  {
    key: Type.String({ minLength: 1, description: "the label's key" }),
    operator: Type.Union(
      ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"].map((name) => Type.Literal(name)),
      { description: "In, NotIn, Exists, DoesNotExist, Gt or Lt" },
    ),
    values: Type.Optional(Type.Array(Type.String(), { description: "the values compared with" })),
  },
  "one condition on a label",
);
export type SelectorRequirement = Static<typeof SelectorRequirement>;

export const SelectorObject = object(
  {
    matchLabels: Type.Optional(LabelMap),
    matchExpressions: Type.Optional(
      Type.Array(SelectorRequirement, { description: "conditions that must all hold" }),
    ),
  },
  "a Kubernetes label selector",
);

export const SelectorSpec = Type.Union(
  [
    Type.String({
      minLength: 1,
      description: "Kubernetes selector text: `country in (jp,kr), !legacy`",
    }),
    SelectorObject,
  ],
  { description: "a label selector, as text or as matchLabels and matchExpressions" },
);
export type SelectorSpec = Static<typeof SelectorSpec>;

const Metadata = object(
  {
    name: Name,
    labels: Type.Optional(LabelMap),
    annotations: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: "free notes; Flotilla ignores them",
      }),
    ),
  },
  "name and labels",
);

const Location = object(
  {
    latitude: Type.Number({ minimum: -90, maximum: 90, description: "degrees north" }),
    longitude: Type.Number({ minimum: -180, maximum: 180, description: "degrees east" }),
  },
  "where it stands, for the map",
);

const kind = <K extends string, T extends TProperties>(
  name: K,
  spec: TObject<T>,
  description: string,
) =>
  object(
    {
      apiVersion: Type.Literal("flotilla.dev/v1alpha1", {
        description: "always flotilla.dev/v1alpha1",
      }),
      kind: Type.Literal(name, { description: `always ${name}` }),
      metadata: Metadata,
      spec,
    },
    description,
  );

export const Fleet = kind(
  "Fleet",
  object(
    {
      labels: Type.Optional(
        Type.Record(
          Type.String(),
          object(
            {
              description: Type.Optional(Type.String({ description: "what the label tells" })),
              values: Type.Optional(
                Type.Array(Type.String(), {
                  minItems: 1,
                  description: "the values it may have; without it, any",
                }),
              ),
            },
            "one known label",
          ),
          {
            description:
              "the label vocabulary: a label of a site or a selector must be one of these",
          },
        ),
      ),
      rollout: Type.Optional(
        object(
          { strategy: Name },
          "the RolloutStrategy of apps that name none (default: the built-in one)",
        ),
      ),
      maxSitesInFlight: Type.Optional(
        Type.Integer({
          minimum: 0,
          description: "sites that may be in flight at once, over all apps (default: no bound)",
        }),
      ),
      failureDomains: Type.Optional(
        Type.Array(Type.String(), {
          minItems: 1,
          description: "label keys that make up a failure domain (default: the region)",
        }),
      ),
      deletionBudget: Type.Optional(
        object(
          {
            objects: Type.Optional(
              Type.Integer({
                minimum: 0,
                description: "objects one commit may delete without an approval (default 50)",
              }),
            ),
            percent: Type.Optional(
              Type.Integer({
                minimum: 0,
                maximum: 100,
                description:
                  "percentage of an app's objects (default 10); the smaller of both counts",
              }),
            ),
          },
          "how much one commit may delete before somebody has to approve it",
        ),
      ),
      drift: Type.Optional(
        object(
          {
            interval: Type.Optional(Duration),
            maxSitesPerMinute: Type.Optional(
              Type.Integer({
                minimum: 0,
                description: "sites of a region looked over for drift in a minute (default 60)",
              }),
            ),
          },
          "how often live objects are compared with the mirror (default: every 10m)",
        ),
      ),
      ignore: Type.Optional(
        Type.Array(Type.String(), {
          description: "glob patterns of files that are not Flotilla's (`**/*.test.yaml`)",
        }),
      ),
    },
    "fleet-wide settings",
  ),
  "The fleet itself: exactly one per repository.",
);
export type Fleet = Static<typeof Fleet>;

export const Region = kind(
  "Region",
  object(
    {
      description: Type.Optional(Type.String({ description: "what the region is" })),
      location: Type.Optional(Location),
    },
    "a region",
  ),
  "A region: a group of sites served by one mirror and its workers.",
);
export type Region = Static<typeof Region>;

export const Site = kind(
  "Site",
  object(
    {
      region: Name,
      description: Type.Optional(Type.String({ description: "what the site is" })),
      location: Type.Optional(Location),
      suspend: Type.Optional(
        Type.Boolean({ description: "true: nothing new is released to the site (default false)" }),
      ),
    },
    "a site",
  ),
  "A site: one child cluster. Its labels are in `metadata.labels`.",
);
export type Site = Static<typeof Site>;

export const VirtualSite = kind(
  "VirtualSite",
  object(
    {
      description: Type.Optional(Type.String({ description: "what the sites have in common" })),
      selector: Type.Optional(SelectorSpec),
      all: Type.Optional(Type.Literal(true, { description: "every site; instead of a selector" })),
    },
    "exactly one of `selector` and `all`",
  ),
  "A virtual site: all sites whose labels match a selector.",
);
export type VirtualSite = Static<typeof VirtualSite>;

export const PatchTarget = object(
  {
    group: Type.Optional(Type.String({ description: "API group; without it, any" })),
    kind: Type.Optional(Type.String({ description: "kind; without it, any" })),
    namespace: Type.Optional(Type.String({ description: "namespace; without it, any" })),
    name: Type.Optional(Type.String({ description: "name; without it, any" })),
  },
  "which objects of the app are patched: all that agree in the fields given",
);
export type PatchTarget = Static<typeof PatchTarget>;

export const JsonPatchOperation = object(
  {
    op: Type.Union(
      ["add", "remove", "replace", "move", "copy", "test"].map((op) => Type.Literal(op)),
    ),
    path: Type.String({ description: "JSON pointer, `/spec/replicas`" }),
    from: Type.Optional(Type.String({ description: "JSON pointer, for move and copy" })),
    value: Type.Optional(Type.Unknown({ description: "for add, replace and test" })),
  },
  "one operation of RFC 6902",
);
export type JsonPatchOperation = Static<typeof JsonPatchOperation>;

export const Patch = object(
  {
    target: Type.Optional(PatchTarget),
    merge: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        description:
          "a strategic merge patch; without `target` it names its object by apiVersion, kind and metadata.name",
      }),
    ),
    json: Type.Optional(
      Type.Array(JsonPatchOperation, {
        minItems: 1,
        description: "a JSON 6902 patch; needs `target`",
      }),
    ),
  },
  "exactly one of `merge` and `json`",
);
export type Patch = Static<typeof Patch>;

export const Overlay = object(
  {
    name: Type.Optional(Name),
    virtualSites: Type.Array(Name, {
      minItems: 1,
      description: "the virtual sites it is for (any of them)",
    }),
    patches: Type.Optional(Type.Array(Patch, { description: "patches, in order" })),
    images: Type.Optional(
      Type.Array(
        object(
          {
            name: Type.String({
              minLength: 1,
              description: "the image as the manifests name it, without tag",
            }),
            newName: Type.Optional(
              Type.String({ minLength: 1, description: "another repository" }),
            ),
            newTag: Type.Optional(Type.String({ minLength: 1, description: "another tag" })),
            digest: Type.Optional(
              Type.String({
                pattern: "^[a-z0-9]+:[0-9a-f]+$",
                description: "a digest, instead of a tag",
              }),
            ),
          },
          "one image to change, as in a kustomization",
        ),
        { description: "images to change" },
      ),
    ),
    replicas: Type.Optional(
      Type.Array(
        object(
          {
            name: Type.String({ minLength: 1, description: "name of the workload" }),
            count: Type.Integer({ minimum: 0, description: "number of replicas" }),
          },
          "one workload to scale",
        ),
        {
          description:
            "replica counts of Deployments, StatefulSets, ReplicaSets and ReplicationControllers",
        },
      ),
    ),
    labels: Type.Optional(LabelMap),
  },
  "a change to the app at some sites: patches, then images, then replicas, then labels (on objects, not selectors)",
);
export type Overlay = Static<typeof Overlay>;

export const App = kind(
  "App",
  object(
    {
      namespace: Type.String({
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        maxLength: 63,
        description:
          "namespace of its objects that name none; created bare if it is missing, never deleted",
      }),
      source: object(
        {
          manifests: Type.String({
            minLength: 1,
            description:
              "folder (all of its .yaml, .yml and .json files, subfolders too) or file, from the root",
          }),
        },
        "where its objects come from",
      ),
      placement: object(
        {
          virtualSites: Type.Array(Name, {
            minItems: 1,
            description: "on every site of any of these",
          }),
        },
        "where it runs",
      ),
      overlays: Type.Optional(
        Type.Array(Overlay, { description: "changes for some sites; later ones win" }),
      ),
      rollout: Type.Optional(object({ strategy: Name }, "the RolloutStrategy by which it moves")),
      onRemoval: Type.Optional(
        Type.Union([Type.Literal("delete"), Type.Literal("orphan"), Type.Literal("hold")], {
          description:
            "what happens to its objects where it leaves: delete (default), orphan (stop managing), hold (wait for an operator)",
        }),
      ),
    },
    "an app",
  ),
  "An app: objects that run at the sites of some virtual sites.",
);
export type App = Static<typeof App>;

export const Stage = object(
  {
    name: Name,
    selector: Type.Optional(SelectorSpec),
    count: Type.Optional(Type.Integer({ minimum: 0, description: "so many sites" })),
    percent: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description:
          "so many percent of all sites of the release, rounded down, at least 1 (0: none)",
      }),
    ),
    approval: Type.Optional(
      Type.Boolean({
        description: "true: somebody has to approve before the stage opens (default false)",
      }),
    ),
    soak: Type.Optional(Duration),
    failureBudget: Type.Optional(IntOrPercent),
    maxInFlight: Type.Optional(IntOrPercent),
    maxUnavailable: Type.Optional(IntOrPercent),
  },
  "one stage; at most one of `selector`, `count` and `percent`, none of them: the rest",
);
export type Stage = Static<typeof Stage>;

export const RolloutStrategy = kind(
  "RolloutStrategy",
  object(
    {
      stages: Type.Optional(
        Type.Array(Stage, {
          description: "stages in order; sites that none of them takes form a last one, `rest`",
        }),
      ),
      soak: Type.Optional(Duration),
      failureBudget: Type.Optional(IntOrPercent),
      maxInFlight: Type.Optional(IntOrPercent),
      maxUnavailable: Type.Optional(IntOrPercent),
      minReady: Type.Optional(Duration),
      progressDeadline: Type.Optional(Duration),
      onFailure: Type.Optional(
        Type.Literal("hold", {
          description: "over the failure budget the release waits for an operator",
        }),
      ),
      rollback: Type.Optional(
        Type.Literal("none", { description: "sites that failed stay where they are" }),
      ),
      gates: Type.Optional(
        object(
          {
            unknown: Type.Optional(
              Type.Union([Type.Literal("pass"), Type.Literal("block")], {
                description: "objects whose health is unknown: pass (default) or block",
              }),
            ),
          },
          "what else must hold",
        ),
      ),
    },
    "a strategy",
  ),
  "How a release moves over its sites.",
);
export type RolloutStrategy = Static<typeof RolloutStrategy>;

/** Every kind by its name: the schema that a document of that kind must satisfy. */
export const kinds = { Fleet, Region, Site, VirtualSite, App, RolloutStrategy } as const;
export type KindName = keyof typeof kinds;

/** A document of the fleet repository, of any kind. */
export type FleetDocument = Fleet | Region | Site | VirtualSite | App | RolloutStrategy;
