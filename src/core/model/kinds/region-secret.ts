import { type Static, Type } from "typebox";
import { closedObject } from "./shared.ts";

const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";

/** A Secret that an App gets from the cluster of its region. */
export const AppSecret = closedObject(
  {
    name: Type.String({
      title: "object name",
      pattern: `^${subdomain}$`,
      maxLength: 253,
      description: "name of the Secret that the app gets, in its namespace",
    }),
    from: Type.Optional(
      Type.String({
        title: "object name or expression",
        pattern: `^(${subdomain}|[\\s\\S]*\\$\\{[\\s\\S]*)$`,
        description:
          "name of the Secret in the region's cluster, in the namespace that the worker's configuration says; without it, the same name",
      }),
    ),
    keys: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        minItems: 1,
        uniqueItems: true,
        description: "keys of its data that are copied; without it, all",
      }),
    ),
  },
  "a Secret that the region's worker copies from the region's cluster; only its name is ever in Git",
);
export type AppSecret = Static<typeof AppSecret>;

/** A Secret of an App's source whose values may be known to everybody. */
export const PlainSecret = closedObject(
  {
    name: Type.String({
      title: "object name",
      pattern: `^${subdomain}$`,
      maxLength: 253,
      description: "name of the Secret, as its source has it",
    }),
    namespace: Type.Optional(
      Type.String({
        title: "namespace",
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        maxLength: 63,
        description: "its namespace, before overlays move it; without it, that of the App",
      }),
    ),
  },
  "a Secret with data that is no secret",
);
