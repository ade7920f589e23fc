import type { ReleaseHistory } from "../../src/core/protocol/api.ts";

/** What the API tells of an app with one release by `commit`, and one that goes back to it. */
export function releaseHistory(commit: string): ReleaseHistory {
  return {
    app: "web",
    more: false,
    releases: [
      {
        release: "back-web-1",
        kind: "rollback",
        source: null,
        by: "ada",
        startedAt: "2026-03-02T14:02:11.000Z",
        sites: 2,
        verdict: "open",
        endedAt: null,
        summary: "",
        isCurrent: false,
      },
      {
        release: "web-1",
        kind: "app",
        source: commit,
        by: null,
        startedAt: "2026-03-01T14:02:11.000Z",
        sites: 2,
        verdict: "done",
        endedAt: "2026-03-01T14:12:11.000Z",
        summary: "1 of 2 sites; 1 offline",
        isCurrent: true,
      },
    ],
  };
}
