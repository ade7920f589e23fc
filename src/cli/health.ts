import { assessHealth } from "../core/health/assess-health.ts";
import type { HealthStatus } from "../core/health/health.ts";
import { textAt } from "../core/health/read-object.ts";
import { FleetError } from "../core/errors.ts";
import type { Diagnostic } from "../core/model/diagnostic.ts";
import type { SourceFile } from "../core/model/fleet-model.ts";
import { type JsonObject, isJsonObject } from "../core/model/json.ts";
import { flattenLists } from "../core/render/manifest-objects.ts";
import { mistake } from "../core/render/mistake.ts";
import { type YamlDocument, readYaml } from "../core/render/read-yaml.ts";
import { diagnosticLines } from "./checkout.ts";
import type { Command } from "./command.ts";
import { readFiles } from "./health-files.ts";
import { formatData, formatTable, outputFormat, outputOption, textOption } from "./output.ts";

/** `flotilla health`. */
export const command: Command = {
  summary: "tell the health of objects in files",
  usage: `Usage: flotilla health -f FILE_OR_DIR [-o table|json|yaml]

Tells for each object in a file, or in the YAML and JSON files of a folder, what its status says: Healthy, Progressing,
Degraded, Suspended, Missing or Unknown, by the rules that decide rollouts. Files may hold several documents and Lists,
such as \`kubectl get deployments,pods -o yaml\` prints (to read it from a pipe: -f /dev/stdin). How old a file is nobody
knows: a resource whose controller has written no status yet is Progressing in it, however long ago that was.

Options:
  -f, --filename     the file or folder
  -o, --output       table (default), json or yaml: a list of file, kind, namespace, name, health and message

Exit codes: 0 every object is Healthy or Suspended; 1 some are not (Unknown, where a status tells nothing, is not
healthy); 2 a file cannot be read or holds what is no object (what could be read is told all the same), or there is no
object at all.
`,
  options: { ...outputOption, filename: { type: "string", short: "f" } },
  async run(args, io) {
    const format = outputFormat(args, ["table", "json", "yaml"], "table");
    const path = textOption(args, "filename");
    if (path === undefined || args.positionals.length > 0) {
      const hint = "see flotilla health --help";
      throw new FleetError("USAGE", "name one file or folder with -f", { hint, retry: "never" });
    }
    const read = (await readFiles(path, io.cwd)).map(assessFile);
    const rows = read.flatMap((file) => file.rows);
    const diagnostics = read.flatMap((file) => file.diagnostics);
    io.stdout(format === "table" ? healthTable(rows) : formatData(rows, format));
    io.stderr(diagnosticLines(diagnostics));
    if (diagnostics.length > 0) return 2;
    if (rows.length === 0) {
      throw new FleetError("NOT_FOUND", `${path} holds no object`, { retry: "never" });
    }
    return rows.every(({ health }) => good.has(health)) ? 0 : 1;
  },
};

const good: ReadonlySet<HealthStatus> = new Set(["Healthy", "Suspended"]);

interface HealthRow {
  readonly file: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly health: HealthStatus;
  readonly message: string;
}

interface AssessedFile {
  readonly rows: readonly HealthRow[];
  readonly diagnostics: readonly Diagnostic[];
}

function assessFile(file: SourceFile): AssessedFile {
  // What was read from a cluster is only looked at: counters and times in nanoseconds may lose digits.
  const { documents, diagnostics } = readYaml(file, { roundNumbers: true });
  const found = documents.flatMap(flattenLists).map((document) => ({
    document,
    problem: problemOf(document),
  }));
  return {
    rows: found.flatMap(({ document: { value }, problem }) =>
      problem === undefined && isJsonObject(value) ? rowOf(file.path, value) : [],
    ),
    diagnostics: [...diagnostics, ...found.flatMap(({ problem }) => problem ?? [])],
  };
}

/** Less is asked than of a manifest: what kind of object it is decides the rule, its name is only told. */
function problemOf({ value, at }: YamlDocument): Diagnostic | undefined {
  const missing = ["apiVersion", "kind"].find((field) => textAt(value, field) === "");
  if (missing === undefined) return undefined;
  const hint = "every object has apiVersion and kind, as text";
  const message = isJsonObject(value) ? `"${missing}" is missing` : "this is no object";
  return mistake(at([missing]), { code: "invalid-object", message, hint });
}

function rowOf(file: string, object: JsonObject): HealthRow {
  const { status, message } = assessHealth(object);
  return {
    file,
    kind: textAt(object, "kind"),
    namespace: textAt(object, "metadata", "namespace"),
    name: textAt(object, "metadata", "name"),
    health: status,
    message,
  };
}

function healthTable(rows: readonly HealthRow[]): string {
  return formatTable(
    ["HEALTH", "KIND", "NAMESPACE", "NAME", "MESSAGE", "FILE"],
    rows.map(({ file, kind, namespace, name, health, message }) =>
      [health, kind, namespace, name, message, file].map(oneLine),
    ),
  );
}

/** What an object says of itself may hold line ends and codes that terminals act on. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
