/** Control as it is once changes have been written to it. */
import type { AppControl, ControlChange, ControlState } from "../rollout/planner-types.ts";
import type {
  Arrivals,
  BadReleases,
  CurrentReleases,
  FollowedHead,
  Release,
  WorkerSilences,
} from "../rollout/records.ts";
import type { SiteAssignment } from "../rollout/site-assignment.ts";

/** The state that writing the planner's changes leads to, without writing and reading them. */
export function controlAfter(
  control: ControlState,
  changes: readonly ControlChange[],
): ControlState {
  if (changes.length === 0) return control;
  const draft: Draft = {
    ...control,
    apps: { ...control.apps },
    sites: { ...control.sites },
    workers: { ...control.workers },
  };
  for (const change of changes) write(draft, change);
  return draft;
}

type Draft = { -readonly [Key in keyof ControlState]: ControlState[Key] } & {
  readonly apps: Record<string, AppControl>;
  readonly sites: Record<string, SiteAssignment>;
  readonly workers: Record<string, WorkerSilences>;
};

/** The planner writes a record of the type that belongs to its path: so the types of records are known here. */
function write(draft: Draft, { path, record }: ControlChange): void {
  const [folder = "", file = "", ...rest] = path.split("/");
  const name = file.replace(/\.json$/, "");
  if (path === "head.json") draft.head = record as FollowedHead | null;
  else if (folder === "sites") put(draft.sites, name, record as SiteAssignment | null);
  else if (folder === "workers") put(draft.workers, name, record as WorkerSilences | null);
  else if (folder === "apps") draft.apps[file] = appAfter(draft.apps[file], rest, record);
  else throw new Error(`a simulation does not write ${path}`);
}

function put<T>(records: Record<string, T>, name: string, record: T | null): void {
  if (record === null) delete records[name];
  else records[name] = record;
}

const noApp: AppControl = { current: { release: null, partial: [] }, open: [], bad: [] };

function appAfter(
  known: AppControl = noApp,
  [file = "", name = ""]: readonly string[],
  record: object | null,
): AppControl {
  switch (file) {
    case "current.json":
      return { ...known, current: (record as CurrentReleases | null) ?? noApp.current };
    case "bad.json":
      return withBad(known, record as BadReleases | null);
    case "arrivals.json":
      return withArrivals(known, record as Arrivals | null);
    default: {
      const others = known.open.filter(({ id }) => id !== name.replace(/\.json$/, ""));
      return { ...known, open: record === null ? others : [...others, record as Release] };
    }
  }
}

function withBad(known: AppControl, bad: BadReleases | null): AppControl {
  const { badTrees: _, ...rest } = known;
  const trees = bad?.trees === undefined ? {} : { badTrees: bad.trees };
  return { ...rest, bad: bad?.digests ?? [], ...trees };
}

function withArrivals(known: AppControl, arrivals: Arrivals | null): AppControl {
  const { arrivals: _, ...rest } = known;
  return arrivals === null ? rest : { ...rest, arrivals };
}
