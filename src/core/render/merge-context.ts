/** What the functions of a merge share: where they are, and what went wrong (the first problem counts). */
export interface MergeContext {
  readonly path: string;
  readonly problems: FoundInPatch[];
  /** What is done as it stands, though something else may be meant. */
  readonly doubts: FoundInPatch[];
}

/** `path` is the field of the patch as a JSON pointer. */
export interface FoundInPatch {
  readonly path: string;
  readonly message: string;
}

/** The context of a field or list item. */
export function inside(context: MergeContext, key: string | number): MergeContext {
  const token = String(key).replaceAll("~", "~0").replaceAll("/", "~1");
  return { ...context, path: `${context.path}/${token}` };
}

/** Records what is wrong; the merge goes on, its result is thrown away. */
export function problem(context: MergeContext, message: string): void {
  context.problems.push({ path: context.path, message });
}
