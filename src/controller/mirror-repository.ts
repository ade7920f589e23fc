/**
 * One mirror: what stands in it, and one commit for all that a pass hands over. Its head is the truth: what was
 * written is compared with what is wanted, so a controller that dies between two commits finishes at its next start.
 */
import { type ErrorCode, FleetError } from "../core/errors.ts";
import type { FleetModel } from "../core/model/fleet-model.ts";
import type { ObjectId } from "../core/model/kube-object.ts";
import {
  formatTrailers,
  mirrorBranch,
  type MirrorTrailers,
} from "../core/protocol/mirror-layout.ts";
import type { TreeId, Variant } from "../core/render/rendered.ts";
import type { SiteAssignment } from "../core/rollout/site-assignment.ts";
import type { NativeStore } from "../adapters/git/native-store.ts";
import type { ObjectStore } from "../adapters/git/object-store.ts";
import { readFrom } from "../adapters/git/system-failure.ts";
import type { MirrorCommit } from "./mirror-commit.ts";
import { countContent } from "./mirror-commit.ts";
import {
  type MirrorSnapshot,
  nameOf,
  noSnapshot,
  readSnapshot,
  type SiteContent,
} from "./mirror-snapshot.ts";

/** A store with upkeep; one that serves workers may also make their packs. */
export type MirrorStore = ObjectStore &
  Pick<NativeStore, "maintain"> &
  Partial<Pick<NativeStore, "news">>;

/** What a mirror commit says of itself beside its changes. */
export interface CommitFrame {
  readonly epoch: number;
  readonly control: string;
  readonly at: number;
  readonly author: string;
}

/** What the facts about a site are made of, by identity. */
export interface FactSources {
  readonly model: FleetModel;
  readonly assignment: SiteAssignment | undefined;
}

export class MirrorRepository {
  readonly name: string;
  readonly dir: string;
  readonly store: MirrorStore;
  #snapshot: MirrorSnapshot | undefined;
  #lastRead = noSnapshot;
  /** The worker's head that was last found in the history, which only grows. */
  readonly #held = new Set<string>();
  readonly #objects = new Map<TreeId, ReadonlySet<ObjectId>>();
  readonly #told = new WeakMap<SiteContent, FactSources>();
  #unreadable: FleetError | null = null;
  /** It did not answer in time when it was last asked. */
  #hangs = false;
  #isAsked = false;

  constructor(options: { name: string; dir: string; store: MirrorStore }) {
    this.name = options.name;
    this.dir = options.dir;
    this.store = options.store;
  }

  /** What stands at the mirror's head. Reads everything once, then only when somebody else moved the head. */
  async snapshot(): Promise<MirrorSnapshot> {
    const head = await this.store.resolve(mirrorBranch);
    if (this.#snapshot?.head === head) return this.#snapshot;
    const snapshot = await readSnapshot(this.store, head);
    await this.#learn(treesOf(snapshot.sites.values()));
    this.#keep(snapshot);
    return snapshot;
  }

  /** The same; nothing where the repository is damaged or gone: `unreadable` says why then. */
  async standing(): Promise<MirrorSnapshot> {
    return (await this.tryToRead(() => this.snapshot())) ?? noSnapshot;
  }

  /**
   * What reading it gives; null where the repository is damaged or gone: `unreadable` says why then. One that once did not
   * answer in time is waited for no more: it is read beside, until it answers.
   */
  async tryToRead<T>(read: () => Promise<T>): Promise<T | null> {
    if (this.#hangs) {
      this.#askBeside();
      return null;
    }
    try {
      const found = await readFrom(this.dir, read);
      this.#unreadable = null;
      return found;
    } catch (error) {
      if (!(error instanceof FleetError) || !damageCodes.has(error.code)) throw error;
      this.#unreadable = error;
      this.#hangs = isHang(error);
      // What is remembered of it does not make it whole: all of it has to be read again.
      this.#snapshot = undefined;
      return null;
    }
  }

  /** One question at a time; whatever its answer is, the next reader meets it, but for another silence. */
  #askBeside(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    const answered = (hangs: boolean): void => {
      this.#hangs = hangs;
      this.#isAsked = false;
    };
    void readFrom(this.dir, () => this.snapshot()).then(
      () => answered(false),
      (error: unknown) => answered(isHang(error)),
    );
  }

  /** What stood there when it was last read or written; nothing before the first time. */
  get lastRead(): MirrorSnapshot {
    return this.#lastRead;
  }

  #keep(snapshot: MirrorSnapshot): void {
    this.#snapshot = snapshot;
    this.#lastRead = snapshot;
  }

  /** Why it could not be read when that was last tried; null: it could. */
  get unreadable(): FleetError | null {
    return this.#unreadable;
  }

  async #learn(trees: Iterable<TreeId>): Promise<void> {
    for (const tree of trees) {
      if (this.#objects.has(tree)) continue;
      const entries = await this.store.children(tree);
      const ids = entries.map(({ path }) => nameOf(path).replace(/\.yaml$/, ""));
      this.#objects.set(tree, new Set(ids));
    }
  }

  /** Objects of a tree that stands, or stood, in this mirror; undefined for any other. */
  objectsOf(tree: TreeId): ReadonlySet<ObjectId> | undefined {
    return this.#objects.get(tree);
  }

  /** True when the mirror is known to have the tree, so that a commit can name it by its id. */
  has(tree: TreeId): boolean {
    return this.#objects.has(tree);
  }

  /** Like `has`, but asks the store too: a tree that stood here once still lies in the history. */
  async find(tree: TreeId): Promise<boolean> {
    if (this.#objects.has(tree)) return true;
    try {
      await this.#learn([tree]);
      return true;
    } catch (error) {
      if (error instanceof FleetError && error.code === "GIT_NOT_FOUND") return false;
      throw error;
    }
  }

  /** Writes a rendered tree, without a commit. STATE_CORRUPT when it gets another id than its rendering said. */
  async write(variant: Variant): Promise<void> {
    const files = variant.objects.map(({ id, yaml }) => ({ path: `${id}.yaml`, content: yaml }));
    const tree = await this.store.writeTree(files);
    if (tree !== variant.tree) {
      throw new FleetError("STATE_CORRUPT", `tree ${variant.tree} was stored as ${tree}`, {
        hint: "this is a bug of the renderer: its tree ids must be git's",
        retry: "never",
      });
    }
    this.#objects.set(tree, new Set(variant.objects.map(({ id }) => id)));
  }

  /** The tree has been copied here from another mirror. */
  async adopt(tree: TreeId): Promise<void> {
    await this.#learn([tree]);
  }

  /**
   * Commits on top of what was read; gives the head, which stays where it is when nothing changes. REF_RACE: it has moved
   * since, STALE_EPOCH: a later leader has written there.
   */
  async commit(
    before: MirrorSnapshot,
    commit: MirrorCommit,
    frame: CommitFrame,
  ): Promise<string | null> {
    if (commit.changes.length === 0) return before.head;
    requireEpoch(before, frame);
    const sites = new Map(before.sites);
    for (const [site, content] of commit.after) {
      if (content === null) sites.delete(site);
      else sites.set(site, content);
    }
    const { epoch, control } = frame;
    const counts = countContent(sites.values(), (tree) => this.sizeOf(tree));
    const trailers: MirrorTrailers = { epoch, control, ...counts, changes: commit.moved };
    const head = await this.store.commitChanges({
      ref: mirrorBranch,
      parent: before.head,
      changes: commit.changes,
      message: `${subjectOf(commit)}\n\n${formatTrailers(trailers)}`,
      author: frame.author,
      at: frame.at,
    });
    if (head !== before.head) this.#keep({ head, trailers, sites });
    return head;
  }

  /** True when a worker's head is part of this mirror's history; "" (no head yet) always is. */
  async holds(workerHead: string): Promise<boolean> {
    const { head } = await this.snapshot();
    if (workerHead === "" || workerHead === head || this.#held.has(workerHead)) return true;
    if (head === null || !(await this.store.isAncestor(workerHead, head))) return false;
    this.#held.clear();
    this.#held.add(workerHead);
    return true;
  }

  /** Makes a commit that descends from the head, and that was verified, the head. REF_RACE when the head moved. */
  async fastForward(commit: string): Promise<void> {
    const { head } = await this.snapshot();
    await this.store.setRef(mirrorBranch, commit, head);
  }

  /** True when it was found that what stands at a site tells the facts that these sources give. */
  isTold(content: SiteContent, { model, assignment }: FactSources): boolean {
    const told = this.#told.get(content);
    return told !== undefined && told.model === model && told.assignment === assignment;
  }

  /** What stands at a site was found to tell these facts; it counts until either is replaced. */
  noteTold(content: SiteContent, sources: FactSources): void {
    this.#told.set(content, sources);
  }

  /** Number of objects of a tree that the mirror has. */
  sizeOf(tree: TreeId): number {
    return this.#objects.get(tree)?.size ?? 0;
  }
}

function isHang(error: unknown): boolean {
  return error instanceof FleetError && error.code === "GIT_TIMEOUT";
}

/** Errors of a repository that is damaged or gone. */
const damageCodes: ReadonlySet<ErrorCode> = new Set([
  "GIT_CORRUPT",
  "GIT_FAILED",
  "GIT_NOT_FOUND",
  "GIT_TIMEOUT",
  "STATE_CORRUPT",
]);

/** What an older leader writes late is followed by no worker, and every later commit would come after it. */
function requireEpoch({ trailers }: MirrorSnapshot, { epoch }: CommitFrame): void {
  if (trailers === null || trailers.epoch <= epoch) return;
  throw new FleetError(
    "STALE_EPOCH",
    `a leader of epoch ${trailers.epoch} has written to it; this one has ${epoch}`,
    { hint: "run one controller on a state folder", retry: "never" },
  );
}

function* treesOf(sites: Iterable<SiteContent>): Iterable<TreeId> {
  for (const { apps, good } of sites) {
    for (const entry of apps.values()) if ("tree" in entry) yield entry.tree;
    yield* good.values();
  }
}

function subjectOf({ moved, after }: MirrorCommit): string {
  const sites = new Set(moved.map(({ site }) => site));
  const apps = [...new Set(moved.map(({ app }) => app))].toSorted();
  if (sites.size > 0) return `Hand over ${apps.slice(0, 3).join(", ")} to ${sites.size} site(s)`;
  return `Update ${after.size} site(s)`;
}
