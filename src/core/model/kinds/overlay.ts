import { type Static, Type } from "typebox";
import { closedObject, labelMap, Name, nameOf, valuesOf } from "./shared.ts";

export const PatchTarget = closedObject(
  {
    group: Type.Optional(
      Type.String({ description: 'API group ("" is the core group); without it, any' }),
    ),
    kind: Type.Optional(Type.String({ minLength: 1, description: "kind; without it, any" })),
    namespace: Type.Optional(Type.String({ description: "namespace; without it, any" })),
    name: Type.Optional(Type.String({ minLength: 1, description: "name; without it, any" })),
  },
  "which objects of the app are patched: all that agree in the fields given",
);
export type PatchTarget = Static<typeof PatchTarget>;

export const JsonPatchOperation = closedObject(
  {
    op: Type.Enum(["add", "remove", "replace", "move", "copy", "test"], {
      description: "what is done",
    }),
    path: Type.String({
      title: "JSON pointer",
      pattern: "^(/[\\s\\S]*)?$",
      description: "JSON pointer to the field, `/spec/replicas`",
    }),
    from: Type.Optional(
      Type.String({
        title: "JSON pointer",
        pattern: "^(/[\\s\\S]*)?$",
        description: "JSON pointer to the field that is moved or copied",
      }),
    ),
    value: Type.Optional(Type.Unknown({ description: "for add, replace and test" })),
  },
  "one operation of RFC 6902",
);

export const Patch = closedObject(
  {
    target: Type.Optional(PatchTarget),
    merge: Type.Optional(
      Type.Record(Type.String(), Type.Unknown(), {
        title: "object",
        description:
          "a strategic merge patch; without `target` it names its object by apiVersion, kind and metadata.name",
      }),
    ),
    json: Type.Optional(
      Type.Array(JsonPatchOperation, { description: "a JSON 6902 patch; needs `target`" }),
    ),
  },
  "exactly one of `merge` and `json`",
);
export type Patch = Static<typeof Patch>;

const ImageChange = closedObject(
  {
    name: Type.String({
      minLength: 1,
      description: "the image as the manifests name it, without tag",
    }),
    newName: Type.Optional(Type.String({ minLength: 1, description: "another repository" })),
    newTag: Type.Optional(Type.String({ minLength: 1, description: "another tag" })),
    digest: Type.Optional(
      Type.String({
        title: "digest",
        pattern: "^([a-z0-9]+:[0-9a-f]+|\\$\\{(.|\\n)*\\})$",
        description: "a digest such as `sha256:…`, instead of a tag",
      }),
    ),
  },
  "one image to change, as in a kustomization; at least one of newName, newTag and digest",
);

const ReplicaCount = closedObject(
  {
    name: Type.String({ minLength: 1, description: "name of the workload" }),
    count: Type.Union(
      [
        Type.Integer({ minimum: 0 }),
        Type.String({ title: "number or expression", pattern: "^\\$\\{(.|\\n)*\\}$" }),
      ],
      { title: "number or expression", description: "number of replicas" },
    ),
  },
  "one workload to scale",
);

const PodPart = (description: string) =>
  Type.Optional(
    Type.Array(
      Type.Object(
        { name: Type.String({ minLength: 1, description: "its name; the rest as in Kubernetes" }) },
        { title: "object" },
      ),
      { minItems: 1, description },
    ),
  );

const Sidecar = closedObject(
  {
    target: Type.Optional({ ...PatchTarget, description: "which workloads; without it, all" }),
    containers: PodPart("containers to add, behind those that are there"),
    initContainers: PodPart(
      "init containers to add; with `restartPolicy: Always` they are sidecars that let a Job end",
    ),
    volumes: PodPart("volumes to add"),
  },
  "what is added to every pod template; what is there by the same name is merged with it",
);
export type Sidecar = Static<typeof Sidecar>;

const amounts = (description: string) =>
  Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]), {
      title: "amounts",
      description,
    }),
  );

const Resources = closedObject(
  {
    target: Type.Optional({ ...PatchTarget, description: "which workloads; without it, all" }),
    container: Type.Optional(
      Type.String({ minLength: 1, description: "name of the container; without it, all" }),
    ),
    requests: amounts("what is reserved: `cpu`, `memory`, …; null takes one away"),
    limits: amounts("what it gets at most; null takes one away"),
  },
  "resource reservations of containers and init containers; at least one of `requests` and `limits`",
);
export type Resources = Static<typeof Resources>;

const Toleration = closedObject(
  {
    key: Type.Optional(Type.String({ description: "the taint's key; without it, any" })),
    operator: Type.Optional(
      Type.Enum(["Exists", "Equal"], { description: "how `value` is compared" }),
    ),
    value: Type.Optional(Type.String({ description: "the taint's value, for Equal" })),
    effect: Type.Optional(
      Type.Enum(["NoSchedule", "PreferNoSchedule", "NoExecute"], {
        description: "the taint's effect; without it, any",
      }),
    ),
    tolerationSeconds: Type.Optional(
      Type.Integer({ description: "for how long, with NoExecute; without it, for ever" }),
    ),
  },
  "a toleration, as in Kubernetes",
);

const Scheduling = closedObject(
  {
    target: Type.Optional({ ...PatchTarget, description: "which workloads; without it, all" }),
    nodeSelector: Type.Optional(labelMap("labels that a node must have")),
    tolerations: Type.Optional(
      Type.Array(Toleration, { minItems: 1, description: "taints that are borne" }),
    ),
  },
  "on which nodes pods may run; what the pod of a manifest says of a label, or of a taint's key and effect, stays; what overlays before put there is replaced",
);
export type Scheduling = Static<typeof Scheduling>;

const forSites = {
  minItems: 1,
  uniqueItems: true,
} as const;

const overlayFields = {
  name: Type.Optional(nameOf("a name for messages")),
  values: Type.Optional(
    valuesOf("values, merged over those of the App and of overlays before this one"),
  ),
  patches: Type.Optional(Type.Array(Patch, { description: "patches, in order" })),
  sidecars: Type.Optional(
    Type.Array(Sidecar, {
      description:
        "containers and volumes for all workloads: whatever has a pod, Pods themselves and custom resources too (in each field `template`, `…Template`)",
    }),
  ),
  scheduling: Type.Optional(
    Type.Array(Scheduling, { description: "node labels and tolerations for all workloads" }),
  ),
  images: Type.Optional(Type.Array(ImageChange, { description: "images to change" })),
  resources: Type.Optional(
    Type.Array(Resources, { description: "resource reservations of containers" }),
  ),
  replicas: Type.Optional(
    Type.Array(ReplicaCount, {
      description:
        "replica counts of Deployments, StatefulSets, ReplicaSets and ReplicationControllers",
    }),
  ),
  labels: Type.Optional(labelMap("labels set on all objects (not on selectors or pods)")),
  annotations: Type.Optional(
    Type.Record(Type.String(), Type.String(), {
      title: "annotations",
      description: "annotations set on all objects (not on pods)",
    }),
  ),
  namespace: Type.Optional(
    Type.String({
      title: "namespace",
      pattern: "^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?|[\\s\\S]*\\$\\{[\\s\\S]*)$",
      description:
        "another namespace for all of its namespaced objects, and for what names them by it: subjects of RBAC, services of webhooks and API services; not for names in DNS",
    }),
  ),
};

const inOrder =
  "patches, then sidecars, scheduling, images, resources, replicas, labels, annotations and namespace";

export const Overlay = closedObject(
  {
    virtualSites: Type.Array(Name, {
      ...forSites,
      description: "names of the VirtualSites it is for (any of them)",
    }),
    ...overlayFields,
  },
  `a change to the app at some sites: ${inOrder}`,
);
export type Overlay = Static<typeof Overlay>;

/** An overlay for any app. */
export const ProfileOverlay = closedObject(
  {
    virtualSites: Type.Optional(
      Type.Array(Name, {
        ...forSites,
        description: "names of the VirtualSites it is for (any of them); without it, all sites",
      }),
    ),
    ...overlayFields,
  },
  `a change to each app, as far as it has what is changed: ${inOrder}`,
);
