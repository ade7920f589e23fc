import { shortId } from "./short-id.ts";

/** Apps of a valid commit of which nothing is rendered, for want of kustomize or Helm. */
export interface Lacking {
  /** By name: the sites that they are placed at. */
  readonly apps: ReadonlyMap<string, ReadonlySet<string>>;
  /** Why they came to no end; null: they are at work. */
  readonly reason: string | null;
}

/** Why something of the followed head is lacking, in words. */
export function lackingInWords(commit: string, { reason }: Lacking): string {
  const head = `the followed commit ${shortId(commit)}`;
  return reason === null
    ? `kustomize and Helm are at work for ${head}`
    : `${head} cannot be rendered: ${reason}`;
}
