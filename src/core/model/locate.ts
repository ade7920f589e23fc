import type { Entry } from "./fleet-draft.ts";
import type { Located, SourceFile } from "./fleet-model.ts";
import type { FleetDocument } from "./kinds.ts";
import { parseYaml, type YamlDocument } from "./parse-yaml.ts";

/**
 * A checked document with its places. The parsed YAML is not kept: ten thousand sites would hold ten thousand syntax
 * trees for places that are asked for only when something is wrong. It is parsed again when a place is asked for.
 */
export function locate<T extends FleetDocument>(
  entry: Entry<T>,
  texts: ReadonlyMap<string, SourceFile>,
): Located<T> {
  const { value } = entry;
  const { file } = entry.document;
  const source = texts.get(file);
  if (source === undefined) throw new Error(`${file} was read, but is not among the files`);
  const start = entry.document.at([]);
  const document = (): YamlDocument => {
    const again = parseYaml(source).documents.find((candidate) => {
      const place = candidate.at([]);
      return place.line === start.line && place.column === start.column;
    });
    if (again === undefined) throw new Error(`${file} parses differently the second time`);
    return again;
  };
  return {
    value,
    file,
    at: (path) => document().at(path),
    keyAt: (path) => document().keyAt(path),
    textAt: (path, index) => document().textAt(path, index),
  };
}
