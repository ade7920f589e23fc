/**
 * What a tool wrote -> the objects, each with the file it comes from, or what is wrong. A source is rendered twice or more,
 * and all have to be the same: what differs each time would differ at each site, and never come to rest.
 */
import { type DiagnosticCode, isError } from "../../model/diagnostic.ts";
import { type Json, isJsonObject, isSameJson } from "../../model/json.ts";
import { fieldName } from "../../model/schema-messages.ts";
import { describeKey, keyOf, type KubeObject, objectId } from "../../model/kube-object.ts";
import { readManifestObjects } from "../manifest-objects.ts";
import { shortText } from "../../model/short-text.ts";
import { readYaml } from "../read-yaml.ts";
import { sealedText } from "../../secrets/sops-file.ts";
import { objectOrigins, type Transformation } from "./kustomize-origins.ts";
import { helmDocuments } from "./helm-documents.ts";
import { asHook, hookOfList, isTestHook } from "./list-hooks.ts";
import type { ToolRequest } from "./tool-requests.ts";

/** An object with the file of the repository that it comes from: the finest that the tool tells. */
export interface ToolObject {
  readonly file: string;
  readonly object: KubeObject;
  /** Position of the steps that kustomize took with it in those of the output. */
  readonly steps?: number;
  /** What the chart calls a Job that was a hook. */
  readonly hookName?: string;
}

/** What is wrong with a source. */
export interface ToolProblem {
  /** null: where the App names the source. Line and column are 0 where nobody knows them. */
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
}

/** The outcome of a request: JSON, so that it can be kept on a disk. */
export interface ToolOutput {
  readonly objects: readonly ToolObject[];
  /** Not empty: the source is not valid. */
  readonly problems: readonly ToolProblem[];
  /** Of kustomize: lists of steps, each once. */
  readonly steps?: readonly (readonly Transformation[])[];
}

/** The outcomes of requests, by key. */
export type ToolOutputs = ReadonlyMap<string, ToolOutput>;

/** For fleets of which no app needs a tool. */
export const noToolOutputs: ToolOutputs = new Map();

/** An output that is nothing but a problem. */
export function refused(problem: ToolProblem): ToolOutput {
  return { objects: [], problems: [problem] };
}

/** What a tool wrote. */
export interface ToolTexts {
  readonly first: string;
  /** The same, done again; or the same text, where it cannot be another. */
  readonly second: string;
  /** From both ends of what chance gives: what is not the same there is seen before the second. */
  readonly ends?: readonly [string, string];
  /** For kustomize: the same objects with their origins; empty where it would not tell them. */
  readonly origins?: string;
}

/** Reads what a tool wrote for a request. */
export function readToolOutput(request: ToolRequest, texts: ToolTexts): ToolOutput {
  const { first, second, ends = [first, first], origins = "" } = texts;
  const read = (text: string): ToolOutput =>
    request.tool === "helm" ? readHelm(request, text) : readKustomize(request, text);
  const one = read(first);
  if (one.problems.length > 0) return one;
  const differing = [ends, [first, second] as const].filter(([a, b]) => a !== b);
  for (const [a, b] of differing) {
    const difference = differenceOf(read(a), read(b));
    if (difference !== undefined) return refused(difference);
  }
  if (request.tool === "helm") return one;
  const known = objectOrigins(request.source, readDocuments("", origins).objects);
  const steps = [...new Set([...known.values()].map((origin) => origin.steps))];
  const objects = one.objects.map(({ file, object }): ToolObject => {
    const origin = known.get(objectId(keyOf(object)));
    if (origin === undefined) return { file, object };
    return { file: origin.file ?? file, object, steps: steps.indexOf(origin.steps) };
  });
  return { objects, problems: [], steps };
}

function readHelm(request: ToolRequest, text: string): ToolOutput {
  const documents = helmDocuments(request.source, text);
  const read = documents.map(({ file, text }) => {
    const output = readDocuments(file, text);
    const hook = hookOfList(text);
    if (hook === undefined) return output;
    const objects = output.objects.map((each) => ({ ...each, object: asHook(each.object, hook) }));
    return { ...output, objects };
  });
  const { objects, problems } = joined(read);
  // A test may be another one each time.
  return { objects: objects.filter(({ object }) => !isTestHook(object)), problems };
}

function readKustomize({ source }: ToolRequest, text: string): ToolOutput {
  const main = source.files.find(({ path }) => isKustomizationOf(source.path, path));
  const file = main?.path ?? source.path;
  const read = readDocuments(file, text);
  const sealed = read.objects.find(({ object }) => sealedText(object) !== undefined);
  if (sealed === undefined) return read;
  return refused({
    file,
    line: 0,
    column: 0,
    code: "sealed-secret",
    message: `${describeKey(keyOf(sealed.object))} is sealed with SOPS, and kustomize writes it anew: no worker could open it`,
    hint: "put it into an App with `manifests`",
  });
}

function isKustomizationOf(folder: string, path: string): boolean {
  const names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
  return names.some((name) => path === (folder === "" ? name : `${folder}/${name}`));
}

/** The objects of a text; its lines are those of no file. */
function readDocuments(file: string, text: string): ToolOutput {
  const { objects, diagnostics } = readManifestObjects([{ path: file, text }]);
  const errors = diagnostics.filter(isError);
  const fields = errors.length === 0 ? new Map<string, string>() : mistakenFields(file, text);
  const problems = errors.map(({ line, column, code, message, hint }) => {
    const rest = hint === undefined ? {} : { hint };
    // What stands there may be secret: of a file the place tells it, here nothing does.
    const words = code === "yaml-syntax" ? message.replaceAll(/"[^"]*"/g, '"…"') : message;
    const field = fields.get(`${line}:${column}`) ?? "";
    return { file, line: 0, column: 0, code, message: `rendered: ${field}${words}`, ...rest };
  });
  return { objects: objects.map(({ object }) => ({ file, object })), problems };
}

/** Object and field of what is wrong with a value, by its place in the text. */
function mistakenFields(file: string, text: string): ReadonlyMap<string, string> {
  const { mistaken } = readYaml({ path: file, text });
  return new Map(
    mistaken.map(({ diagnostic: { line, column }, path, document }) => {
      return [`${line}:${column}`, `${nameOf(document)}: ${shortText(fieldName(path))}: `];
    }),
  );
}

/** Kind and name of what may be no object. */
function nameOf(document: Json): string {
  const { kind, metadata } = isJsonObject(document) ? document : {};
  const name = metadata !== undefined && isJsonObject(metadata) ? metadata["name"] : undefined;
  const words = [kind, name].filter((word) => typeof word === "string");
  return words.length === 0 ? "a document" : shortText(words.join(" "));
}

function joined(outputs: readonly ToolOutput[]): ToolOutput {
  return {
    objects: outputs.flatMap(({ objects }) => objects),
    problems: outputs.flatMap(({ problems }) => problems),
  };
}

function differenceOf(one: ToolOutput, other: ToolOutput): ToolProblem | undefined {
  const told = (file: string, message: string): ToolProblem => ({
    file,
    line: 0,
    column: 0,
    code: "unrepeatable",
    message,
    hint: "give the value in Git, or have it made in the cluster; functions such as randAlphaNum, genCA and now give another one each time, and `keys` and `values` another order, unless it is sorted (`keys .Values.a | sortAlpha`)",
  });
  const count = Math.max(one.objects.length, other.objects.length);
  for (let index = 0; index < count; index += 1) {
    const [a, b] = [one.objects[index], other.objects[index]];
    if (a === undefined || b === undefined) {
      const { file, object } = (a ?? b) as ToolObject; // one of them is there
      return told(
        file,
        `${describeKey(keyOf(object))} is there in one rendering and not in the next`,
      );
    }
    if (isSameJson(a.object, b.object)) continue;
    const field = firstDifference(a.object, b.object, "");
    const message = `${describeKey(keyOf(a.object))} is another one each time it is rendered, in ${field}`;
    return told(a.file, message);
  }
  return undefined;
}

/** Path of the first field in which two values differ: `.data.password`. */
function firstDifference(a: Json, b: Json, path: string): string {
  const [from, to] = [membersOf(a), membersOf(b)];
  if (from === undefined || to === undefined) return path === "" ? "." : path;
  const keys = [...new Set([...from.keys(), ...to.keys()])].toSorted();
  for (const key of keys) {
    const [inner, other] = [from.get(key), to.get(key)];
    const here = Array.isArray(a) ? `${path}[${key}]` : `${path}.${key}`;
    if (inner === undefined || other === undefined) return here;
    if (!isSameJson(inner, other)) return firstDifference(inner, other, here);
  }
  return path;
}

function membersOf(value: Json): ReadonlyMap<string, Json> | undefined {
  if (Array.isArray(value)) {
    // isArray loses the type of items
    return new Map((value as readonly Json[]).map((item, index) => [String(index), item]));
  }
  return isJsonObject(value) ? new Map(Object.entries(value)) : undefined;
}
