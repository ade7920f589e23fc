/** What goes into the model and what comes out of it. */
import type { Json, JsonObject } from "../model/json.ts";
import type { WatchCursor } from "./requests/watch-objects.ts";

/** One request to a cluster's API server. The body is decoded by the front (`decode-body.ts`). */
export interface ApiRequest {
  readonly method: string;
  /** Without the query: `/api/v1/namespaces/default/configmaps`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Media types: `accept` chooses JSON or a Table, `contentType` tells what a patch is. */
  readonly accept: string;
  readonly contentType: string;
  readonly userAgent: string;
  readonly body: Json | undefined;
}

/** An answer: JSON, plain text, or a watch that the front polls until it is over. */
export type ApiResponse =
  | { readonly status: number; readonly body: JsonObject; readonly warnings?: readonly string[] }
  | { readonly status: number; readonly text: string }
  | { readonly status: 200; readonly watch: WatchCursor };
