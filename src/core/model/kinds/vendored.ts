import { type Static, Type } from "typebox";
import { closedObject, nameOf } from "./shared.ts";

const ChartOrigin = closedObject(
  {
    repository: Type.String({
      title: "URL",
      pattern: "^(https?|oci)://[^\\s@]+$",
      description:
        "an HTTP repository (`https://…`, with an index.yaml) or an OCI registry with the folder of the chart (`oci://…`), without credentials; `http` only on this machine",
    }),
    name: Type.String({
      title: "name",
      pattern: "^[a-z0-9]([-a-z0-9._]*[a-z0-9])?$",
      description: "name of the chart",
    }),
    version: Type.String({
      title: "version",
      pattern: "^[0-9A-Za-z][-+.0-9A-Za-z_]*$",
      description: "its version, exactly",
    }),
  },
  "a Helm chart",
);
export type ChartOrigin = Static<typeof ChartOrigin>;

const GitOrigin = closedObject(
  {
    url: Type.String({
      title: "URL",
      pattern: "^https?://[^\\s@]+$",
      description: "a Git remote, without credentials; `http` only on this machine",
    }),
    commit: Type.String({
      title: "commit",
      pattern: "^[0-9a-f]{40}$",
      description: "full id of the commit",
    }),
    path: Type.Optional(
      Type.String({
        title: "path",
        minLength: 1,
        description: "the folder to take; without it, all",
      }),
    ),
  },
  "a folder of a Git repository",
);

/** Something that `flotilla vendor` brings. */
export const Vendored = closedObject(
  {
    name: nameOf("it is kept in `vendor/<name>`"),
    chart: Type.Optional(ChartOrigin),
    git: Type.Optional(GitOrigin),
  },
  "exactly one of `chart` and `git`",
);
export type Vendored = Static<typeof Vendored>;
