/**
 * Bounds the work of an expression. Each turn of a loop is a step, and so is, for every call, each value that it is given,
 * by its size: so neither loops within loops, nor texts and lists that double, nor comparisons of them come to an end
 * later than the steps do.
 */
import { isCelList, isCelMap } from "@bufbuild/cel";
import type { CelCall, CelFold, CelNode, ParsedCel } from "./cel-tree.ts";
import { childNodes } from "./cel-tree.ts";

/** The functions that an expression is made to call for each step; no text can name them. */
export const stepFunction = "@step";
/** For the list that a loop makes: each turn adds to it, and is not to weigh all that it has. */
export const growFunction = "@grow";

/** Forms that look at their parts only as far as they need to. */
const lazy = new Set(["_&&_", "_||_", "_?_:_", "_[_]", "@not_strictly_false"]);

/** Makes the tree count its steps. */
export function meterCel({ expr }: ParsedCel): void {
  for (const node of allNodes(expr)) {
    const { exprKind } = node;
    if (exprKind.case === "callExpr") meterCall(exprKind.value);
    if (exprKind.case === "comprehensionExpr") meterFold(exprKind.value);
  }
}

function allNodes(node: CelNode): CelNode[] {
  return [node, ...childNodes(node).flatMap(allNodes)];
}

function meterCall(call: CelCall): void {
  if (lazy.has(call.function)) return;
  if (call.target !== undefined) call.target = counted(call.target, stepFunction);
  call.args = call.args.map((arg) => counted(arg, isLoopResult(arg) ? growFunction : stepFunction));
}

/** The variable in which `map` and `filter` gather; no text can name it. */
function isLoopResult({ exprKind }: CelNode): boolean {
  return exprKind.case === "identExpr" && exprKind.value.name === "@result";
}

function meterFold(fold: CelFold): void {
  if (fold.loopCondition !== undefined)
    fold.loopCondition = counted(fold.loopCondition, stepFunction);
}

function counted(node: CelNode, by: string): CelNode {
  const call = { $typeName: "cel.expr.Expr.Call" as const, function: by, args: [node] };
  return { $typeName: node.$typeName, id: node.id, exprKind: { case: "callExpr", value: call } };
}

/** What values weigh: their number of parts, all the way down; texts by their length. */
export class CelWeights {
  readonly #known = new WeakMap<object, number>();

  weigh(value: unknown): number {
    if (typeof value === "string") return 1 + value.length / 50;
    if (value instanceof Uint8Array) return 1 + value.length / 50;
    if (!isCelList(value) && !isCelMap(value)) return 1;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    let weight = 1;
    for (const item of value) {
      if (Array.isArray(item)) for (const part of item) weight += this.weigh(part);
      else weight += this.weigh(item);
    }
    this.#known.set(value, weight);
    return weight;
  }
}
