import { type Static, Type } from "typebox";
import { closedObject } from "./shared.ts";

const path = (description: string) => Type.String({ title: "path", minLength: 1, description });

const HelmOptions = closedObject(
  {
    releaseName: Type.Optional(
      Type.String({
        title: "name",
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        maxLength: 53,
        description: "`.Release.Name` of the templates; without it, the name of the App",
      }),
    ),
    valuesFiles: Type.Optional(
      Type.Array(path("a file of values, from the root of the repository"), {
        minItems: 1,
        description: "files of values, over those of the chart; later ones win",
      }),
    ),
    includeCRDs: Type.Optional(
      Type.Boolean({
        default: true,
        description: "false: what the chart has in `crds/` stays out",
      }),
    ),
    skipSchemaValidation: Type.Optional(
      Type.Boolean({
        default: false,
        description: "true: values are not held against the chart's `values.schema.json`",
      }),
    ),
    hooks: Type.Optional(
      Type.Enum(["refuse", "apply"], {
        default: "refuse",
        description:
          "what becomes of hooks: refuse (a mistake), apply (those of an install or upgrade become ordinary objects, Jobs with the hash of their content in their name; others are left out); tests are always left out",
      }),
    ),
  },
  "how the chart is rendered",
);
export type HelmOptions = Static<typeof HelmOptions>;

/** Where an App's objects come from. */
export const Source = closedObject(
  {
    manifests: Type.Optional(
      path(
        "a folder (all of its .yaml, .yml and .json files, subfolders too) or a file, from the root of the repository; files with Flotilla's own kinds are left out",
      ),
    ),
    kustomize: Type.Optional(
      path(
        "the folder of a kustomization, from the root of the repository; needs `tools.kustomize` of the Fleet",
      ),
    ),
    chart: Type.Optional(
      path(
        "the folder of a Helm chart, from the root of the repository; needs `tools.helm` of the Fleet",
      ),
    ),
    helm: Type.Optional(HelmOptions),
    expressions: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          "true: `${ }` in the manifests is an expression (`$${` is a literal `${`); else it means nothing there. Only with `manifests`",
      }),
    ),
  },
  "where its objects come from: exactly one of `manifests`, `kustomize` and `chart`",
);
export type Source = Static<typeof Source>;
