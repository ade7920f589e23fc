/**
 * What is generated from a real API server: its types, kinds and resources.
 *
 * A type is one line of fields `name=<flags><type>`, with `#` before them when the type is taken whole (atomic).
 * Flags: `!` required, `%` a struct that is always there, if only as `{}`.
 * Types: `s` string, `y` bytes, `t` time, `q` quantity, `x` integer or string, `b` boolean, `i` int32, `I` int64,
 * `n` number, `?` anything (maps merged), `*` anything (taken whole), `@name` a type, `{type}` a map, `[type]` a list
 * taken whole, `[type:set]`, `[type:key,key=default]` a list merged by keys; `#` before a type makes it atomic.
 */
export interface ApiTables {
  /** The server's version, `v1.36.4`. */
  readonly version: string;
  readonly types: Readonly<Record<string, string>>;
  /** `group/version/Kind` (`/v1/Pod` in the core group) → its type. */
  readonly kinds: Readonly<Record<string, string>>;
  /** Groups besides the core one → their versions, the preferred one first. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  /** `group/version` (`v1` for the core group) → what discovery lists. */
  readonly resources: Readonly<Record<string, readonly ApiResource[]>>;
}

/** A resource, or a subresource (`deployments/scale`), as discovery lists it. */
interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced: boolean;
  /** Group and version of the kind, where they are not those of the list. */
  readonly group?: string;
  readonly version?: string;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}
