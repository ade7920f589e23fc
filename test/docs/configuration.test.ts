import { join } from "node:path";
import type { TSchema } from "typebox";
import { describe, expect, it } from "vitest";
import { ControllerConfig } from "../../src/controller/config.ts";
import { WorkerConfig } from "../../src/worker/config.ts";

/** What of a JSON Schema the page tells. */
interface Field {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly patternProperties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
}

/** `a.b` and `a.<name>.b` with what stands there, outer fields first. */
function rows(schema: Field, path = ""): string[] {
  const named = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const isRequired = schema.required?.includes(name) === true && field.default === undefined;
    return { name: `${path}${name}`, field, isRequired };
  });
  const anyName = Object.values(schema.patternProperties ?? {}).map((field) => ({
    name: `${path}<name>`,
    field,
    isRequired: false,
  }));
  return [...named, ...anyName].flatMap(({ name, field, isRequired }) => {
    expect({ name, description: field.description }).toEqual({
      name,
      description: expect.any(String),
    });
    const notes = [
      ...(isRequired ? ["required"] : []),
      ...(field.default === undefined ? [] : [`default ${JSON.stringify(field.default)}`]),
    ];
    const note = notes.length === 0 ? "" : ` (${notes.join(", ")})`;
    const row = `| \`${name}\` | ${field.type ?? ""} | ${field.description ?? ""}${note} |`;
    return [row, ...rows(field, `${name}.`)];
  });
}

const table = (schema: TSchema): string =>
  ["| field | type | meaning |", "| --- | --- | --- |", ...rows(schema)].join("\n");

describe("the reference of the config files", () => {
  it("tells every field as the schema does", async () => {
    const page = `# Config files

Made from the schemas; \`npx vitest run test/docs -u\` rewrites it.

Controller and worker read one YAML file each (\`--config FILE\`). An unknown field is an error. Fields that end in \`File\`
or \`Dir\`, \`kubeconfig\` and a local repository in \`url\` are paths: relative ones start at the folder of the config file,
\`~/\` at the home of the user. A credential is always the path of a file.

## flotilla controller

${table(ControllerConfig)}

## flotilla worker

${table(WorkerConfig)}
`;
    const path = join(import.meta.dirname, "../../docs/reference/configuration.md");
    await expect(page).toMatchFileSnapshot(path);
  });
});
