import { join } from "node:path";
import { createRenderTools, type RenderTools } from "../adapters/render-tools/render-tools.ts";
import { systemClock } from "../runtime/system-clock.ts";
import type { CliIo } from "./command.ts";

/** kustomize and Helm as they are on the user's PATH; what they gave is kept in the user's cache. */
export function renderTools({ env }: CliIo): RenderTools {
  const home = env["HOME"];
  const caches = env["XDG_CACHE_HOME"] ?? (home === undefined ? undefined : join(home, ".cache"));
  return createRenderTools({
    path: env["PATH"] ?? "",
    clock: systemClock(),
    cacheFolder: caches === undefined ? undefined : join(caches, "flotilla", "rendered"),
  });
}
