import type { Diagnostic } from "./diagnostic.ts";
import { errorAt } from "./fleet-draft.ts";
import type { YamlDocument } from "./parse-yaml.ts";

/** Tags in a document of Flotilla's that make something that JSON has not (`!!binary`, `!!set`): what they mean would be lost. */
export function taggedValues(document: YamlDocument): readonly Diagnostic[] {
  if (document.isBroken) return [];
  return document.tagged.map(({ path, tag }) => {
    const name = tag.replace("tag:yaml.org,2002:", "!!");
    const message = `the tag ${name} is not supported`;
    const hint = hints[name] ?? "leave the tag out";
    return errorAt(document.at(path), { code: "yaml-syntax", message, hint });
  });
}

const hints: Readonly<Record<string, string>> = {
  "!!binary": "leave the tag out: base64 is taken as plain text",
  "!!timestamp": "leave the tag out and quote the time",
};
