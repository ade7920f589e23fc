import { type CelNode, childNodes, offsetOfNode, type ParsedCel } from "./cel-tree.ts";

/** A variable, and fields in it: `["site", "labels", "tier"]`. */
export type ReadPath = readonly string[];

/** What an expression's value depends on, told from its text: never less than what it reads. */
export interface CelReads {
  readonly paths: readonly ReadPath[];
  /** Calls with a text that is written out: what, and where the text begins (0-based, behind its quote). */
  readonly calls: readonly {
    readonly name: string;
    readonly text: string;
    readonly offset: number;
  }[];
  /** Functions and operators that are called with anything else. */
  readonly openCalls: ReadonlySet<string>;
}

/** What of the facts an expression, of this text, reads. Call it before the tree is made to count. */
export function readsOf(parsed: ParsedCel, source: string): CelReads {
  const paths = new Map<string, ReadPath>();
  const calls: CelReads["calls"][number][] = [];
  const openCalls = new Set<string>();
  const visit = (node: CelNode, bound: ReadonlySet<string>): void => {
    const path = pathOf(node, bound);
    if (path !== undefined) {
      paths.set(JSON.stringify(path), path);
      return;
    }
    const call = literalCall(node, parsed, source);
    if (call !== undefined) calls.push(call);
    const { exprKind } = node;
    if (call === undefined && exprKind.case === "callExpr") openCalls.add(exprKind.value.function);
    if (exprKind.case !== "comprehensionExpr") {
      for (const child of childNodes(node)) visit(child, bound);
      return;
    }
    const { iterRange, iterVar, accuVar } = exprKind.value;
    const inner = new Set([...bound, iterVar, accuVar]);
    for (const child of childNodes(node)) visit(child, child === iterRange ? bound : inner);
  };
  visit(parsed.expr, new Set());
  return { paths: [...paths.values()], calls, openCalls };
}

/** The path of a chain of fields that begins with a free variable; undefined for any other node. */
function pathOf({ exprKind }: CelNode, bound: ReadonlySet<string>): ReadPath | undefined {
  if (exprKind.case === "identExpr") {
    return bound.has(exprKind.value.name) ? undefined : [exprKind.value.name];
  }
  if (exprKind.case === "selectExpr") {
    return longerPath(exprKind.value.operand, exprKind.value.field, bound);
  }
  if (exprKind.case !== "callExpr" || exprKind.value.function !== "_[_]") return undefined;
  const [of, key] = exprKind.value.args;
  return longerPath(of, key && literalText(key), bound);
}

function longerPath(
  of: CelNode | undefined,
  field: string | undefined,
  bound: ReadonlySet<string>,
): ReadPath | undefined {
  const path = of === undefined ? undefined : pathOf(of, bound);
  return path === undefined || field === undefined ? undefined : [...path, field];
}

function literalText({ exprKind }: CelNode): string | undefined {
  if (exprKind.case !== "constExpr") return undefined;
  const { constantKind } = exprKind.value;
  return constantKind.case === "stringValue" ? constantKind.value : undefined;
}

const openingQuote = /^[rR]?(?:'''|"""|'|")/;

function literalCall(
  { exprKind }: CelNode,
  parsed: ParsedCel,
  source: string,
): CelReads["calls"][number] | undefined {
  if (exprKind.case !== "callExpr" || exprKind.value.target !== undefined) return undefined;
  const { function: name, args } = exprKind.value;
  const [arg] = args;
  const text = arg === undefined || args.length > 1 ? undefined : literalText(arg);
  if (text === undefined) return undefined;
  const start = offsetOfNode(parsed, arg?.id);
  const [opening = ""] = openingQuote.exec(source.slice(start)) ?? [];
  return { name, text, offset: start + opening.length };
}
