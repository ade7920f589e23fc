/**
 * Reads the one YAML file of a process. In: a path and the schema of the config. Out: the checked value with its
 * defaults filled in and its paths absolute, or every mistake with its place. A credential in it is always the path
 * of a file. Never a value that the schema does not allow.
 */
import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { Ajv, type ErrorObject } from "ajv";
import { type Static, type TSchema, type TString, Type } from "typebox";
import { FleetError } from "../core/errors.ts";
import {
  type Diagnostic,
  formatDiagnostic,
  type Parsed,
  sortDiagnostics,
} from "../core/model/diagnostic.ts";
import { parseYaml, type YamlDocument } from "../core/model/parse-yaml.ts";
import { closestName } from "../core/model/closest-name.ts";

const maxConfigBytes = 1024 * 1024;

/** A field that holds a path. Its name ends in `File` or `Dir` or is `kubeconfig`: that is what makes it absolute. */
export function FilePath(description: string): TString {
  return Type.String({ minLength: 1, description });
}

/** A mistake that the schema cannot tell, at a field. */
export interface ConfigMistake {
  readonly path: readonly string[];
  readonly message: string;
  readonly hint: string;
}

/** What a config must hold beyond its schema. */
export type ConfigRules<Config> = (config: Config) => readonly ConfigMistake[];

/** Reads and checks a config file. USAGE when it cannot be read; mistakes in it are diagnostics. */
export async function readConfig<Schema extends TSchema>(
  path: string,
  schema: Schema,
  rules: ConfigRules<Static<Schema>> = () => [],
): Promise<Parsed<Static<Schema>>> {
  const { documents, diagnostics: syntax } = parseYaml({ path, text: await readText(path) });
  if (syntax.length > 0) return { ok: false, diagnostics: sortDiagnostics(syntax) };
  const [document, second] = documents;
  if (document === undefined || second !== undefined) return notOneDocument(path, second);
  // Defaults and paths are filled in, so the parser's own copy stays as it is.
  const value = structuredClone(document.value) as unknown;
  const ajv = new Ajv({ allErrors: true, verbose: true, useDefaults: true, allowUnionTypes: true });
  const check = ajv.compile(schema);
  if (check(value)) {
    const config = withAbsolutePaths(value, dirname(resolve(path))) as Static<Schema>; // just checked
    const mistakes = rules(config).map((mistake) => ruleDiagnostic(document, mistake));
    if (mistakes.length > 0) return { ok: false, diagnostics: sortDiagnostics(mistakes) };
    return { ok: true, value: config, diagnostics: [] };
  }
  const diagnostics = withoutBranches(check.errors ?? []).map((error) =>
    describeError(document, error),
  );
  return { ok: false, diagnostics: sortDiagnostics(diagnostics) };
}

/** Like `readConfig`, for those who can only give up: USAGE with one line per mistake. */
export async function readConfigOrFail<Schema extends TSchema>(
  path: string,
  schema: Schema,
): Promise<Static<Schema>> {
  const parsed = await readConfig(path, schema);
  if (parsed.ok) return parsed.value;
  throw new FleetError("USAGE", parsed.diagnostics.map(formatDiagnostic).join("\n"), {
    retry: "never",
  });
}

function ruleDiagnostic(
  document: YamlDocument,
  { path, message, hint }: ConfigMistake,
): Diagnostic {
  return { ...document.at(path), severity: "error", code: "invalid-value", message, hint };
}

function notOneDocument(file: string, second: YamlDocument | undefined): Parsed<never> {
  const place = second?.at([]) ?? { file, line: 1, column: 1 };
  const diagnostic = {
    ...place,
    severity: "error",
    code: "not-an-object",
    message: second === undefined ? "the file is empty" : "a second YAML document",
    hint: "a config file holds one YAML mapping",
  } as const;
  return { ok: false, diagnostics: [diagnostic] };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxConfigBytes) {
      throw new FleetError("USAGE", `${path} is larger than ${maxConfigBytes} bytes`, {
        retry: "never",
      });
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof FleetError) throw cause;
    const { code = "error" } = cause as NodeJS.ErrnoException; // what node:fs throws
    throw new FleetError("USAGE", `cannot read the config file ${path} (${code})`, {
      cause,
      retry: "never",
    });
  }
}

/**
 * The value with absolute paths, by the names of its fields: `...File`, `...Dir` and `kubeconfig` hold paths, `url` a
 * URL or the path of a local repository. Relative paths start at the folder of the config file, `~/` at the home.
 */
function withAbsolutePaths(value: unknown, folder: string, name = ""): unknown {
  if (typeof value === "string") {
    const isPath = /(File|Dir)$|^kubeconfig$/.test(name) || (name === "url" && !isUrl(value));
    return isPath ? absolute(folder, value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => withAbsolutePaths(item, folder, name));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withAbsolutePaths(item, folder, key)]),
  );
}

function isUrl(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^[\w.-]+@[\w.-]+:/.test(text);
}

function absolute(folder: string, path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : resolve(folder, path);
}

/** Of a union that nothing matches only the union's own error is kept: its branches contradict each other. */
function withoutBranches(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors
    .filter(({ keyword }) => keyword === "anyOf")
    .map((error) => error.schemaPath);
  return errors.filter(
    ({ schemaPath }) => !unions.some((union) => schemaPath.startsWith(`${union}/`)),
  );
}

function describeError(document: YamlDocument, error: ErrorObject): Diagnostic {
  const path = error.instancePath.split("/").slice(1).map(unescapePointer);
  const severity = "error";
  const params = error.params as Record<string, unknown>; // by ajv's keyword
  if (error.keyword === "additionalProperties") {
    const name = String(params["additionalProperty"]);
    const known = Object.keys((error.parentSchema?.["properties"] ?? {}) as object);
    const closest = closestName(name, known);
    return {
      ...document.keyAt([...path, name]),
      severity,
      code: "unknown-field",
      message: `unknown field "${name}"`,
      hint: closest === undefined ? `known are ${known.join(", ")}` : `did you mean "${closest}"?`,
    };
  }
  if (error.keyword === "required") {
    return {
      ...document.keyAt(path),
      severity,
      code: "missing-field",
      message: `missing field "${String(params["missingProperty"])}"`,
    };
  }
  return { ...document.at(path), severity, code: "invalid-value", ...describeValue(path, error) };
}

function describeValue(
  path: readonly string[],
  error: ErrorObject,
): { message: string; hint?: string } {
  const description: unknown = error.parentSchema?.["description"];
  const subject = path.length === 0 ? "the config" : `"${path.join(".")}"`;
  return {
    message:
      error.keyword === "anyOf"
        ? `${subject} has none of the allowed values`
        : `${subject} ${withArticle(error.message ?? "is wrong")}`,
    ...(typeof description === "string" ? { hint: `it is ${description}` } : {}),
  };
}

/** `must be object`, as ajv says it. */
function withArticle(words: string): string {
  return words
    .replace(/^must be (?=(string|number|boolean)$)/, "must be a ")
    .replace(/^must be (?=(object|array|integer)$)/, "must be an ");
}

function unescapePointer(segment: string): string {
  return segment.replaceAll("~1", "/").replaceAll("~0", "~");
}
