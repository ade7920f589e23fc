/** The simulator's configuration file: which clusters there are, and how each begins. */
import { type Static, Type } from "typebox";
import { FaultBody, ScriptBody } from "./control-requests.ts";

const closed = { additionalProperties: false } as const;

const ClusterConfig = Type.Object(
  {
    name: Type.String({ pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", description: "its name" }),
    nodes: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: "its nodes, all Ready" }),
    ),
    script: Type.Optional(ScriptBody),
    fault: Type.Optional(FaultBody),
    ownPort: Type.Boolean({
      default: false,
      description: "whether it listens on a port of its own",
    }),
  },
  { ...closed, description: "a cluster" },
);

export const SimulatorConfig = Type.Object(
  { clusters: Type.Array(ClusterConfig, { minItems: 1, description: "the clusters" }) },
  { ...closed, description: "a simulator's configuration" },
);
export type SimulatorConfig = Static<typeof SimulatorConfig>;
