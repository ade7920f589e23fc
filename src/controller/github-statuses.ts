import { join } from "node:path";
import { fileStatusStore } from "../adapters/github/status-store.ts";
import { createStatusWriter, type StatusWriter } from "../adapters/github/status-writer.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/logger.ts";
import { readTokenFile } from "../runtime/token-file.ts";
import type { ControllerSettings } from "./config.ts";

/** The writer of commit statuses, with its table in the state folder; null where no GitHub is configured. */
export async function startGithub(
  { github, stateDir }: ControllerSettings,
  deps: { readonly clock: Clock; readonly logger: Logger },
): Promise<StatusWriter | null> {
  if (github === undefined) return null;
  const { repository, tokenFile, apiUrl } = github;
  return createStatusWriter({
    repository,
    ...(apiUrl === undefined ? {} : { apiUrl }),
    token: () => readTokenFile(tokenFile),
    store: fileStatusStore(join(stateDir, "commit-statuses.json")),
    ...deps,
  });
}
