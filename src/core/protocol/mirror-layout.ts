/**
 * The layout of a mirror (DESIGN 6): one bare repository per region, branch `main`, written by the controller only.
 *
 *   sites/<site>/<app>/<object id>.yaml   the objects of an app at a site
 *   sites/<site>/<app>.leaving            LeavingMarker: the app leaves this site (instead of the folder)
 *   good/<site>/<app>/...                 the tree that a rollback sets
 *   came/<site>/<app>/<tree id>/...       a tree that the app had in the mirror which the site came from
 *   meta/<site>.json                      SiteMeta: facts about the site that its worker needs
 *
 * A site with a `meta` file is assigned to this mirror. A site or app that is missing without a marker is
 * *unassigned*: the worker stops writing there and deletes nothing.
 */
import { type Static, Type } from "typebox";
import { RemovalVerb } from "../rollout/records.ts";

const closed = { additionalProperties: false } as const;

export const goodFolder = "good";
/** Older workers pass over it: they keep what a tree of another mirror had and no tree of theirs. */
export const cameFolder = "came";
/** The branch of every mirror and of control. */
export const mirrorBranch = "refs/heads/main";
/** Where a worker puts its head when the controller, whose mirror came back from an older copy, asks for it. */
export const recoverRef = "refs/flotilla/recover";

export const LeavingMarker = Type.Object(
  {
    verb: RemovalVerb,
    release: Type.String(),
    /** Objects that the app has there: a worker that would delete more stops and says so. */
    expected: Type.Integer({ minimum: 0 }),
    /** The tree that stood there: what the site takes along, should it leave the mirror before the app has left. */
    from: Type.Optional(Type.String()),
  },
  closed,
);
export type LeavingMarker = Static<typeof LeavingMarker>;

/** Fields that others may change: of objects of this kind and name, where these are given. */
export const DriftRule = Type.Object(
  {
    kind: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    fields: Type.Optional(Type.Array(Type.String())),
    managers: Type.Optional(Type.Array(Type.String())),
  },
  closed,
);
export type DriftRule = Static<typeof DriftRule>;

/** How the health of objects of a kind is told, in CEL over `object`. */
export const HealthRule = Type.Object(
  {
    apiVersion: Type.String(),
    kind: Type.String(),
    healthy: Type.String(),
    progressing: Type.Optional(Type.String()),
    suspended: Type.Optional(Type.String()),
    degraded: Type.Optional(Type.String()),
    message: Type.Optional(Type.String()),
  },
  closed,
);
export type HealthRule = Static<typeof HealthRule>;

/** How the worker treats an app, besides its tree: of the followed head, and in force at once. */
export const AppPolicy = Type.Object(
  {
    drift: Type.Enum(["correct", "report", "ignore"]),
    ignored: Type.Array(DriftRule),
    /** The first that fits an object counts. */
    health: Type.Optional(Type.Array(HealthRule)),
    /** A new version is tried whole by dry run before anything of it is written. */
    atomic: Type.Optional(Type.Boolean()),
  },
  closed,
);
export type AppPolicy = Static<typeof AppPolicy>;

const SiteApp = Type.Object({
  namespace: Type.String(),
  release: Type.Union([Type.String(), Type.Null()]),
  minReadyMs: Type.Optional(Type.Integer({ minimum: 0 })),
  /** The account, in the app's namespace, that all is written as for the app; without it, the worker itself. */
  serviceAccountName: Type.Optional(Type.String()),
});
const SiteDrift = Type.Object({
  intervalMs: Type.Integer(),
  maxSitesPerMinute: Type.Integer(),
  /** Of the region's sites, where it is not the usual one: 10. */
  maxDriftedPercent: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
});

export const SiteMeta = Type.Object({
  fleet: Type.String(),
  site: Type.String(),
  region: Type.String(),
  suspend: Type.Boolean(),
  /**
   * Per app: its default namespace (created bare where missing), release of the tree (null: by the open list), for how
   * long it has to be healthy at a stretch until the hand-over has settled, and as whom it is written.
   */
  apps: Type.Record(Type.String(), SiteApp),
  drift: SiteDrift,
  /** Per app, where it is not the usual one: repair all. */
  policies: Type.Optional(Type.Record(Type.String(), AppPolicy)),
  /** UID of the cluster, once known: another one stops everything at this site. */
  uid: Type.Optional(Type.String()),
  /** UID that it had before it was forgotten, or that an operator names: it may be another cluster. */
  formerUid: Type.Optional(Type.String()),
  /**
   * Fields (`name`, `apps.name`, `drift.name`) that a worker has to know: one that does not follows nothing. It passes
   * over all others that it does not know (ADR 3).
   */
  mustKnow: Type.Optional(Type.Array(Type.String())),
});
export type SiteMeta = Static<typeof SiteMeta>;

/** Of the fields that a reader has to know, those that this one does not. */
export function unknownFields({ mustKnow = [] }: SiteMeta): readonly string[] {
  const known = new Set([
    ...Object.keys(SiteMeta.properties),
    ...Object.keys(SiteApp.properties).map((name) => `apps.${name}`),
    ...Object.keys(SiteDrift.properties).map((name) => `drift.${name}`),
  ]);
  return mustKnow.filter((name) => !known.has(name));
}

/** Trailers of every mirror commit. `changes` names what each (site, app) of the commit moved by. */
export interface MirrorTrailers {
  /** Flotilla-Epoch: a worker refuses a lower one than it has seen. */
  readonly epoch: number;
  /** Flotilla-Control: the control commit that this depends on. */
  readonly control: string;
  /** Flotilla-Sites / Flotilla-Objects: what the whole tree must hold, so that a torn tree is noticed. */
  readonly sites: number;
  readonly objects: number;
  /** Flotilla-Change: `<site>/<app> <release>`, `-` for the open list. */
  readonly changes: readonly {
    readonly site: string;
    readonly app: string;
    readonly release: string | null;
  }[];
}

/** The trailer lines, to stand at the end of a commit message behind an empty line. */
export function formatTrailers(trailers: MirrorTrailers): string {
  const lines = [
    `Flotilla-Epoch: ${trailers.epoch}`,
    `Flotilla-Control: ${trailers.control}`,
    `Flotilla-Sites: ${trailers.sites}`,
    `Flotilla-Objects: ${trailers.objects}`,
    ...trailers.changes.map(
      ({ site, app, release }) => `Flotilla-Change: ${site}/${app} ${release ?? "-"}`,
    ),
  ];
  return `${lines.join("\n")}\n`;
}

/** Reads the trailers of a commit message; undefined when one that every mirror commit has is missing. */
export function parseTrailers(message: string): MirrorTrailers | undefined {
  const values = new Map<string, string[]>();
  for (const match of message.matchAll(/^(?<key>Flotilla-[A-Za-z]+): (?<value>.*)$/gm)) {
    const { key = "", value = "" } = match.groups ?? {};
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  const count = (key: string): number => {
    const text = values.get(key)?.at(-1) ?? "";
    return /^\d+$/.test(text) ? Number(text) : Number.NaN;
  };
  const [epoch, sites, objects] = [
    count("Flotilla-Epoch"),
    count("Flotilla-Sites"),
    count("Flotilla-Objects"),
  ];
  const control = values.get("Flotilla-Control")?.at(-1);
  if (control === undefined || Number.isNaN(epoch + sites + objects)) return undefined;
  const changes = (values.get("Flotilla-Change") ?? []).flatMap(parseChange);
  return { epoch, control, sites, objects, changes };
}

function parseChange(text: string): MirrorTrailers["changes"] {
  const match = /^(?<site>[^/ ]+)\/(?<app>[^/ ]+) (?<release>\S+)$/.exec(text)?.groups;
  if (!match) return [];
  const { site = "", app = "", release = "" } = match;
  return [{ site, app, release: release === "-" ? null : release }];
}
