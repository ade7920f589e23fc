import { type Static, type TObject, type TProperties, Type } from "typebox";

/** An object schema that refuses unknown fields. */
export const closedObject = <T extends TProperties>(
  properties: T,
  description: string,
): TObject<T> => Type.Object(properties, { additionalProperties: false, description });

const namePattern = "^[a-z0-9]([a-z0-9]|-(?!-)(?=[a-z0-9]))*$";

/** RFC 1123 label without `--`: names of sites, regions, apps and strategies (they become paths and refs). */
export const Name = Type.String({
  title: "name",
  pattern: namePattern,
  maxLength: 63,
  description:
    "RFC 1123 label: lower case letters, digits and single dashes, at most 63 characters",
});

const nameRule = new RegExp(namePattern, "u");

/** The text can be the name of an object. */
export function isName(text: string): boolean {
  return text.length <= 63 && nameRule.test(text);
}

/** A Name that refers to another object. */
export const nameOf = (description: string) =>
  Type.String({ title: "name", pattern: namePattern, maxLength: 63, description });

/** A time span; `parseDuration` reads it. */
export const duration = (description: string) =>
  Type.String({
    title: "duration",
    pattern: "^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$",
    minLength: 2,
    description,
  });

/** What becomes of what a site has when a later commit does not declare it any more. */
export const decommission = (whose: string) =>
  Type.Enum(["forget", "delete"], {
    default: "forget",
    description: `what happens when a later commit has no longer ${whose}: forget (nothing is deleted there), delete (its apps leave it by removal releases, each by its \`onRemoval\`, then it is forgotten)`,
  });

export const Duration = duration("a time span such as `90s`, `5m`, `1h30m` or `500ms`");

/** A time zone by its name. */
export const timeZone = (description: string) =>
  Type.String({
    title: "time zone",
    pattern: "^[A-Za-z][A-Za-z0-9_+/-]*$",
    maxLength: 64,
    description,
  });

/** Names of MaintenanceWindows. */
export const windowNames = (description: string) =>
  Type.Array(Name, { minItems: 1, uniqueItems: true, description });

/** A number of sites or a percentage of them; `parseAmount` reads it. */
export const intOrPercent = (description: string) =>
  Type.Union(
    [
      Type.Integer({ minimum: 0 }),
      Type.String({ title: "number or percentage", pattern: "^(100|[0-9]{1,2})%$" }),
    ],
    { title: "number or percentage", description },
  );

/** Labels, key to value. */
export const labelMap = (description: string) =>
  Type.Record(Type.String(), Type.String(), { title: "labels", description });

/** Any data, by key: what charts take, and expressions read as `values`. */
export const valuesOf = (description: string) =>
  Type.Record(Type.String(), Type.Unknown(), { title: "values", description });

export const SelectorRequirement = closedObject(
  {
    key: Type.String({ minLength: 1, description: "the label's key" }),
    operator: Type.Enum(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], {
      description: "how the label is compared; `NotIn` also holds where the label is absent",
    }),
    values: Type.Optional(
      Type.Array(Type.String(), {
        description:
          "the values compared with: one or more for In and NotIn, one whole number for Gt and Lt, else none",
      }),
    ),
  },
  "one condition on a label",
);
export type SelectorRequirement = Static<typeof SelectorRequirement>;

const SelectorObject = closedObject(
  {
    matchLabels: Type.Optional(labelMap("labels that must all be there, with these values")),
    matchExpressions: Type.Optional(
      Type.Array(SelectorRequirement, { description: "conditions that must all hold" }),
    ),
  },
  "a Kubernetes label selector",
);

/** A label selector in either form; `selectorFromSpec` reads it. */
export const selectorSpec = (description: string) =>
  Type.Union(
    [
      Type.String({
        description: "Kubernetes selector text: `country in (jp,kr), !legacy`",
      }),
      SelectorObject,
    ],
    { title: "selector", description },
  );

export const SelectorSpec = selectorSpec(
  "a label selector, as text (`country in (jp,kr), !legacy`) or as matchLabels and matchExpressions",
);
export type SelectorSpec = Static<typeof SelectorSpec>;

/** Where a site or region stands. */
export const Location = closedObject(
  {
    latitude: Type.Number({ minimum: -90, maximum: 90, description: "degrees north" }),
    longitude: Type.Number({ minimum: -180, maximum: 180, description: "degrees east" }),
  },
  "where it stands, for the map",
);

const Metadata = closedObject(
  {
    name: Name,
    labels: Type.Optional(
      labelMap("labels, as Kubernetes has them; those of a Site are what selectors match"),
    ),
    annotations: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        title: "annotations",
        description: "free notes; Flotilla ignores them",
      }),
    ),
  },
  "name and labels",
);

/** The apiVersion of all kinds. */
export const apiVersion = "flotilla.dev/v1alpha1";

/** The schema of a whole document. */
export const documentOf = <K extends string, T extends TProperties>(
  kind: K,
  spec: TObject<T>,
  description: string,
) =>
  closedObject(
    {
      apiVersion: Type.Literal(apiVersion, { description: `always ${apiVersion}` }),
      kind: Type.Literal(kind, { description: `always ${kind}` }),
      metadata: Metadata,
      spec,
    },
    description,
  );

/** A minor version of Kubernetes. */
export const minorVersion = (description: string) =>
  Type.String({ title: "minor version", pattern: "^1\\.[0-9]+$", description });

/** What of a cluster decides what a chart renders to. */
export const KubernetesFacts = closedObject(
  {
    version: Type.Optional(
      minorVersion(
        'its minor version, quoted (`"1.33"`): what it serves is checked, and charts see it as `.Capabilities.KubeVersion`',
      ),
    ),
    apiVersions: Type.Optional(
      Type.Array(
        Type.String({
          title: "API version",
          pattern: "^[a-z0-9.-]+(/[A-Za-z0-9]+){0,2}$",
          description: "`group/version`, or `group/version/Kind`",
        }),
        {
          uniqueItems: true,
          description:
            "what it serves beside Kubernetes' own APIs (`monitoring.coreos.com/v1`): `.Capabilities.APIVersions` of charts",
        },
      ),
    ),
  },
  "the cluster's Kubernetes",
);
export type KubernetesFacts = Static<typeof KubernetesFacts>;
