import type { ClusterClient } from "../adapters/kubernetes/cluster-client.ts";
import type { ClusterWriter } from "../adapters/kubernetes/write-objects.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AnswerTimes } from "./fair-places.ts";

/** The client, and how long its cluster lets requests wait. */
export function watchAnswers(
  client: ClusterClient,
  clock: Clock,
): { readonly client: ClusterClient; readonly times: AnswerTimes } {
  const running = new Set<{ readonly since: number }>();
  let longestMs = 0;
  const timed = async <T>(request: Promise<T>): Promise<T> => {
    const entry = { since: clock.monotonic() };
    running.add(entry);
    try {
      return await request;
    } finally {
      running.delete(entry);
      longestMs = Math.max(longestMs, clock.monotonic() - entry.since);
    }
  };
  const watchedWrites = (writer: ClusterWriter): ClusterWriter => ({
    apply: (object, options) => timed(writer.apply(object, options)),
    create: (object, signal) => timed(writer.create(object, signal)),
    mergePatch: (address, patch, signal) => timed(writer.mergePatch(address, patch, signal)),
    tryPatch: (address, patch, signal) => timed(writer.tryPatch(address, patch, signal)),
    delete: (address, conditions, signal) => timed(writer.delete(address, conditions, signal)),
  });
  const watched: ClusterClient = {
    ...client,
    ...watchedWrites(client),
    as: (account) => watchedWrites(client.as(account)),
    identity: (signal) => timed(client.identity(signal)),
    serverVersion: (signal) => timed(client.serverVersion(signal)),
    resource: (apiVersion, kind, signal) => timed(client.resource(apiVersion, kind, signal)),
    version: (group, kind, signal) => timed(client.version(group, kind, signal)),
    get: (address, signal) => timed(client.get(address, signal)),
    list: (options) => timed(client.list(options)),
  };
  const times: AnswerTimes = {
    waitingMs: () => {
      const [oldest] = running;
      return oldest === undefined ? 0 : clock.monotonic() - oldest.since;
    },
    takeLongestMs: () => {
      const taken = Math.max(longestMs, times.waitingMs());
      longestMs = 0;
      return taken;
    },
  };
  return { client: watched, times };
}
