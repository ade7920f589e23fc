/** A commit id as people read it. */
export function shortId(commit: string): string {
  return commit.slice(0, 7);
}
