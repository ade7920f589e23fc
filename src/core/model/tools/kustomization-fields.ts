/** What the fields of kustomizations hold, and which keys name files. */

/** What a field of a kustomization holds: nothing that is read, files, folders too, or what plugins are made of. */
type FieldUse = "plain" | "paths" | "patches" | "entries" | "plugins" | "forbidden";

/** The fields that a kustomization may have; others are not known here. */
export const fieldUses: Readonly<Record<string, FieldUse>> = {
  apiVersion: "plain",
  kind: "plain",
  metadata: "plain",
  resources: "paths",
  bases: "paths",
  components: "paths",
  crds: "paths",
  configurations: "paths",
  openapi: "entries",
  patches: "entries",
  patchesJson6902: "entries",
  patchesStrategicMerge: "patches",
  replacements: "entries",
  configMapGenerator: "entries",
  secretGenerator: "entries",
  generatorOptions: "plain",
  generators: "plugins",
  transformers: "plugins",
  validators: "plugins",
  namePrefix: "plain",
  nameSuffix: "plain",
  namespace: "plain",
  commonLabels: "plain",
  commonAnnotations: "plain",
  labels: "plain",
  images: "plain",
  imageTags: "plain",
  replicas: "plain",
  vars: "plain",
  buildMetadata: "plain",
  sortOptions: "plain",
  helmCharts: "forbidden",
  helmChartInflationGenerator: "forbidden",
  helmGlobals: "forbidden",
  inventory: "forbidden",
};

/**
 * Keys whose texts are paths, in generators, patches and the configuration of plugins. Go reads keys in any case, and folds
 * as `iu` does: U+017F is an `s` to both.
 */
export const pathKeys = /^(paths?|files|envs?)$/iu;

/** Keys below which `path` is that of a field, or `env` a name that people have given. */
export const otherKeys = /^(fieldspecs|fields|labels|annotations)$/iu;

/** All that a kustomization which gathers plugins may have: by the others it could change what they do. */
export const pluginFields: ReadonlySet<string> = new Set([
  "apiVersion",
  "kind",
  "metadata",
  "resources",
]);

/** What ends a line, and with it a comment, for kustomize and not for YAML 1.2. */
export const otherLineBreak = /\r(?!\n)|[\u0085\u2028\u2029]/;
