/**
 * Writes test/support/github-openapi.json: the part of GitHub's published OpenAPI description that the stand-in of
 * the tests checks requests against, as plain JSON Schema.
 *
 *   node scripts/vendor-github-openapi.ts
 */
import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const packageSpec = "@octokit/openapi@23.0.2";
const target = join(import.meta.dirname, "..", "test", "support", "github-openapi.json");

/** What is called now, and what the next parts call: check runs and comments. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  "/repos/{owner}/{repo}/statuses/{sha}": ["post"],
  "/repos/{owner}/{repo}/commits/{ref}/statuses": ["get"],
  "/repos/{owner}/{repo}/check-runs": ["post"],
  "/repos/{owner}/{repo}/check-runs/{check_run_id}": ["patch"],
  "/repos/{owner}/{repo}/commits/{ref}/check-runs": ["get"],
  "/repos/{owner}/{repo}/issues/{issue_number}/comments": ["get", "post"],
  "/repos/{owner}/{repo}/issues/comments/{comment_id}": ["patch"],
};

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type JsonObject = { [key: string]: Json };

interface Description {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: {
    readonly schemas: Record<string, JsonObject>;
    readonly parameters: Record<string, Parameter>;
  };
}

interface Parameter {
  readonly $ref?: string;
  readonly in?: string;
  readonly name?: string;
  readonly schema?: JsonObject;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Record<string, { readonly content?: Content }>;
}

type Content = Record<string, { readonly schema: JsonObject }>;

function download(): { description: Description; licence: string } {
  const folder = mkdtempSync(join(tmpdir(), "flotilla-openapi-"));
  try {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    };
    const archive = execFileSync("npm", ["pack", packageSpec, "--silent"], options).trim();
    const files = ["package/generated/api.github.com.json", "package/LICENSE"];
    execFileSync("tar", ["xzf", archive, ...files], options);
    const read = (name = ""): string => readFileSync(join(folder, name), "utf8");
    return { description: JSON.parse(read(files[0])) as Description, licence: read(files[1]) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** OpenAPI 3.0 schema -> JSON Schema: `nullable` becomes a type, documentation goes, references are renamed. */
function convert(schema: Json, found: Set<string>): Json {
  if (Array.isArray(schema)) return schema.map((item) => convert(item, found));
  if (typeof schema !== "object" || schema === null) return schema;
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const name = reference.replace("#/components/schemas/", "");
    found.add(name);
    return { $ref: `#/$defs/${name}` };
  }
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(schema)) {
    if (documentation.has(key) || key.startsWith("x-")) continue;
    result[key] = key === "properties" ? convertMembers(value, found) : convert(value, found);
  }
  return schema["nullable"] === true ? orNull(result) : result;
}

const documentation: ReadonlySet<string> = new Set([
  "description",
  "title",
  "example",
  "examples",
  "externalDocs",
  "deprecated",
  "nullable",
  "default",
  "readOnly",
  // Formats of answers that we fake; a wrong date in a request would be a wrong string all the same.
  "format",
]);

/** Members of `properties` are named by GitHub: one called `description` is no documentation. */
function convertMembers(members: Json, found: Set<string>): Json {
  return Object.fromEntries(
    Object.entries(members as JsonObject).map(([name, schema]) => [name, convert(schema, found)]),
  );
}

function orNull(schema: JsonObject): JsonObject {
  const { type, enum: values, ...rest } = schema;
  if (typeof type !== "string") return { anyOf: [schema, { type: "null" }] };
  const withNull = Array.isArray(values) ? { enum: [...values, null] } : {};
  return { type: [type, "null"], ...withNull, ...rest };
}

function jsonSchema(content: Content | undefined, found: Set<string>): Json {
  return convert(content?.["application/json"]?.schema ?? null, found);
}

function vendorOperation(operation: Operation, description: Description, found: Set<string>): Json {
  const parameters = (operation.parameters ?? []).map((parameter) => {
    const name = (parameter.$ref ?? "").replace("#/components/parameters/", "");
    return description.components.parameters[name] ?? parameter;
  });
  const query = parameters.filter((parameter) => parameter.in === "query");
  const status = Object.keys(operation.responses).find((code) => code.startsWith("2")) ?? "";
  return {
    operationId: operation.operationId,
    query: Object.fromEntries(
      query.map(({ name = "", schema = {} }) => [name, convert(schema, found)]),
    ),
    body: jsonSchema(operation.requestBody?.content, found),
    status: Number(status),
    answer: jsonSchema(operation.responses[status]?.content, found),
  };
}

function vendor({ description, licence }: ReturnType<typeof download>): string {
  const found = new Set<string>();
  const operations = Object.entries(wanted).flatMap(([path, methods]) =>
    methods.map((method) => {
      const operation = description.paths[path]?.[method];
      if (operation === undefined) throw new Error(`${packageSpec} has no ${method} ${path}`);
      const name = `${method.toUpperCase()} ${path}`;
      return [name, vendorOperation(operation, description, found)] as const;
    }),
  );
  const definitions: JsonObject = {};
  // The set grows while it is read: a definition may refer to others.
  for (const name of found) {
    definitions[name] = convert(description.components.schemas[name] ?? null, found);
  }
  const about = {
    source: `part of ${packageSpec}, api.github.com.json, GitHub's published OpenAPI description`,
    madeBy: "node scripts/vendor-github-openapi.ts",
    changes: "documentation removed, OpenAPI's nullable turned into JSON Schema",
    licence,
  };
  const sorted = Object.fromEntries(Object.entries(definitions).toSorted(byKey));
  const whole = { about, operations: Object.fromEntries(operations), $defs: sorted };
  return `${JSON.stringify(whole, null, 1)}\n`;
}

function byKey([a]: [string, Json], [b]: [string, Json]): number {
  return a < b ? -1 : 1;
}

writeFileSync(target, vendor(download()));
