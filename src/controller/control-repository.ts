/**
 * `control`: the database of decisions. In: whole records by path. Out: one small commit each time, moved by
 * compare-and-swap, so that of two writers one has to read again. What was read is kept by blob id: a change costs
 * the reading of what changed.
 */
import type { Static } from "typebox";
import { mirrorBranch } from "../core/protocol/mirror-layout.ts";
import {
  AcceptedHead as AcceptedHeadRecord,
  controlPaths,
  parseControl,
  readableFiles,
  type ReadRecords,
  Recovery as RecoveryRecord,
} from "../core/rollout/control-files.ts";
import type { ControlChange, ControlState } from "../core/rollout/planner-types.ts";
import { Release as ReleaseRecord } from "../core/rollout/records.ts";
import { objectId } from "../adapters/git/object-id.ts";
import type { CommitInfo, LineOptions, ObjectStore } from "../adapters/git/object-store.ts";
import { recordReader } from "./record-check.ts";
import { type CountsOf, releaseEvents } from "./release-events.ts";
import { formatEvent, type ReleaseEvent } from "./release-ledger.ts";

/** A head that an operator accepted though it does not descend from the last one. */
type AcceptedHead = Static<typeof AcceptedHeadRecord>;
/** Heads of mirrors that an operator confirmed as they are, after control had been lost. */
type Recovery = Static<typeof RecoveryRecord>;
type Release = Static<typeof ReleaseRecord>;

export interface ControlSnapshot {
  /** null: there is no control yet. */
  readonly head: string | null;
  /** Time (ms) of its newest commit; null without one. */
  readonly at: number | null;
  readonly state: ControlState;
  readonly accepted: AcceptedHead | null;
  readonly recovery: Recovery | null;
}

export interface ControlCommit {
  readonly changes: readonly ControlChange[];
  /** The first line of the message. */
  readonly subject: string;
  readonly author: string;
  readonly at: number;
  /** Where the releases that end with it stand. */
  readonly countsOf?: CountsOf;
  /** What it tells beside what its changes tell. */
  readonly events?: readonly ReleaseEvent[];
}

const maxReasons = 200;
const readAccepted = recordReader(AcceptedHeadRecord);
const readRelease = recordReader(ReleaseRecord);
const readRecovery = recordReader(RecoveryRecord);

export class ControlRepository {
  readonly #store: ObjectStore;
  #texts: ReadonlyMap<string, string> = new Map();
  readonly #records: ReadRecords = new Map();
  #snapshot: ControlSnapshot | undefined;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  /** The state at control's head. STATE_CORRUPT when a record cannot be read. */
  async read(): Promise<ControlSnapshot> {
    const head = await this.#store.resolve(mirrorBranch);
    return this.#snapshot?.head === head ? this.#snapshot : this.#readAt(head);
  }

  async #readAt(head: string | null): Promise<ControlSnapshot> {
    const files = head === null ? new Map<string, string>() : await this.#readFiles(head);
    const parsed = parseControl(files, this.#records);
    if (!parsed.ok) throw parsed.error;
    const accepted = files.get(controlPaths.accepted);
    const recovery = files.get(controlPaths.recovered);
    const commit = head === null ? null : await this.#store.commit(head);
    const snapshot: ControlSnapshot = {
      head,
      at: commit?.at ?? null,
      state: parsed.value,
      accepted: accepted === undefined ? null : readAccepted(accepted, controlPaths.accepted),
      recovery: recovery === undefined ? null : readRecovery(recovery, controlPaths.recovered),
    };
    this.#snapshot = snapshot;
    return snapshot;
  }

  async #readFiles(head: string): Promise<Map<string, string>> {
    const entries = await this.#store.list(head);
    const unknown = entries.filter(({ oid }) => !this.#texts.has(oid)).map(({ oid }) => oid);
    const read = unknown.length === 0 ? new Map<string, string>() : await this.#store.read(unknown);
    const texts = new Map<string, string>();
    for (const { oid } of entries) texts.set(oid, read.get(oid) ?? this.#texts.get(oid) ?? "");
    this.#texts = texts;
    return new Map(entries.map(({ path, oid }) => [path, texts.get(oid) ?? ""]));
  }

  /**
   * Writes the changes as one commit on top of what was read, and gives the state at that commit, whatever somebody else
   * has written since; REF_RACE when somebody else was first, STATE_CORRUPT when one of them could not be read again: then
   * nothing is written.
   */
  async commit(base: ControlSnapshot, request: ControlCommit): Promise<ControlSnapshot> {
    const { files, records } = readableFiles(base.state, request.changes);
    const head = await this.#store.commitChanges({
      ref: mirrorBranch,
      parent: base.head,
      changes: files.map(({ path, text }) =>
        text === null ? { path, remove: true as const } : { path, content: text },
      ),
      message: messageOf(base.state, request),
      author: request.author,
      at: request.at,
    });
    this.#keep(records);
    return this.#snapshot?.head === head ? this.#snapshot : this.#readAt(head);
  }

  /** What was just written is neither fetched again nor checked again. */
  #keep(written: ReadRecords): void {
    const texts = new Map(this.#texts);
    for (const [path, { text, record }] of written) {
      texts.set(objectId("blob", Buffer.from(text)), text);
      this.#records.set(path, { text, record });
    }
    this.#texts = texts;
  }

  /** True when a commit is part of control's history up to a head. */
  async holds(commit: string, head: string): Promise<boolean> {
    const info = await this.#store.commit(commit);
    return info !== null && this.#store.isAncestor(commit, head);
  }

  /** The commits of control from its newest (default) back, newest first: all, or those whose message has a text. */
  async *history({
    from,
    ...options
  }: LineOptions & { readonly from?: string } = {}): AsyncGenerator<CommitInfo> {
    const head = from ?? (await this.#store.resolve(mirrorBranch));
    if (head !== null) yield* this.#store.line(head, options);
  }

  /** The record of an open release as a commit of control has it; null: it has none. STATE_CORRUPT. */
  async releaseAt(commit: string, app: string, id: string): Promise<Release | null> {
    const path = controlPaths.open(app, id);
    const entry = await this.#store.at(commit, path);
    if (entry === null) return null;
    return readRelease((await this.#store.read([entry.oid])).get(entry.oid) ?? "", path);
  }

  /** Messages of the commits after `since` up to `head`, oldest first; `since` null or unknown: at most `limit`. */
  async messagesSince(since: string | null, head: string, limit: number): Promise<string[]> {
    if (head === since) return [];
    // Most often there is but one, which has been read already.
    const newest = await this.#store.commit(head);
    if (newest === null) return [];
    if (newest.parents[0] === since) return [newest.message];
    const messages: string[] = [];
    for await (const { oid, message } of this.#store.line(head)) {
      if (oid === since) break;
      if (messages.push(message) >= limit) break;
    }
    return messages.toReversed();
  }
}

function messageOf(before: ControlState, request: ControlCommit): string {
  const { subject, changes, countsOf, events: told = [] } = request;
  // One line each: what an operator writes must not look like a trailer.
  const title = oneLine(subject);
  const reasons = [...new Set(changes.map(({ why }) => oneLine(why)))].filter(
    (why) => why !== title,
  );
  const shown = reasons.slice(0, maxReasons).map((why) => `- ${why}`);
  const more = reasons.length - shown.length;
  const events = [...releaseEvents(before, changes, countsOf), ...told].map(formatEvent);
  const parts = [
    title,
    [...shown, ...(more > 0 ? [`- and ${more} more`] : [])].join("\n"),
    events.join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
