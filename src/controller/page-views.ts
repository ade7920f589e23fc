/**
 * The page's live parts, rendered when somebody asks and then shared: at most one reading of the status in a while
 * however many look and however often they ask, and nothing at all while nobody does.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { type LivePart, type PageState, renderLive } from "../dashboard/fleet-page.ts";
import { hrefOf, type PageQuery } from "../dashboard/page-query.ts";
import type { Clock } from "../runtime/clock.ts";

/** So long a reading counts as new even when something has changed since. */
const leastAgeMs = 400;
/** And so long when nothing has: what no change tells of (a worker that is falling silent) is seen then. */
const mostAgeMs = 5000;
/** Different queries whose live parts are kept at the same time. */
const maxParts = 32;

export interface PageViewsOptions {
  readonly read: () => PageState;
  /** Changes whenever what `read` gives may have changed. */
  readonly version: () => number;
  readonly clock: Clock;
}

/** A live part, ready to be sent. */
export interface RenderedPart {
  readonly part: LivePart;
  readonly body: Buffer;
  /** Quoted, as an ETag: equal for equal bytes. */
  readonly tag: string;
  /** The same bytes, compressed beside the loop, once. */
  readonly compressed: () => Promise<Buffer>;
}

export class PageViews {
  readonly #options: PageViewsOptions;
  #state: { readonly version: number; readonly at: number; readonly value: PageState } | null =
    null;
  readonly #parts = new Map<string, RenderedPart>();

  constructor(options: PageViewsOptions) {
    this.#options = options;
  }

  live(query: PageQuery): RenderedPart {
    const state = this.#read();
    const key = hrefOf(query);
    const known = this.#parts.get(key);
    if (known !== undefined) return known;
    const part = renderLive(state, query);
    const body = Buffer.from(part.markup.text);
    const digest = createHash("sha256").update(body).digest("base64url").slice(0, 22);
    let compressed: Promise<Buffer> | undefined;
    const rendered = {
      part,
      body,
      tag: `"${digest}"`,
      compressed: () => (compressed ??= promisify(gzip)(body)),
    };
    const [oldest] = this.#parts.keys();
    if (this.#parts.size >= maxParts && oldest !== undefined) this.#parts.delete(oldest);
    this.#parts.set(key, rendered);
    return rendered;
  }

  #read(): PageState {
    const { read, version: readVersion, clock } = this.#options;
    const [version, now] = [readVersion(), clock.monotonic()];
    const age = this.#state === null ? Infinity : now - this.#state.at;
    const isFresh = age < leastAgeMs || (this.#state?.version === version && age < mostAgeMs);
    if (this.#state !== null && isFresh) return this.#state.value;
    this.#parts.clear();
    this.#state = { version, at: now, value: read() };
    return this.#state.value;
  }
}
