/** Strategic merge patches against Kubernetes' own library and its own tables of tests, in the version of go.mod. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import {
  type Json,
  type JsonObject,
  canonicalJson,
  isJsonObject,
} from "../../../src/core/model/json.ts";
import { kubernetes } from "../../../src/core/render/generated/kubernetes.ts";
import {
  type FieldSchema,
  type MergeSchema,
  builtInSchema,
  plainSchema,
} from "../../../src/core/render/merge-schema.ts";
import { strategicMerge } from "../../../src/core/render/strategic-merge.ts";
import { packageFolder, runProgram } from "../../control-plane/go.ts";
import { type PatchCase, type PatchedKind, randomPatches } from "../../support/random-patches.ts";

const slow = 300_000; // the first time the library is compiled
const libraryPackage = "k8s.io/apimachinery/pkg/util/strategicpatch";

/** Groups that the library has no types of, and those of reviews, which nobody keeps in a repository. */
const leftOut = /^(apiextensions|apiregistration|authentication|authorization)\.k8s\.io$/;

function kindsWhere(isWanted: (kind: string) => boolean): PatchedKind[] {
  return Object.keys(kubernetes.kinds).flatMap((id) => {
    const [group = "", version = "", kind = ""] = id.split("/");
    return leftOut.test(group) || !isWanted(kind) ? [] : [{ group, version, kind }];
  });
}

const workloads = ["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"];

interface Answer {
  readonly value?: JsonObject;
  readonly error?: string;
}

async function libraryAnswers(cases: readonly PatchCase[]): Promise<readonly Answer[]> {
  const answers = await runProgram("patches", JSON.stringify(cases));
  return JSON.parse(answers) as Answer[]; // the program writes these
}

/** `spec.extra` of a CertificateSigningRequest: the library refuses whatever patch meets a list in a map of lists. */
function isOfListsInMaps({ error = "" }: Answer): boolean {
  return error === "merging an object in json but data type is not struct, instead is: map";
}

function ownAnswer({ apiVersion, kind, original, patch }: PatchCase): Answer {
  const schema = builtInSchema(apiVersion, kind) ?? plainSchema;
  const result = strategicMerge(original, patch, schema);
  return result.ok ? { value: result.value } : { error: `${result.path}: ${result.message}` };
}

describe("strategicMerge and the library of the API server", () => {
  it(
    "make the same of random patches of every built-in kind, or both refuse them",
    async () => {
      const cases = [
        ...randomPatches(
          kindsWhere(() => true),
          3_000,
        ),
        ...randomPatches(
          kindsWhere((kind) => workloads.includes(kind)),
          3_000,
        ),
      ];

      const answers = await libraryAnswers(cases);

      const differences = cases.flatMap((one, index) => {
        const [theirs, own] = [answers[index] ?? {}, ownAnswer(one)];
        if (isOfListsInMaps(theirs)) return [];
        return canonicalJson(theirs.value ?? null) === canonicalJson(own.value ?? null)
          ? []
          : [{ ...one, theirs, own }];
      });
      expect(differences.slice(0, 3)).toEqual([]);
      expect(answers.filter(({ error }) => error !== undefined).length).toBeGreaterThan(50);
      expect(answers.filter(({ value }) => value !== undefined).length).toBeGreaterThan(3_500);
    },
    slow,
  );

  it.each([
    { table: "strategicMergePatchRawTestCases", least: 150 },
    { table: "customStrategicMergePatchRawTestCases", least: 10 },
    { table: "replaceRawExtensionPatchTestCases", least: 4 },
  ])(
    "agree on the library's own table $table",
    async ({ table, least }) => {
      const rows = rawRows(variableText(await librarySource(), table));

      expect(rows.filter((row) => !isAsExpected(row, canonicalJson))).toEqual([]);
      expect(rows.length).toBeGreaterThanOrEqual(least);
    },
    slow,
  );

  it.each([
    { table: "createStrategicMergePatchTestCaseData", least: 25 },
    { table: "customStrategicMergePatchTestCaseData", least: 10 },
  ])(
    "agree on the library's own table $table, whatever the order of lists",
    async ({ table, least }) => {
      const [, yaml = ""] = /`([^`]*)`/.exec(variableText(await librarySource(), table)) ?? [];
      const { testCases } = parse(yaml) as { testCases: readonly Row[] };
      const rows = testCases.flatMap(patchesOf);

      expect(rows.filter((row) => !isAsExpected(row, unorderedJson))).toEqual([]);
      expect(rows.length).toBeGreaterThanOrEqual(least);
    },
    slow,
  );
});

/** A row of a table: two patches, on what they are applied, and what comes of it. */
interface Row {
  readonly description: string;
  readonly original?: JsonObject;
  readonly twoWay?: JsonObject;
  readonly modified?: JsonObject;
  readonly twoWayResult?: JsonObject;
  readonly current?: JsonObject;
  readonly threeWay?: JsonObject;
  readonly result?: JsonObject;
  readonly isError?: boolean;
}

interface Expected {
  readonly description: string;
  readonly original: JsonObject;
  readonly patch: JsonObject;
  /** Undefined: the patch is refused. */
  readonly result: JsonObject | undefined;
}

function patchesOf(row: Row): Expected[] {
  const { description, isError = false } = row;
  const expected = (
    original: JsonObject | undefined,
    patch: JsonObject | undefined,
    result: JsonObject | undefined,
  ): Expected[] =>
    patch === undefined
      ? []
      : [
          {
            description,
            original: original ?? {},
            patch,
            result: isError ? undefined : (result ?? {}),
          },
        ];
  return [
    ...expected(row.original, row.twoWay, row.twoWayResult ?? row.modified),
    ...expected(row.current, row.threeWay, row.result),
  ];
}

async function librarySource(): Promise<string> {
  return readFile(join(await packageFolder(libraryPackage), "patch_test.go"), "utf8");
}

/** The text of a variable of the source, up to the next declaration. */
function variableText(source: string, name: string): string {
  const [, text = ""] = source.split(`var ${name} = `);
  return text.split(/^(?:var|func|type) /m)[0] ?? "";
}

/** The rows of a table whose objects are texts of YAML. */
function rawRows(text: string): Expected[] {
  return text
    .split(/\bDescription:/)
    .slice(1)
    .flatMap((row) => {
      const texts = [...row.matchAll(/(\w+):\s*\[\]byte\(`([^`]*)`\)/g)];
      const fields = texts.map(([, name = "", yaml = ""]): [string, unknown] => [
        name.replace(/^./, (first) => first.toLowerCase()),
        parse(yaml) ?? {},
      ]);
      const description = /"(.*)"/.exec(row)?.[1] ?? "";
      const isError = /ExpectedError:\s*[^"\s]|ExpectedError:\s*"[^"]/.test(row);
      return patchesOf({ description, isError, ...Object.fromEntries(fields) });
    });
}

function isAsExpected(row: Expected, textOf: (value: Json) => string): boolean {
  const made = strategicMerge(row.original, row.patch, itemSchema);
  if (!made.ok || row.result === undefined) return !made.ok && row.result === undefined;
  return textOf(made.value) === textOf(row.result);
}

function unorderedJson(value: Json): string {
  const sorted = (part: Json): Json => {
    if (Array.isArray(part)) {
      return part.map(sorted).toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
    }
    if (!isJsonObject(part)) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, sorted(inner)]));
  };
  return canonicalJson(sorted(value));
}

/** The type that the tables are about: items with lists of items, merged by name and not merged. */
const itemSchema: MergeSchema = {
  field: (name) => ({ keys: [], items: plainSchema, ...itemFields()[name] }),
};

function itemFields(): Readonly<Record<string, Partial<FieldSchema>>> {
  const items = itemSchema;
  const merged = { strategy: "merge", keys: ["name"], items } as const;
  return {
    mergingList: merged,
    retainKeysMergingList: merged,
    nonMergingList: { items },
    mergingIntList: { strategy: "merge" },
    mergeItemPtr: merged,
    retainKeysMap: { items },
    replacingItem: { strategy: "replace" },
  };
}
