/** Faults and pod scripts as the admin API and config files take them: schemas, and the types that come from them. */
import { type Static, Type } from "typebox";

const closed = { additionalProperties: false } as const;

/** A fault of a cluster. */
export const FaultBody = Type.Union(
  [
    Type.Object({ kind: Type.Literal("refuse") }, closed),
    Type.Object({ kind: Type.Literal("hang") }, closed),
    Type.Object(
      { kind: Type.Literal("throttle"), retryAfterSeconds: Type.Integer({ minimum: 1 }) },
      closed,
    ),
    Type.Object({ kind: Type.Literal("error") }, closed),
    Type.Object({ kind: Type.Literal("slow"), delayMs: Type.Integer({ minimum: 0 }) }, closed),
  ],
  { description: "how the cluster fails" },
);
export type FaultBody = Static<typeof FaultBody>;

const outcomes = [
  "ready",
  "stalled",
  "never-ready",
  "crashing",
  "out-of-memory",
  "image",
  "unschedulable",
  "succeeded",
  "failed",
] as const;

const Match = Type.Object(
  {
    namespace: Type.Optional(Type.String({ description: "namespace of the pod" })),
    namePrefix: Type.Optional(Type.String({ description: "how the pod's name begins" })),
    labels: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: "labels that the pod has" }),
    ),
    image: Type.Optional(Type.String({ description: "part of the image of a container" })),
  },
  { ...closed, description: "which pods; all of the conditions must hold" },
);

/** What becomes of pods: the first rule that matches counts. */
export const ScriptBody = Type.Array(
  Type.Object(
    {
      match: Type.Optional(Match),
      outcome: Type.Union(outcomes.map((outcome) => Type.Literal(outcome))),
      afterMs: Type.Optional(
        Type.Integer({ minimum: 0, description: "how long after its creation; default 50" }),
      ),
    },
    closed,
  ),
  { description: "what becomes of pods; the first rule that matches counts" },
);
export type ScriptBody = Static<typeof ScriptBody>;
