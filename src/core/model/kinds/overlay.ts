import { type Static, Type } from "typebox";
import { closedObject, labelMap, Name, nameOf } from "./shared.ts";

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

const JsonPatchOperation = closedObject(
  {
    op: Type.Enum(["add", "remove", "replace", "move", "copy", "test"], {
      description: "what is done",
    }),
    path: Type.String({
      title: "JSON pointer",
      pattern: "^(/.*)?$",
      description: "JSON pointer to the field, `/spec/replicas`",
    }),
    from: Type.Optional(
      Type.String({
        title: "JSON pointer",
        pattern: "^(/.*)?$",
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
      Type.Array(JsonPatchOperation, {
        minItems: 1,
        description: "a JSON 6902 patch; needs `target`",
      }),
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
        pattern: "^[a-z0-9]+:[0-9a-f]+$",
        description: "a digest such as `sha256:…`, instead of a tag",
      }),
    ),
  },
  "one image to change, as in a kustomization; at least one of newName, newTag and digest",
);

const ReplicaCount = closedObject(
  {
    name: Type.String({ minLength: 1, description: "name of the workload" }),
    count: Type.Integer({ minimum: 0, description: "number of replicas" }),
  },
  "one workload to scale",
);

export const Overlay = closedObject(
  {
    name: Type.Optional(nameOf("a name for messages")),
    virtualSites: Type.Array(Name, {
      minItems: 1,
      uniqueItems: true,
      description: "names of the VirtualSites it is for (any of them)",
    }),
    patches: Type.Optional(Type.Array(Patch, { description: "patches, in order" })),
    images: Type.Optional(Type.Array(ImageChange, { description: "images to change" })),
    replicas: Type.Optional(
      Type.Array(ReplicaCount, {
        description:
          "replica counts of Deployments, StatefulSets, ReplicaSets and ReplicationControllers",
      }),
    ),
    labels: Type.Optional(labelMap("labels set on all objects (not on selectors or pods)")),
  },
  "a change to the app at some sites: patches, then images, then replicas, then labels",
);
export type Overlay = Static<typeof Overlay>;
