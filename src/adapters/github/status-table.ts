/**
 * What GitHub should say about each commit, and what it says as far as we know. In: the table and the time. Out:
 * which row to work on next, and when. Level-based: only the newest wish for a row counts, however it came about.
 * A row whose last create has no clear outcome is `inDoubt`: it is looked up before anything is created again.
 */
import { type Static, Type } from "typebox";

const closed = { additionalProperties: false } as const;

export const StatusState = Type.Union([
  Type.Literal("pending"),
  Type.Literal("success"),
  Type.Literal("failure"),
  Type.Literal("error"),
]);
export type StatusState = Static<typeof StatusState>;

const StatusText = {
  state: StatusState,
  /** At most 140 characters, one line. */
  description: Type.String(),
  targetUrl: Type.Optional(Type.String()),
};
const Status = Type.Object(StatusText, closed);
export type Status = Static<typeof Status>;

export const StatusRow = Type.Object(
  {
    repository: Type.String(),
    sha: Type.String(),
    context: Type.String(),
    desired: Status,
    /** When `desired` last changed, ms. */
    changedAt: Type.Number(),
    /** What GitHub shows, and since when (ms); null: nothing, or not known while `inDoubt`. */
    posted: Type.Union([Type.Null(), Type.Object({ ...StatusText, at: Type.Number() }, closed)]),
    /** What GitHub shows is not known: look before creating. True for a new row, as an older table may be lost. */
    inDoubt: Type.Boolean(),
    /** Creates so far: GitHub takes 1,000 per commit and context. */
    posts: Type.Integer(),
    /** Failures since the last success, and the time (ms) before which it is not tried again. */
    attempts: Type.Integer(),
    retryAt: Type.Number(),
    /** What GitHub shows stays, but for `pending`: it was told by one that knew better. */
    isLate: Type.Optional(Type.Literal(true)),
    /** Pending, as nobody knows whether the commit may be followed: it is not to stay so once the branch is elsewhere. */
    isUndecided: Type.Optional(Type.Literal(true)),
    /** GitHub's reason for never taking this; tried again only when `desired` changes. */
    refused: Type.Optional(Type.String()),
  },
  closed,
);
export type StatusRow = Static<typeof StatusRow>;

export const StatusTable = Type.Object(
  { version: Type.Literal(1), rows: Type.Array(StatusRow) },
  closed,
);
export type StatusTable = Static<typeof StatusTable>;

/** A change of text alone is told no oftener than this; a change of state at once. */
const sameStateIntervalMs = 60_000;
/** From here on only changes of state are told, so that the outcome still fits under GitHub's 1,000. */
const postsKeptForOutcomes = 900;
const maxDescriptionLength = 140;
const maxSettledRows = 500;

/** One line of at most 140 characters. */
export function fitDescription(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").trim();
  if (line.length <= maxDescriptionLength) return line;
  const cut = line.slice(0, maxDescriptionLength - 1);
  return `${cut.replace(/[\uD800-\uDBFF]$/, "")}…`;
}

/** True when nothing is left to do for the row. */
export function isSettled({ posted, desired, inDoubt, refused }: StatusRow): boolean {
  if (refused !== undefined) return true;
  return !inDoubt && posted !== null && sameStatus(posted, desired);
}

export function sameStatus(a: Status, b: Status): boolean {
  return a.state === b.state && a.description === b.description && a.targetUrl === b.targetUrl;
}

/** When (ms) the row may be worked on; null: not before something changes. */
function dueAt(row: StatusRow, now: number): number | null {
  if (isSettled(row)) return null;
  const { posted, desired, inDoubt, posts, retryAt } = row;
  if (inDoubt || posted === null || posted.state !== desired.state) return retryAt;
  if (posts >= postsKeptForOutcomes) return null;
  // A clock that was set back must not postpone it for longer than the interval.
  return Math.max(retryAt, Math.min(posted.at, now) + sameStateIntervalMs);
}

/** The row to work on first, and when: of those that are due, late ones last, outcomes before progress, then the oldest change. */
export function nextRow(
  rows: readonly StatusRow[],
  now: number,
): { row: StatusRow; at: number } | undefined {
  const waiting = rows.flatMap((row) => {
    const at = dueAt(row, now);
    return at === null ? [] : [{ row, at: Math.max(at, now) }];
  });
  return waiting.toSorted(
    (a, b) =>
      a.at - b.at ||
      Number(a.row.isLate === true) - Number(b.row.isLate === true) ||
      Number(a.row.desired.state === "pending") - Number(b.row.desired.state === "pending") ||
      a.row.changedAt - b.row.changedAt,
  )[0];
}

/** The rows to keep: all that have something left to do, and the 500 newest of the others. */
export function pruneRows(rows: readonly StatusRow[]): StatusRow[] {
  const settled = rows.filter(isSettled).toSorted((a, b) => b.changedAt - a.changedAt);
  const dropped = new Set(settled.slice(maxSettledRows));
  return rows.filter((row) => !dropped.has(row));
}
