/** The shortest edit script between two lists of lines (Myers), bounded: what differs wildly is simply replaced. */

/** A line that stayed, went or came. */
export interface DiffLine {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** More edits than this are not looked for: the cost grows with their square. */
const maxEdits = 500;

/** The lines of both sides in order. */
export function diffLines(
  before: readonly string[],
  after: readonly string[],
): readonly DiffLine[] {
  const start = commonLength({ before, after });
  const end = commonLength({
    before: before.slice(start).toReversed(),
    after: after.slice(start).toReversed(),
  });
  const signed = (sign: DiffLine["sign"], lines: readonly string[]): DiffLine[] =>
    lines.map((text) => ({ sign, text }));
  const middle = [
    before.slice(start, before.length - end),
    after.slice(start, after.length - end),
  ] as const;
  return [
    ...signed(" ", before.slice(0, start)),
    ...(editScript(...middle) ?? [...signed("-", middle[0]), ...signed("+", middle[1])]),
    ...signed(" ", before.slice(before.length - end)),
  ];
}

interface Sides {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** How many lines are the same from line `x` of one side and `y` of the other on. */
function commonLength({ before, after }: Sides, x = 0, y = 0): number {
  let length = 0;
  while (x + length < before.length && y + length < after.length) {
    if (before[x + length] !== after[y + length]) break;
    length += 1;
  }
  return length;
}

/** How far a diagonal of the edit graph was followed, and the last edit on the way there. */
interface Reach {
  readonly x: number;
  readonly last: Edit | undefined;
}

interface Edit {
  readonly sign: "-" | "+";
  /** Position of the line on its own side. */
  readonly at: number;
  readonly before: Edit | undefined;
}

/** Follows all diagonals, one more edit at a time, until one leads to the end of both sides. */
function editScript(before: readonly string[], after: readonly string[]): DiffLine[] | undefined {
  let reached = new Map<number, Reach>();
  const bound = Math.min(before.length + after.length, maxEdits);
  for (let edits = 0; edits <= bound; edits += 1) {
    const next = new Map<number, Reach>();
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const { x: start, last } =
        edits === 0 ? { x: 0, last: undefined } : oneEdit(reached, diagonal);
      const x = start + commonLength({ before, after }, start, start - diagonal);
      if (x >= before.length && x - diagonal >= after.length) return linesOf(before, after, last);
      next.set(diagonal, { x, last });
    }
    reached = next;
  }
  return undefined;
}

/** The farthest way to a diagonal with one edit more: a line of `after` (from above), or one of `before` less. */
function oneEdit(reached: ReadonlyMap<number, Reach>, diagonal: number): Reach {
  const above = reached.get(diagonal + 1);
  const left = reached.get(diagonal - 1);
  if (above !== undefined && (left === undefined || left.x < above.x)) {
    const edit: Edit = { sign: "+", at: above.x - diagonal - 1, before: above.last };
    return { x: above.x, last: edit };
  }
  const x = left?.x ?? 0;
  return { x: x + 1, last: { sign: "-", at: x, before: left?.last } };
}

function linesOf(
  before: readonly string[],
  after: readonly string[],
  last: Edit | undefined,
): DiffLine[] {
  const edited = { "-": new Set<number>(), "+": new Set<number>() };
  for (let edit = last; edit !== undefined; edit = edit.before) edited[edit.sign].add(edit.at);
  const lines: DiffLine[] = [];
  let y = 0;
  const insert = (): void => {
    for (; edited["+"].has(y); y += 1) lines.push({ sign: "+", text: after[y] ?? "" });
  };
  for (const [x, text] of before.entries()) {
    if (edited["-"].has(x)) {
      lines.push({ sign: "-", text });
      continue;
    }
    insert();
    lines.push({ sign: " ", text });
    y += 1;
  }
  insert();
  return lines;
}
