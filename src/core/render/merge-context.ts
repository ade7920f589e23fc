/** What the functions of a merge share: where they are, and what went wrong (the first problem counts). */
export interface MergeContext {
  readonly path: string;
  readonly problems: { readonly path: string; readonly message: string }[];
}

/** The context of a field or list item. */
export function inside(context: MergeContext, key: string | number): MergeContext {
  const token = String(key).replaceAll("~", "~0").replaceAll("/", "~1");
  return { path: `${context.path}/${token}`, problems: context.problems };
}

/** Records what is wrong; the merge goes on, its result is thrown away. */
export function problem(context: MergeContext, message: string): void {
  context.problems.push({ path: context.path, message });
}
