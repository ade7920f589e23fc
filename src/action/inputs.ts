import { FleetError } from "../core/errors.ts";

/** Variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>;

const failOnValues = ["error", "warning", "approval"] as const;

/** What the workflow asks for. */
export interface Inputs {
  /** The folder of the fleet, relative to the workspace. */
  readonly directory: string;
  /** undefined: what the event says. */
  readonly base: string | undefined;
  readonly head: string | undefined;
  /** A folder with kustomize and helm, absolute, to be looked through before PATH. */
  readonly toolsDirectory: string | undefined;
  readonly failOn: (typeof failOnValues)[number];
}

/** Reads the inputs as the runner passes them; USAGE for a value that none of them takes. */
export function readInputs(env: Environment): Inputs {
  const failOn = failOnValues.find((value) => value === (input(env, "fail-on") ?? "error"));
  if (failOn === undefined) {
    throw new FleetError("USAGE", "the input fail-on has an unknown value", {
      hint: `use ${failOnValues.join(", ")}`,
      retry: "never",
    });
  }
  return {
    directory: input(env, "directory") ?? ".",
    base: input(env, "base"),
    head: input(env, "head"),
    toolsDirectory: input(env, "tools-directory"),
    failOn,
  };
}

/** The runner keeps hyphens, and passes inputs that are not given as empty. */
function input(env: Environment, name: string): string | undefined {
  const value = env[`INPUT_${name.toUpperCase()}`]?.trim();
  return value === "" ? undefined : value;
}
