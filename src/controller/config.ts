/** The controller's config file: its schema is what checks it and what its reference page is made from. */
import { type Static, Type } from "typebox";
import { Duration, Name } from "../core/model/kinds.ts";
import { FilePath } from "../runtime/read-config.ts";
import { parseDuration } from "../core/model/duration.ts";
import { AccessConfig, TlsConfig } from "./access-config.ts";

const closed = { additionalProperties: false } as const;

export const ControllerConfig = Type.Object(
  {
    fleet: Type.Object(
      {
        url: Type.String({
          minLength: 1,
          description:
            "the fleet repository: an `https://` or `ssh://` URL or a local path, without credentials",
        }),
        branch: Type.Optional(
          Type.String({ minLength: 1, description: "the branch that is followed (default main)" }),
        ),
        tokenFile: Type.Optional(FilePath("file that holds the token for the remote")),
        ssh: Type.Optional(
          Type.Object(
            {
              keyFile: FilePath("file that holds the private key, without a passphrase"),
              knownHostsFile: FilePath(
                "file that holds the host keys of the remote, and no others",
              ),
            },
            { ...closed, description: "how to reach a remote over ssh" },
          ),
        ),
      },
      { ...closed, description: "the fleet repository to follow" },
    ),
    stateDir: FilePath("folder for control, the mirrors and the clone of the fleet repository"),
    toolsDir: Type.Optional(
      FilePath(
        "folder in which kustomize, kubectl and helm are looked for before PATH, in the versions that the Fleet names",
      ),
    ),
    listen: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          "address of the HTTP server (default 127.0.0.1:7420; port 0: any); beyond loopback it needs tls and access",
      }),
    ),
    tls: Type.Optional(TlsConfig),
    access: Type.Optional(AccessConfig),
    pollInterval: Type.Optional({
      ...Duration,
      description: "how often the remote is asked for its head, give or take 20 % (default 15s)",
    }),
    heartbeat: Type.Optional({
      ...Duration,
      description:
        "the longest time between two reports of a worker; three missed ones make it silent (default 5s)",
    }),
    mirrors: Type.Optional(
      Type.Record(
        Name,
        Type.Object(
          {
            tokenFile: FilePath(
              "file that holds the token which opens this mirror and nothing else",
            ),
          },
          { ...closed, description: "one mirror" },
        ),
        {
          description:
            "by region: who may fetch its mirror; a region without one is served to nobody",
        },
      ),
    ),
    apiTokenFile: Type.Optional(
      FilePath(
        "file that holds the API token; made, readable by this user alone, if missing (default `<stateDir>/api-token`)",
      ),
    ),
    github: Type.Optional(
      Type.Object(
        {
          repository: Type.String({
            pattern: "^[^/ ]+/[^/ ]+$",
            description: "`owner/name` of the fleet repository",
          }),
          tokenFile: FilePath("file that holds a token which may write commit statuses"),
          apiUrl: Type.Optional(
            Type.String({
              minLength: 1,
              description: "the REST API (default https://api.github.com)",
            }),
          ),
        },
        { ...closed, description: "where each commit is told what became of it" },
      ),
    ),
  },
  { ...closed, description: "the config file of `flotilla controller`" },
);
export type ControllerConfig = Static<typeof ControllerConfig>;

/** The config with its defaults filled in and its durations in ms. */
export interface ControllerSettings {
  readonly fleet: {
    readonly url: string;
    readonly branch: string;
    readonly tokenFile?: string;
    readonly ssh?: { readonly keyFile: string; readonly knownHostsFile: string };
  };
  readonly stateDir: string;
  readonly toolsDir: string | undefined;
  readonly listen: string;
  readonly tls: TlsConfig | undefined;
  readonly access: AccessConfig | undefined;
  readonly pollIntervalMs: number;
  readonly heartbeatMs: number;
  readonly mirrors: Readonly<Record<string, { readonly tokenFile: string }>>;
  readonly apiTokenFile: string;
  readonly github?: {
    readonly repository: string;
    readonly tokenFile: string;
    readonly apiUrl?: string;
  };
}

/** Fills in the defaults. */
export function controllerSettings(config: ControllerConfig): ControllerSettings {
  return {
    fleet: { branch: "main", ...config.fleet },
    stateDir: config.stateDir,
    toolsDir: config.toolsDir,
    listen: config.listen ?? "127.0.0.1:7420",
    tls: config.tls,
    access: config.access,
    pollIntervalMs: parseDuration(config.pollInterval ?? "") ?? 15_000,
    heartbeatMs: parseDuration(config.heartbeat ?? "5s") ?? 5000,
    mirrors: config.mirrors ?? {},
    apiTokenFile: config.apiTokenFile ?? `${config.stateDir}/api-token`,
    ...(config.github === undefined ? {} : { github: config.github }),
  };
}
