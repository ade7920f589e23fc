/** What the checks of an app may speak of, and how they are compiled: the same for validation and for the planner. */
import { CelEnvironment, type CelProgram, type CompiledCel } from "../cel/cel-environment.ts";
import { type CelFields, celTypeInWords } from "../cel/cel-types.ts";

const appFields: CelFields = {
  health: "string",
  healthy: "bool",
  present: "bool",
  healthyForSeconds: "int",
  unverified: "int",
};

/** The variables of a check. `CheckFacts` in the planner gives them their values. */
export const checkVariables = {
  site: {
    fields: {
      name: "string",
      region: "string",
      labels: { mapOf: "string" },
      reachable: "bool",
      kubernetesVersion: "string",
    },
  },
  app: { fields: { name: "string", ...appFields } },
  apps: { mapOf: { fields: appFields } },
  stage: {
    fields: {
      name: "string",
      sites: "int",
      waiting: "int",
      inFlight: "int",
      done: "int",
      failed: "int",
      unchanged: "int",
      excused: "int",
      healthy: "int",
      unhealthy: "int",
      doneShare: "double",
      failedShare: "double",
      healthyShare: "double",
    },
  },
  overall: {
    fields: { sites: "int", healthy: "int", unhealthy: "int", healthyShare: "double" },
  },
} as const satisfies CelFields;

const environment = new CelEnvironment(checkVariables);

/** Compiles a check: a text that says true or false. */
export function compileCheck(cel: string): CompiledCel {
  const compiled = environment.compile(cel);
  if (!compiled.ok) return compiled;
  const { type } = compiled.program;
  if (type === "bool" || type === "any") return compiled;
  const message = `a check says true or false, and this is ${celTypeInWords(type)}`;
  return { ok: false, problems: [{ message, offset: 0, hint: "compare it with something" }] };
}

/** True when it speaks of single sites: it is asked at each of them. Else it is asked of the stage. */
export function isOfSite({ names }: CelProgram): boolean {
  return names.has("site") || names.has("app") || names.has("apps");
}

/** True when it counts sites, be it of the stage or of the whole app. */
export function countsSites({ names }: CelProgram): boolean {
  return names.has("stage") || names.has("overall");
}
