import { type Static, Type } from "typebox";
import {
  closedObject,
  documentOf,
  duration,
  intOrPercent,
  nameOf,
  selectorSpec,
  windowNames,
} from "./shared.ts";

export const Stage = closedObject(
  {
    name: nameOf("name of the stage; unique, and `rest` only for the one that takes what is left"),
    selector: Type.Optional(selectorSpec("takes the sites of the release that it matches")),
    count: Type.Optional(Type.Integer({ minimum: 0, description: "takes so many sites; 0: none" })),
    percent: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 100,
        description:
          "takes so many percent of all sites of the release, rounded down, at least 1 (0: none)",
      }),
    ),
    each: Type.Optional(
      Type.String({
        description:
          "takes every site of the release that is in a domain, and becomes one stage after the other, a domain each, in the order of their names: `region` for regions, else a label key, whose values are the domains",
      }),
    ),
    approval: Type.Optional(
      Type.Boolean({
        default: false,
        description: "true: somebody has to approve before the stage opens",
      }),
    ),
    promotion: Type.Optional(
      Type.Enum(["auto", "manual"], {
        default: "auto",
        description:
          "`manual`: the stage keeps the release to itself, as long as wanted, until somebody promotes it",
      }),
    ),
    soak: Type.Optional(duration("instead of the strategy's `soak`, for this stage")),
    failureBudget: Type.Optional(
      intOrPercent("instead of the strategy's `failureBudget`, for this stage"),
    ),
    maxInFlight: Type.Optional(
      intOrPercent("instead of the strategy's `maxInFlight`, for this stage"),
    ),
    maxUnavailable: Type.Optional(
      intOrPercent("instead of the strategy's `maxUnavailable`, for this stage"),
    ),
  },
  "one stage; at most one of `selector`, `count`, `percent` and `each`, none of them: all that is left",
);
export type Stage = Static<typeof Stage>;

export const RolloutStrategy = documentOf(
  "RolloutStrategy",
  closedObject(
    {
      stages: Type.Optional(
        Type.Array(Stage, {
          description:
            "stages in order; sites that none of them takes form a last one, `rest`; without it: 1 canary, 10 %, rest",
        }),
      ),
      soak: Type.Optional({
        ...duration("how long a stage is watched after its last site settled"),
        default: "5m",
      }),
      failureBudget: Type.Optional(
        intOrPercent(
          "sites of a stage that may fail before it stops; without it, 0 in the first two stages, then 2%",
        ),
      ),
      maxInFlight: Type.Optional({
        ...intOrPercent("sites of a stage that may be changing at once"),
        default: "10%",
      }),
      maxUnavailable: Type.Optional({
        ...intOrPercent("sites of a stage that may be changing or unhealthy at once"),
        default: "10%",
      }),
      minReady: Type.Optional({
        ...duration("how long an app must stay healthy at a site to count as done there"),
        default: "10s",
      }),
      progressDeadline: Type.Optional({
        ...duration("when a site that has not become healthy counts as failed"),
        default: "10m",
      }),
      windows: Type.Optional(
        windowNames("names of MaintenanceWindows that its apps keep to, beside those of the Fleet"),
      ),
      urgent: Type.Optional(
        closedObject(
          {
            stages: Type.Optional(
              Type.Array(nameOf("name of a stage"), {
                uniqueItems: true,
                description:
                  "stages that an urgent release keeps; sites of the others go in the next one that it does; without it, all. The last one always is, and those with `approval` or `promotion: manual`",
              }),
            ),
            soak: Type.Optional(duration("the longest that a stage of it soaks")),
            minReady: Type.Optional(duration("its `minReady`, where that is shorter")),
            windows: Type.Optional(
              Type.Enum(["keep", "ignore"], {
                default: "keep",
                description: "`ignore`: MaintenanceWindows do not hold it, freezes included",
              }),
            ),
          },
          "what a release may do that an operator calls urgent (`flotilla rollout urgent`); budgets, approvals and checks hold; without it, no release is urgent",
        ),
      ),
      onFailure: Type.Optional(
        Type.Literal("hold", {
          default: "hold",
          description:
            "over the failure budget the release goes no further, and `rollback` says what goes back",
        }),
      ),
      rollback: Type.Optional(
        Type.Enum(["none", "failed", "stage", "all"], {
          default: "failed",
          description:
            "over the failure budget, which sites go back to what was good there: none, those that failed, those of the stage, or all that got the release",
        }),
      ),
      gates: Type.Optional(
        closedObject(
          {
            unknown: Type.Optional(
              Type.Enum(["pass", "block"], {
                default: "pass",
                description: "what objects do whose health is unknown: let a stage pass, or not",
              }),
            ),
          },
          "what else must hold before a stage passes",
        ),
      ),
    },
    "stages, budgets and gates; may be empty (`{}`): the built-in strategy",
  ),
  "How a release moves over its sites.",
);
export type RolloutStrategy = Static<typeof RolloutStrategy>;
