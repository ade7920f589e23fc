/**
 * A state folder that came back from an older copy has mirrors that are behind their workers. What a worker follows was
 * handed out by a leader, so a starting leader asks for it: the worker pushes it aside, it is verified like any mirror
 * commit, and the mirror goes on from there. Only a descendant of what the mirror has is taken, and only until mirror and
 * worker were found to agree once: from then on nothing can be missing here.
 */
import { isObjectId } from "../adapters/git/object-id.ts";
import { verifyCommit } from "../adapters/git/verify-mirror.ts";
import { recoverRef } from "../core/protocol/mirror-layout.ts";
import type { Logger } from "../runtime/logger.ts";
import type { MirrorRepository } from "./mirror-repository.ts";

/** What is known of a mirror's worker. */
interface WorkerView {
  /** undefined: it has not reported to this leader. */
  readonly workerHead: string | undefined;
  /** False for a mirror where nothing was ever written, as control knows that knows all. */
  readonly isExpected: boolean;
}

/** Where a mirror is, against its worker. */
interface Standing {
  readonly isBehind: boolean;
  /** Epoch of a head that was taken over now; else 0. */
  readonly epoch: number;
}

const inOrder: Standing = { isBehind: false, epoch: 0 };
const behind: Standing = { isBehind: true, epoch: 0 };

export class Recovery {
  readonly #logger: Logger;
  readonly #agreed = new Set<string>();
  readonly #behind = new Set<string>();
  readonly #foreign = new Set<string>();
  readonly #wanted = new Map<string, string>();
  readonly #refused = new Map<string, { readonly head: string; readonly reason: string }>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The commit that a mirror's worker is asked for; null: none. */
  wanted(mirror: string): string | null {
    return this.#wanted.get(mirror) ?? null;
  }

  /** Whether a mirror was behind its worker when it was last read: that worker counts as silent, for the mirror may lack what it has. */
  isBehind(mirror: string): boolean {
    return this.#behind.has(mirror);
  }

  /** What there is to say of a mirror that is behind its worker, silent `since` (ms) or live, and what ends it. */
  messageOf(mirror: string, since: number | null): string {
    if (since === null) return this.#findingOf(mirror);
    return (
      `${this.#findingOf(mirror)}; the worker is ${silentSinceInWords(since)}: where it does not come back, ` +
      "an operator's excuse of the region lets that go on from what the mirror has"
    );
  }

  #findingOf(mirror: string): string {
    const found =
      "its worker has a newer head than this mirror, which came back from an older copy";
    const refused = this.#refused.get(mirror);
    if (this.#wanted.has(mirror)) return `${found}: it is asked for it, and this ends when it came`;
    if (this.#foreign.has(mirror)) {
      return (
        "its worker follows a commit of another history, for nothing was ever written to this mirror: " +
        "let the worker start with a state folder of its own"
      );
    }
    const reason = refused?.reason ?? "a leader asks for it only when it starts";
    return `${found}, and cannot be brought forward: ${reason}; restore a newer copy of the state folder, or let the worker start with an empty one`;
  }

  /** Takes over what the worker brought, or asks for it. */
  async catchUp(mirror: MirrorRepository, view: WorkerView): Promise<Standing> {
    const standing = await this.#compare(mirror, view);
    if (standing.isBehind) this.#behind.add(mirror.name);
    else this.#behind.delete(mirror.name);
    return standing;
  }

  async #compare(mirror: MirrorRepository, view: WorkerView): Promise<Standing> {
    const { workerHead } = view;
    const { name } = mirror;
    if (workerHead === undefined) return inOrder;
    if (await mirror.holds(workerHead)) return this.#agree(name, inOrder);
    const { head } = await mirror.snapshot();
    const brought = await mirror.store.resolve(recoverRef);
    if (this.#wanted.get(name) === workerHead && brought === workerHead) {
      return this.#take(mirror, { from: head, to: workerHead });
    }
    const isForeign = head === null && !view.isExpected;
    if (isForeign) this.#foreign.add(name);
    else this.#foreign.delete(name);
    if (this.#mayAsk(name, workerHead) && !isForeign) this.#wanted.set(name, workerHead);
    else this.#wanted.delete(name);
    return behind;
  }

  #mayAsk(mirror: string, head: string): boolean {
    const wasRefused = this.#refused.get(mirror)?.head === head;
    return isObjectId(head) && !this.#agreed.has(mirror) && !wasRefused;
  }

  async #take(
    mirror: MirrorRepository,
    { from, to }: { from: string | null; to: string },
  ): Promise<Standing> {
    const { name } = mirror;
    const checked = await verifyCommit(mirror.store, to, from);
    if (!checked.ok) {
      this.#refused.set(name, { head: to, reason: checked.message });
      this.#wanted.delete(name);
      if (from !== null) await mirror.store.setRef(recoverRef, from, to);
      this.#logger.warn("what a worker brought is not taken over", { mirror: name, to });
      return behind;
    }
    await mirror.fastForward(to);
    this.#logger.warn("a mirror was behind its worker and goes on from its head", {
      mirror: name,
      to,
    });
    return this.#agree(name, { isBehind: false, epoch: checked.trailers.epoch });
  }

  #agree(mirror: string, standing: Standing): Standing {
    this.#agreed.add(mirror);
    this.#wanted.delete(mirror);
    return standing;
  }
}

/** Since when (wall ms) a worker is silent. */
export function silentSinceInWords(since: number): string {
  return `silent since ${new Date(since).toISOString()}`;
}
