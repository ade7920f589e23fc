import { isAbsolute, join } from "node:path";
import {
  cacheFolderFor,
  createRenderTools,
  type RenderTools,
} from "../adapters/render-tools/render-tools.ts";
import { ownBuild } from "../runtime/own-build.ts";
import { systemClock } from "../runtime/system-clock.ts";
import type { CliIo } from "./command.ts";

/** kustomize and Helm as they are on the user's PATH; what they gave is kept in the user's cache. */
export function renderTools({ env }: CliIo): RenderTools {
  const [home, named = ""] = [env["HOME"], env["XDG_CACHE_HOME"]];
  // As XDG says: what is no absolute path does not count.
  const usual = home === undefined ? undefined : join(home, ".cache");
  const caches = isAbsolute(named) ? named : usual;
  const folder = caches === undefined ? undefined : join(caches, "flotilla", "rendered");
  return createRenderTools({
    path: env["PATH"] ?? "",
    clock: systemClock(),
    cacheFolder: cacheFolderFor(env, folder),
    build: ownBuild,
  });
}
