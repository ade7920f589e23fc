/**
 * Sets of fields of an object, as a tree. The steps of a path are the keys of the form FieldsV1: `f:<name>` a field,
 * `k:<keys>` an item of a list by its keys, `v:<value>` an item of a set. Sets are never changed once made: operations
 * give back an argument itself where the result is equal to it.
 */

/** A set; at the root, `isMember` is always false. */
export interface FieldSet {
  /** Whether the field where this node stands is in the set itself. */
  readonly isMember: boolean;
  /** Fields below it that are in the set, or lead to some; never an empty map. */
  readonly children?: ReadonlyMap<string, FieldSet> | undefined;
}

/** A set while it is being made. */
export interface FieldSetDraft {
  isMember: boolean;
  children?: Map<string, FieldSetDraft>;
}

const noFields: FieldSet = { isMember: false };
const onlyMember: FieldSet = { isMember: true };

/** The set of some paths. */
export function fieldSetOf(paths: readonly (readonly string[])[]): FieldSet {
  const draft: FieldSetDraft = { isMember: false };
  for (const path of paths) addPath(draft, path);
  return draft;
}

/** Adds a path to a set that is being made. */
export function addPath(draft: FieldSetDraft, path: readonly string[]): void {
  let node = draft;
  for (const step of path) node = childOf(node, step);
  if (path.length > 0) node.isMember = true;
}

/** The node of a step below a draft, made if it is not there. */
export function childOf(draft: FieldSetDraft, step: string): FieldSetDraft {
  draft.children ??= new Map();
  let child = draft.children.get(step);
  if (child === undefined) {
    child = { isMember: false };
    draft.children.set(step, child);
  }
  return child;
}

/** Whether nothing is in it. */
export function isEmptySet(set: FieldSet): boolean {
  if (set.isMember) return false;
  for (const child of set.children?.values() ?? []) if (!isEmptySet(child)) return false;
  return true;
}

/** Whether all of `set` is in `other`. */
export function isSubset(set: FieldSet, other: FieldSet): boolean {
  if (set === other) return true;
  if (set.isMember && !other.isMember) return false;
  for (const [step, child] of set.children ?? []) {
    const counterpart = other.children?.get(step);
    if (counterpart === undefined ? !isEmptySet(child) : !isSubset(child, counterpart))
      return false;
  }
  return true;
}

/** Whether both have the same fields. */
export function isSameSet(set: FieldSet, other: FieldSet): boolean {
  return isSubset(set, other) && isSubset(other, set);
}

/** The fields that are in one of them. */
export function union(set: FieldSet, other: FieldSet): FieldSet {
  if (isSubset(other, set)) return set;
  if (isSubset(set, other)) return other;
  const children = new Map(set.children);
  for (const [step, child] of other.children ?? []) {
    const own = children.get(step);
    children.set(step, own === undefined ? child : union(own, child));
  }
  return nodeOf(set.isMember || other.isMember, children);
}

/** The fields that are in both. */
export function intersection(set: FieldSet, other: FieldSet): FieldSet {
  if (set === other) return set;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children ?? []) {
    const counterpart = other.children?.get(step);
    const shared = counterpart === undefined ? noFields : intersection(child, counterpart);
    if (shared !== noFields) children.set(step, shared);
  }
  return nodeOf(set.isMember && other.isMember, children);
}

/** The fields of the first that are not in the second; those below a field that is in the second stay. */
export function difference(set: FieldSet, other: FieldSet): FieldSet {
  if (other.children === undefined && !(set.isMember && other.isMember)) return set;
  return without(set, other, (child, removed) => difference(child, removed));
}

/** The fields of the first that are neither in the second nor below a field of it. */
export function deepDifference(set: FieldSet, other: FieldSet): FieldSet {
  if (other.children === undefined && !other.isMember) return set;
  return without(set, other, (child, removed) =>
    removed.isMember ? noFields : deepDifference(child, removed),
  );
}

function without(
  set: FieldSet,
  other: FieldSet,
  ofChild: (child: FieldSet, removed: FieldSet) => FieldSet,
): FieldSet {
  const isMember = set.isMember && !other.isMember;
  if (set.children === undefined || other.children === undefined) {
    return isMember === set.isMember ? set : nodeOf(isMember, set.children);
  }
  const children = new Map(set.children);
  for (const [step, removed] of other.children) {
    const child = set.children.get(step);
    const rest = child === undefined ? noFields : ofChild(child, removed);
    if (rest === noFields) children.delete(step);
    else children.set(step, rest);
  }
  const isSame = isMember === set.isMember && isSameMap(children, set.children);
  return isSame ? set : nodeOf(isMember, children);
}

function isSameMap(
  children: ReadonlyMap<string, FieldSet>,
  former: ReadonlyMap<string, FieldSet>,
): boolean {
  if (children.size !== former.size) return false;
  for (const [step, child] of children) if (former.get(step) !== child) return false;
  return true;
}

function nodeOf(isMember: boolean, children: ReadonlyMap<string, FieldSet> | undefined): FieldSet {
  if (children !== undefined && children.size > 0) return { isMember, children };
  return isMember ? onlyMember : noFields;
}

/** All paths: at each node first its own fields, then those below, both in the order of the API server. */
export function pathsOf(set: FieldSet): readonly (readonly string[])[] {
  const paths: (readonly string[])[] = [];
  const visit = (node: FieldSet, path: readonly string[]): void => {
    const steps = [...(node.children ?? [])].toSorted(([a], [b]) => compareSteps(a, b));
    for (const [step, child] of steps) if (child.isMember) paths.push([...path, step]);
    for (const [step, child] of steps) visit(child, [...path, step]);
  };
  visit(set, []);
  return paths;
}

const forms = ["f:", "k:", "v:", "i:"];

/** The order of steps: fields, keys, values; numbers by their value. */
export function compareSteps(a: string, b: string): number {
  const [formA, formB] = [a.slice(0, 2), b.slice(0, 2)];
  if (formA !== formB) return forms.indexOf(formA) - forms.indexOf(formB);
  return formA === "f:" ? compareTexts(a, b) : compareValues(parse(a), parse(b));
}

function parse(step: string): unknown {
  return JSON.parse(step.slice(2));
}

function compareValues(a: unknown, b: unknown): number {
  if (isRecord(a) && isRecord(b)) return compareKeys(Object.entries(a), Object.entries(b));
  if (typeof a === "number" && typeof b === "number") return a - b;
  return compareTexts(String(a), String(b));
}

/** Keys were sorted when the step was made, so that they compare one after the other. */
function compareKeys(a: readonly [string, unknown][], b: readonly [string, unknown][]): number {
  for (const [index, [key, value]] of a.entries()) {
    const [otherKey, otherValue] = b[index] ?? [];
    if (otherKey === undefined) return 1;
    const order = compareTexts(key, otherKey) || compareValues(value, otherValue);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
