/**
 * Finds mistakes in an expression before it runs: names and fields that do not exist, functions that do not, values
 * compared that never can be equal. What cannot be told is `any` and left to the run.
 */
import { closestName } from "../model/closest-name.ts";
import { shownNames } from "../model/shown-names.ts";
import {
  type CelFold,
  type CelNode,
  childNodes,
  offsetOfNode,
  type ParsedCel,
} from "./cel-tree.ts";
import {
  type CelFields,
  type CelFunctions,
  type CelProblem,
  type CelType,
  celTypeInWords,
} from "./cel-types.ts";
import { shortText } from "../model/short-text.ts";

/** More mistakes of one text than these follow from the first ones. */
const maxProblems = 5;

/** What an expression may name. */
interface CelNames {
  readonly variables: CelFields;
  /** The environment's own functions: of one text. */
  readonly functions: CelFunctions;
  /** What other functions give. */
  readonly results: CelFields;
  readonly isFunction: (name: string) => boolean;
}

interface Check extends Omit<CelNames, "variables"> {
  readonly parsed: ParsedCel;
  readonly problems: CelProblem[];
}

/** The type of a whole expression, and its mistakes. */
export function checkCelTypes(
  parsed: ParsedCel,
  { variables, ...names }: CelNames,
): { readonly type: CelType; readonly problems: readonly CelProblem[] } {
  const check: Check = { ...names, parsed, problems: [] };
  const type = typeOf(check, parsed.expr, variables);
  return { type, problems: check.problems.slice(0, maxProblems) };
}

function typeOf(check: Check, node: CelNode, scope: CelFields): CelType {
  const { exprKind } = node;
  switch (exprKind.case) {
    case "constExpr":
      return constantType(exprKind.value.constantKind.case);
    case "identExpr":
      return variableType(check, node, { name: exprKind.value.name, scope });
    case "selectExpr":
      return selectedType(check, node, scope);
    case "callExpr":
      return callType(check, node, scope);
    case "comprehensionExpr":
      return foldType(check, exprKind.value, scope);
    case "listExpr":
    case "structExpr":
    case undefined:
  }
  return partsType(
    node,
    childNodes(node).map((part) => typeOf(check, part, scope)),
  );
}

/** Of a list: that of its items, where they have one. */
function partsType({ exprKind }: CelNode, [first, ...rest]: readonly CelType[]): CelType {
  if (exprKind.case !== "listExpr") return "any";
  return { listOf: first !== undefined && rest.every((type) => type === first) ? first : "any" };
}

function constantType(kind: keyof typeof constantTypes | undefined): CelType {
  return kind === undefined ? "any" : constantTypes[kind];
}

function selectedType(check: Check, node: CelNode, scope: CelFields): CelType {
  if (node.exprKind.case !== "selectExpr") return "any";
  const { operand, field, testOnly } = node.exprKind.value;
  const of = operand === undefined ? "any" : typeOf(check, operand, scope);
  const type = fieldType(check, node, { of, field });
  return testOnly ? "bool" : type;
}

const constantTypes = {
  boolValue: "bool",
  int64Value: "int",
  uint64Value: "int",
  doubleValue: "double",
  stringValue: "string",
  bytesValue: "any",
  nullValue: "any",
  durationValue: "any",
  timestampValue: "any",
} as const;

/** Names of types, which an expression may use as values. */
const typeNames = new Set(["bool", "int", "uint", "double", "string", "bytes", "list", "map"]);

function variableType(
  { parsed, problems }: Check,
  { id }: CelNode,
  { name, scope }: { name: string; scope: CelFields },
): CelType {
  if (Object.hasOwn(scope, name)) return scope[name] ?? "any";
  if (typeNames.has(name) || name === "type" || name === "null_type") return "any";
  problems.push({
    message: `there is no \`${shortText(name)}\` here`,
    offset: offsetOfNode(parsed, id),
    hint: meant(name, Object.keys(scope)),
  });
  return "any";
}

function fieldType(
  { parsed, problems }: Check,
  { id }: CelNode,
  { of, field }: { of: CelType; field: string },
): CelType {
  if (isUntold(of)) return of;
  if (typeof of === "object" && "mapOf" in of) return of.mapOf;
  const fields = typeof of === "object" && "fields" in of ? of.fields : undefined;
  if (fields !== undefined && Object.hasOwn(fields, field)) return fields[field] ?? "any";
  const offset = offsetOfNode(parsed, id);
  if (fields === undefined) {
    problems.push({
      message: `${celTypeInWords(of)} has no field \`${shortText(field)}\``,
      offset,
    });
  } else {
    const hint = meant(field, Object.keys(fields));
    problems.push({ message: `there is no field \`${shortText(field)}\` here`, offset, hint });
  }
  return "any";
}

/** Left to the run. */
function isUntold(type: CelType): boolean {
  return type === "any" || type === "data";
}

function meant(name: string, known: readonly string[]): string {
  const closest = closestName(name, known);
  return closest === undefined ? `there are ${shownNames(known)}` : `did you mean \`${closest}\`?`;
}

const comparisons = new Set(["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"]);
const logic = new Set(["_&&_", "_||_", "!_", "@not_strictly_false"]);
const tests = new Set(["@in", "matches", "startsWith", "endsWith", "contains"]);
const withoutFunction = new Set(["_?_:_", "_[_]", "_&&_", "_||_", "@not_strictly_false"]);

function callType(check: Check, node: CelNode, scope: CelFields): CelType {
  if (node.exprKind.case !== "callExpr") return "any";
  const { function: name, target, args } = node.exprKind.value;
  if (!withoutFunction.has(name) && !check.isFunction(name)) {
    const message = `there is no function \`${shortText(name)}\``;
    check.problems.push({ message, offset: offsetOfNode(check.parsed, node.id) });
  }
  if (target !== undefined) typeOf(check, target, scope);
  const types = args.map((arg) => typeOf(check, arg, scope));
  if (comparisons.has(name)) return comparedType(check, node, types);
  if (logic.has(name)) return logicType(check, args, types);
  if (Object.hasOwn(check.functions, name)) return ownType(check, node, types);
  return Object.hasOwn(check.results, name)
    ? (check.results[name] ?? "any")
    : resultType(name, types);
}

/** The environment's own functions take one text. */
function ownType({ parsed, functions, problems }: Check, node: CelNode, types: CelType[]): CelType {
  if (node.exprKind.case !== "callExpr") return "any";
  const { function: name, target } = node.exprKind.value;
  const [type = "any"] = types;
  const isText = isUntold(type) || type === "string";
  if (target !== undefined || types.length !== 1 || !isText) {
    const message = `${shortText(name)}(…) takes one text`;
    problems.push({ message, offset: offsetOfNode(parsed, node.id) });
  }
  return functions[name] ?? "any";
}

function resultType(name: string, types: readonly CelType[]): CelType {
  if (tests.has(name)) return "bool";
  if (name === "size") return "int";
  if (name === "_[_]") return itemType(types[0] ?? "any");
  if (name === "_?_:_") return types[1] === types[2] ? (types[1] ?? "any") : "any";
  return isArithmetic(name) ? arithmeticType(types) : "any";
}

function comparedType({ parsed, problems }: Check, { id }: CelNode, types: CelType[]): CelType {
  const [left = "any", right = "any"] = types;
  if (!canCompare(left, right)) {
    const message = `${celTypeInWords(left)} is compared with ${celTypeInWords(right)}`;
    problems.push({ message, offset: offsetOfNode(parsed, id) });
  }
  return "bool";
}

function canCompare(left: CelType, right: CelType): boolean {
  if (isUntold(left) || isUntold(right)) return true;
  if (isNumber(left) && isNumber(right)) return true;
  if (typeof left === "string" || typeof right === "string") return left === right;
  return "listOf" in left === "listOf" in right;
}

const isNumber = (type: CelType): boolean => type === "int" || type === "double";

function logicType({ parsed, problems }: Check, args: CelNode[], types: CelType[]): CelType {
  for (const [index, type] of types.entries()) {
    if (isUntold(type) || type === "bool") continue;
    const message = `this is ${celTypeInWords(type)}, not true or false`;
    problems.push({ message, offset: offsetOfNode(parsed, args[index]?.id) });
  }
  return "bool";
}

function itemType(of: CelType): CelType {
  if (typeof of === "string" || "fields" in of) return of === "data" ? "data" : "any";
  return "mapOf" in of ? of.mapOf : of.listOf;
}

const isArithmetic = (name: string): boolean => /^(_[-+*/%]_|-_)$/.test(name);

function arithmeticType(types: readonly CelType[]): CelType {
  const [first = "any"] = types;
  return types.every((type) => type === first) ? first : "any";
}

function foldType(check: Check, fold: CelFold, scope: CelFields): CelType {
  const { iterRange, accuInit, loopCondition, loopStep, result, iterVar, accuVar } = fold;
  const range = iterRange === undefined ? "any" : typeOf(check, iterRange, scope);
  const isMap = typeof range !== "string" && "mapOf" in range;
  const accu = accuInit === undefined ? "any" : typeOf(check, accuInit, scope);
  const inner = {
    ...scope,
    [accuVar]: typeof accu === "string" ? accu : ("any" as const),
    [iterVar]: isMap ? ("string" as const) : itemType(range),
  };
  for (const part of [loopCondition, loopStep]) {
    if (part !== undefined) typeOf(check, part, inner);
  }
  return result === undefined ? "any" : typeOf(check, result, inner);
}
