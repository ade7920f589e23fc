import type { Command } from "./command.ts";

/** A row of the table: enough for `flotilla --help`, without loading the command. */
export interface CommandEntry {
  readonly summary: string;
  load(): Promise<{ readonly command: Command }>;
}

/** Every command by its name, in the order of `flotilla --help`. */
export const commands: ReadonlyMap<string, CommandEntry> = new Map<string, CommandEntry>([
  [
    "init",
    {
      summary: "start a fleet repository from a small example",
      load: () => import("./init.ts"),
    },
  ],
  [
    "demo",
    {
      summary: "watch a small fleet on this machine follow a commit",
      load: () => import("./demo.ts"),
    },
  ],
  [
    "validate",
    {
      summary: "check a fleet repository, all mistakes at once",
      load: () => import("./validate.ts"),
    },
  ],
  [
    "sites",
    {
      summary: "list the sites, or those that a selector matches",
      load: () => import("./sites.ts"),
    },
  ],
  [
    "render",
    {
      summary: "print the objects that a site gets",
      load: () => import("./render.ts"),
    },
  ],
  [
    "plan",
    {
      summary: "show what the change from one commit to another does",
      load: () => import("./plan.ts"),
    },
  ],
  [
    "vendor",
    {
      summary: "bring charts and bases from elsewhere into the repository",
      load: () => import("./vendor.ts"),
    },
  ],
  [
    "status",
    {
      summary: "show where releases, regions and sites stand",
      load: () => import("./status.ts"),
    },
  ],
  [
    "health",
    {
      summary: "tell the health of objects in files",
      load: () => import("./health.ts"),
    },
  ],
  [
    "dashboard",
    {
      summary: "print a link to the controller's status page",
      load: () => import("./dashboard.ts"),
    },
  ],
  [
    "explain",
    {
      summary: "tell why an app is, or is not, at a site",
      load: () => import("./explain.ts"),
    },
  ],
  [
    "history",
    {
      summary: "list the releases of an app, newest first",
      load: () => import("./history.ts"),
    },
  ],
  [
    "diff",
    {
      summary: "show how a site's live objects differ from what they should be",
      load: () => import("./diff.ts"),
    },
  ],
  [
    "adopt",
    {
      summary: "show what would be taken over from other tools at a site",
      load: () => import("./adopt.ts"),
    },
  ],
  [
    "rbac",
    {
      summary: "print the rights that a worker needs at a site",
      load: () => import("./rbac.ts"),
    },
  ],
  [
    "rollout",
    {
      summary: "pause, resume, approve, promote, hurry, excuse, retry or roll back",
      load: () => import("./rollout.ts"),
    },
  ],
  [
    "token",
    {
      summary: "make a token for a caller of the controller's API",
      load: () => import("./token.ts"),
    },
  ],
  [
    "rollout simulate",
    {
      summary: "tell how long a rollout would take, and what it breaks if it is bad",
      load: () => import("./rollout-simulate.ts"),
    },
  ],
  [
    "controller",
    {
      summary: "run the controller",
      load: () => import("./controller.ts"),
    },
  ],
  [
    "worker",
    {
      summary: "run the worker of a region",
      load: () => import("./worker.ts"),
    },
  ],
  [
    "simulator",
    {
      summary: "run simulated clusters on this machine",
      load: () => import("./simulator.ts"),
    },
  ],
]);
