import type { parse } from "@bufbuild/cel";

/** An expression, parsed: the library's tree, whose nodes are numbered. */
export type ParsedCel = ReturnType<typeof parse>;
export type CelNode = ParsedCel["expr"];
export type CelCall = Extract<CelNode["exprKind"], { case: "callExpr" }>["value"];
export type CelFold = Extract<CelNode["exprKind"], { case: "comprehensionExpr" }>["value"];

/** Where a node stands in the text (0-based). */
export function offsetOfNode({ sourceInfo }: ParsedCel, id: bigint | undefined): number {
  return id === undefined ? 0 : (sourceInfo?.positions[String(id)] ?? 0);
}

/** The parts of a node in which others stand. */
export function childNodes({ exprKind }: CelNode): CelNode[] {
  switch (exprKind.case) {
    case "selectExpr":
      return present([exprKind.value.operand]);
    case "callExpr":
      return present([exprKind.value.target, ...exprKind.value.args]);
    case "listExpr":
      return exprKind.value.elements;
    case "structExpr":
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        present([keyKind.case === "mapKey" ? keyKind.value : undefined, value]),
      );
    case "comprehensionExpr": {
      const { iterRange, accuInit, loopCondition, loopStep, result } = exprKind.value;
      return present([iterRange, accuInit, loopCondition, loopStep, result]);
    }
    case "constExpr":
    case "identExpr":
    case undefined:
  }
  return [];
}

function present(nodes: readonly (CelNode | undefined)[]): CelNode[] {
  return nodes.filter((node) => node !== undefined);
}

/** The variables that a text names, those that it declares itself left out. */
export function freeNames(node: CelNode, bound: ReadonlySet<string> = new Set()): Set<string> {
  const { exprKind } = node;
  if (exprKind.case === "identExpr") {
    const { name } = exprKind.value;
    return new Set(bound.has(name) ? [] : [name]);
  }
  const inner =
    exprKind.case === "comprehensionExpr"
      ? new Set([...bound, exprKind.value.iterVar, exprKind.value.accuVar])
      : bound;
  const range = exprKind.case === "comprehensionExpr" ? exprKind.value.iterRange : undefined;
  return new Set(
    childNodes(node).flatMap((child) => [...freeNames(child, child === range ? bound : inner)]),
  );
}
