/** The worker's configuration file, as a schema: types, checks and docs/reference/worker-config.md come from it. */
import { type Static, type TString, Type } from "typebox";
import { FleetError } from "../core/errors.ts";
import { parseDuration } from "../core/model/duration.ts";
import { Duration } from "../core/model/kinds.ts";
import { type ConfigMistake, FilePath } from "../runtime/read-config.ts";

const closed = { additionalProperties: false } as const;

const Time = (standard: string, description: string): TString =>
  // A copy of the schema of durations with a default and words of its own.
  ({ ...Duration, default: standard, description }) as TString;

const WorkerSiteConfig = Type.Object(
  {
    kubeconfig: FilePath("the kubeconfig of the site's cluster; its current context is used"),
    allowExec: Type.Boolean({
      default: false,
      description: "whether the kubeconfig may run a program to log in",
    }),
  },
  { ...closed, description: "how to reach one site" },
);

export const WorkerConfig = Type.Object(
  {
    mirror: Type.Object(
      {
        url: Type.String({
          pattern: "^https?://.+[^/]$",
          description: "URL of the mirror, `https://controller.example/mirrors/eu.git`",
        }),
        tokenFile: FilePath("a file that holds the mirror's token and nothing else"),
        caFile: Type.Optional(
          FilePath("a PEM file of the authorities to trust for https, instead of the system's"),
        ),
      },
      { ...closed, description: "the mirror that this worker follows" },
    ),
    stateDir: FilePath("a folder of this worker alone: its copy of the mirror and its inventory"),
    sites: Type.Record(Type.String({ pattern: "^[a-z0-9-]+$" }), WorkerSiteConfig, {
      description: "the sites that this worker can reach, by name",
    }),
    ageKeyFile: Type.Optional(
      FilePath("a file of age identities, one a line, that open the SOPS files of the fleet"),
    ),
    regionSecrets: Type.Optional(
      Type.Object(
        {
          kubeconfig: FilePath(
            "the kubeconfig of the region's cluster; its current context is used",
          ),
          namespace: Type.String({
            pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
            default: "flotilla-secrets",
            description: "the only namespace there whose Secrets apps may get",
          }),
          allowExec: Type.Boolean({
            default: false,
            description: "whether the kubeconfig may run a program to log in",
          }),
        },
        { ...closed, description: "the cluster that `secrets` of Apps come from" },
      ),
    ),
    heartbeat: Time("5s", "longest time between two reports"),
    poll: Time("15s", "how often the mirror is asked while it sends no hints"),
    observe: Time("10s", "how often a settled site's health is looked at"),
    settle: Time("1s", "how often health is looked at while an app settles"),
    offlineAfter: Time("60s", "a site is offline when it has not answered so long"),
    requestTimeout: Time("15s", "time for one request to a cluster"),
    retry: Time("1s", "first wait after a failure; it doubles, with jitter"),
    retryMax: Time("2m", "longest wait after a failure"),
    upkeep: Time("30m", "how often the packs of the copy of the mirror are gathered"),
    concurrency: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 32,
      description:
        "apps worked on at once, over all sites that answer promptly, and as many over all others",
    }),
  },
  { ...closed, description: "a worker's configuration" },
);
export type WorkerConfig = Static<typeof WorkerConfig>;

/** What the schema cannot say: the token goes to other machines over https alone. */
export function workerMistakes({ mirror }: WorkerConfig): readonly ConfigMistake[] {
  const url = URL.parse(mirror.url);
  const place = { path: ["mirror", "url"] };
  if (url !== null && (url.search !== "" || url.hash !== "")) {
    const message = "the address does not end in the name of a mirror";
    return [{ ...place, message, hint: "write https://CONTROLLER/mirrors/NAME.git" }];
  }
  const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url?.hostname ?? "");
  if (url?.protocol === "https:" || isLocal) return [];
  const message = "the mirror's token would go to another machine in the clear";
  return [{ ...place, message, hint: "use https, or forward a port to 127.0.0.1" }];
}

/** The shortest each time may be, ms: below it a worker would do nothing but ask. */
const shortest = {
  heartbeat: 100,
  poll: 100,
  observe: 200,
  settle: 50,
  offlineAfter: 100,
  requestTimeout: 100,
  retry: 10,
  retryMax: 10,
  upkeep: 100,
} as const;

type TimeName = keyof typeof shortest;

/** The configuration with its times in ms. */
export type WorkerSettings = Omit<WorkerConfig, TimeName> & {
  readonly [Name in TimeName as `${Name}Ms`]: number;
};

/** The name of the mirror that a worker follows: `eu` of `https://controller.example/mirrors/eu.git`. */
export function mirrorName({ mirror }: Pick<WorkerConfig, "mirror">): string {
  const path = URL.parse(mirror.url)?.pathname ?? mirror.url;
  return path.slice(path.lastIndexOf("/") + 1).replace(/\.git$/, "");
}

/** Reads the times. USAGE when one is too short to work with. */
export function workerSettings(config: WorkerConfig): WorkerSettings {
  const {
    heartbeat,
    poll,
    observe,
    settle,
    offlineAfter,
    requestTimeout,
    retry,
    retryMax,
    upkeep,
    ...rest
  } = config;
  const ms = (name: TimeName, text: string): number => {
    const value = parseDuration(text) ?? 0;
    if (value >= shortest[name]) return value;
    throw new FleetError(
      "USAGE",
      `${name}: ${text} is too short; it must be at least ${shortest[name]}ms`,
      {
        retry: "never",
      },
    );
  };
  return {
    ...rest,
    heartbeatMs: ms("heartbeat", heartbeat),
    pollMs: ms("poll", poll),
    observeMs: ms("observe", observe),
    settleMs: ms("settle", settle),
    offlineAfterMs: ms("offlineAfter", offlineAfter),
    requestTimeoutMs: ms("requestTimeout", requestTimeout),
    retryMs: ms("retry", retry),
    retryMaxMs: ms("retryMax", retryMax),
    upkeepMs: ms("upkeep", upkeep),
  };
}
