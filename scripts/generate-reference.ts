/**
 * Writes the reference of the fleet repository's kinds from their schemas: docs/reference/schemas/<kind>.schema.json for
 * editors, and docs/reference/kinds/<kind>.md for people: an example, every field, working with it, its state.
 *
 *   node scripts/generate-reference.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { type KindName, kinds } from "../src/core/model/kinds.ts";
import { shippedProfiles } from "../src/core/model/shipped-profiles.ts";
import { kindNotes } from "./kind-notes.ts";

const root = join(import.meta.dirname, "..");
const source = "Generated from src/core/model/kinds/ by `npm run generate`; do not edit.";

/** Files that show a kind best, most of them of the template. */
export const examples: Readonly<Record<KindName, string>> = {
  Fleet: "fleet-repo-template/fleet.yaml",
  Region: "fleet-repo-template/regions/nordics.yaml",
  Site: "fleet-repo-template/sites/nordics/oslo.yaml",
  VirtualSite: "fleet-repo-template/virtual-sites/german-speaking.yaml",
  Profile: "docs/how-to/kiosk.yaml",
  App: "fleet-repo-template/apps/storefront/app.yaml",
  RolloutStrategy: "fleet-repo-template/strategies/careful.yaml",
  MaintenanceWindow: "docs/how-to/shop-nights.yaml",
  Decision: "docs/how-to/keep-storefront.yaml",
};

/** The types that have a name (the `title` of a schema). */
const types: Readonly<Record<string, string>> = {
  name: "lower case letters, digits and single dashes, with a letter or digit at both ends, at most 63 characters",
  duration:
    "whole numbers with units, largest first: `90s`, `5m`, `1h30m`, `500ms`; at most a year",
  "number or percentage":
    "`3`, or `10%` of the sites of the stage: rounded down, at least 1; `0` and `0%` are none",
  selector:
    "text as Kubernetes takes it (`tier=store, country in (de,fr), !legacy`), or matchLabels and matchExpressions; `!=` and `notin` hold where the label is absent",
  "time of day": "`HH:MM`, from `00:00` to `23:59`",
  "local time": "`2026-12-24` or `2026-12-24T18:00`, by the clock of the site",
  "time zone": "a name of the IANA database: `Europe/Berlin`, `America/New_York`, `UTC`",
  labels: "a mapping of label keys to values, with the syntax of Kubernetes; numbers in quotes",
  "object name": "what Kubernetes takes as a name: lower case letters, digits, `-` and `.`",
  "object name or expression": "such a name, or a text with [expressions](../expressions.md)",
  reason: "a text that is more than white space, at most 2000 characters",
  path: "from the root of the repository, with `/`; never out of it",
  address: "a host name, or an IPv4 or IPv6 address; no scheme and no path",
  amounts: "a mapping of resource names to quantities: `cpu: 250m`, `memory: 64Mi`",
  "number or expression": 'a whole number, or one expression in quotes: `"${values.replicas}"`',
  values: "a mapping of any data; texts may hold [expressions](../expressions.md)",
};

/** The parts of JSON Schema that the kinds use. */
interface Schema {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: string | number | boolean;
  readonly const?: string | boolean;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly patternProperties?: Readonly<Record<string, Schema>>;
}

interface Field {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Every generated file: path from the root, and text. */
export function referenceFiles(): ReadonlyMap<string, string> {
  const names = Object.keys(examples) as KindName[]; // a Record's keys
  return new Map([
    ["docs/reference/schemas/flotilla.schema.json", anyKindText(names)],
    ...names.flatMap((kind): [string, string][] => [
      [`docs/reference/schemas/${fileName(kind)}.schema.json`, schemaText(kind)],
      [`docs/reference/kinds/${fileName(kind)}.md`, pageText(kind)],
    ]),
  ]);
}

/** `rollout-strategy` for `RolloutStrategy`. */
export function fileName(kind: KindName): string {
  return kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
}

function schemaText(kind: KindName): string {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    $comment: source,
    title: kind,
  };
  return `${JSON.stringify({ ...schema, ...kinds[kind] }, null, 2)}\n`;
}

/** A schema for every file of a fleet repository: manifests and whatever else is there are as they like. */
function anyKindText(names: readonly KindName[]): string {
  const isKind = (kind: KindName) => ({
    type: "object",
    required: ["apiVersion", "kind"],
    properties: { apiVersion: { const: "flotilla.dev/v1alpha1" }, kind: { const: kind } },
  });
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    $comment: source,
    title: "A file of a fleet repository",
    // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
    allOf: names.map((kind) => ({ if: isKind(kind), then: kinds[kind] })),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function pageText(kind: KindName): string {
  const example = examples[kind];
  const text = readFileSync(join(root, example), "utf8");
  const schema = kinds[kind] as unknown as Schema; // its type says less than the JSON Schema that it is
  const fields = fieldsOf(schema, "");
  const rows = fields.map(fieldRow);
  return `<!-- ${source} -->

# ${kind}

${schema.description ?? ""}

\`\`\`yaml
# ${example}
${text.trimEnd()}
\`\`\`

## Fields

Other fields are errors. For [editors](../../how-to/edit-with-schemas.md): [${fileName(kind)}.schema.json](../schemas/${fileName(kind)}.schema.json).

| field | type | default | what it says |
| --- | --- | --- | --- |
${rows.join("\n")}
${typeNotes(fields)}${kind === "Profile" ? shippedText() : ""}
${notesText(kind)}`;
}

/** The commands for working with a kind, and where its state is told. */
function notesText(kind: KindName): string {
  const { working, more, status, noStatus = "" } = kindNotes[kind];
  const rows = ([code, what]: readonly [string, string]): string =>
    `| \`${code}\` | ${cell(what)} |`;
  const told = `What \`flotilla status -o json\` and \`GET /api/v1/status\` ([the API](../api.md)) tell of it:

| field | what it tells |
| --- | --- |
${status.map(rows).join("\n")}`;
  return `## Working with it

| command | what it is for |
| --- | --- |
${working.map(rows).join("\n")}

${more}

## Status

${status.length === 0 ? noStatus : told}
`;
}

/** The profiles that every fleet has. */
function shippedText(): string {
  const texts = [...shippedProfiles].map(([name, { spec }]) =>
    spec.overlays === undefined
      ? `### ${name}\n\nChanges nothing.\n`
      : `### ${name}\n\n\`\`\`yaml\n${stringify(spec, { lineWidth: 100 }).trimEnd()}\n\`\`\`\n`,
  );
  return `\n## Shipped profiles\n\nEvery fleet may take these by name, without copying them. A Profile of the fleet by the same name stands in\ntheir place; with \`extends\` and its own name it adds to the shipped one.\n\n${texts.join("\n")}`;
}

/** What the named types are, as far as the page has them. */
function typeNotes(fields: readonly Field[]): string {
  const used = Object.entries(types).filter(([name]) =>
    fields.some(({ schema }) => [name, `list of ${name}`].includes(typeOf(schema))),
  );
  return (
    used.map(([name, note]) => `\n- **${name}**: ${note}`).join("") + (used.length > 0 ? "\n" : "")
  );
}

/** The fields of an object and of the objects in them, depth first. */
function fieldsOf(schema: Schema, prefix: string): Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const required = schema.required?.includes(name) ?? false;
    return [{ path, schema: property, required }, ...fieldsInside(property, path)];
  });
}

function fieldsInside(schema: Schema, path: string): Field[] {
  if (schema.items !== undefined) return fieldsInside(schema.items, `${path}[]`);
  const values = Object.values(schema.patternProperties ?? {})[0];
  if (values?.properties !== undefined) return fieldsInside(values, `${path}.<key>`);
  const branch = schema.anyOf?.find(({ properties }) => properties !== undefined);
  return fieldsOf(branch ?? schema, path);
}

function fieldRow({ path, schema, required }: Field): string {
  const fallback = schema.default === undefined ? "" : `\`${String(schema.default)}\``;
  const cells = [`\`${path}\``, typeOf(schema), required ? "required" : fallback];
  return `| ${[...cells, schema.description ?? ""].map(cell).join(" | ")} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}

function typeOf(schema: Schema): string {
  if (schema.enum !== undefined)
    return schema.enum.map((value) => `\`${String(value)}\``).join(" or ");
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.title !== undefined) return schema.title;
  if (schema.type === "string") return "text";
  return schema.type ?? "any";
}

if (import.meta.main) {
  for (const [path, text] of referenceFiles()) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}
