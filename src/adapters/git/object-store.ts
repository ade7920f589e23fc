import type { TreeId } from "../../core/render/rendered.ts";

/**
 * One entry of a tree to be written: bytes, or a tree that is already in the store; changes are carried out in order.
 * `remove` takes a file or a whole folder, and is nothing where nothing is. Folders that become empty vanish. Paths
 * are relative with `/`, without `.`, `..`, `.git` or empty parts.
 */
export type TreeChange =
  | { readonly path: string; readonly content: string }
  | { readonly path: string; readonly tree: TreeId }
  | { readonly path: string; readonly remove: true };

/** What lies at a path, counted from the root of the tree-ish that was asked. */
export interface TreeEntry {
  readonly path: string;
  readonly type: "blob" | "tree";
  readonly oid: string;
}

export interface CommitRequest {
  /** Full ref, `refs/heads/main`. */
  readonly ref: string;
  /** The commit that the ref must point at (compare-and-swap); null: the ref must not exist. */
  readonly parent: string | null;
  readonly changes: readonly TreeChange[];
  readonly message: string;
  /**
   * Who (`Name` or `Name <mail>`), and when (ms, kept to the second): both go into author and committer, so equal
   * requests give equal commits.
   */
  readonly author: string;
  readonly at: number;
}

export interface CommitInfo {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly message: string;
  /** Name of the author. */
  readonly author: string;
  /** Committer time, ms. */
  readonly at: number;
}

/** Which commits of a line are meant. */
export interface LineOptions {
  /** Those whose message has this text in one of its lines, as it stands; default: all. */
  readonly telling?: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The port to a bare Git repository: read objects, write trees without a work tree, compare-and-swap a ref.
 * Native git in processes, a Map in the simulation; one contract suite runs on both.
 *
 * Missing refs, commits and paths are answers (null, empty). A *tree-ish* (the full id of a commit or tree) that is not
 * in the store is GIT_NOT_FOUND, never an empty listing; a blob that is not there or damaged is GIT_CORRUPT, a ref
 * that points at nothing or cannot be read too. Everything that was acknowledged has reached the disk.
 */
export interface ObjectStore {
  /** The commit a ref points at, null when there is no such ref. */
  resolve(ref: string): Promise<string | null>;
  commit(oid: string): Promise<CommitInfo | null>;
  /**
   * A commit and its first parents, newest first. Git looks through them by itself, so what is passed over costs little.
   * An aborted signal rejects with its reason.
   */
  line(from: string, options?: LineOptions): AsyncIterable<CommitInfo>;
  /** All blobs under a tree-ish (commit or tree id) and a folder, with full paths, in byte order of the paths. */
  list(treeish: string, prefix?: string): Promise<readonly TreeEntry[]>;
  /** Direct children of a folder (default: the root), with full paths. */
  children(treeish: string, folder?: string): Promise<readonly TreeEntry[]>;
  /** The text of each blob, by id. Several at once are read in one round trip. */
  read(oids: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Id of what lies at a path: null when nothing does. */
  at(treeish: string, path: string): Promise<TreeEntry | null>;
  /** True when `ancestor` is `descendant` or one of its ancestors; an unknown ancestor is none. */
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /**
   * Writes blobs and trees as a tree, without a commit (a variant, by its file names and contents). Calls that are
   * made at once are written together; one that is there already costs a look-up.
   */
  writeTree(files: readonly { readonly path: string; readonly content: string }[]): Promise<TreeId>;
  /** Makes a commit on `parent` and moves the ref; REF_RACE when the ref is elsewhere. A change to nothing is no commit: gives `parent`. */
  commitChanges(request: CommitRequest): Promise<string>;
  /** Sets a ref by compare-and-swap; REF_RACE when it is not at `expected` (null: must not exist). */
  setRef(ref: string, target: string, expected: string | null): Promise<void>;
  close(): Promise<void>;
}
