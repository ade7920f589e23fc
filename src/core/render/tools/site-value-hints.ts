/** Where the schema of a chart's values is closed: the hint that a value comes from a Site, which gives its values to every chart. */
import type { Located, Place } from "../../model/fleet-model.ts";
import type { Site } from "../../model/kinds.ts";
import type { ToolProblem } from "./tool-output.ts";

/** Of the chart itself: Helm tells it first. Names beyond these signs are not looked for. */
const unknownNames =
  /^helm: values don't meet the specifications of the schema\(s\) in the following chart\(s\): \S+: - at '': additional properties ((?:'[\w.-]+'(?:, )?)+) not allowed/;

/** The problem with a hint, where it is told of a name that is written in the values of this Site. */
export function withSiteValueHint(
  problem: ToolProblem,
  site: Located<Site> | undefined,
): ToolProblem {
  const names = unknownNames.exec(problem.message)?.[1]?.split(", ") ?? [];
  const known = site?.value.spec.values ?? {};
  const name = names.map((each) => each.slice(1, -1)).find((each) => Object.hasOwn(known, each));
  if (site === undefined || name === undefined) return problem;
  const place = written(site.keyAt(["spec", "values", name]));
  const hint = `\`${name}\` is a value of the Site, at ${place}, and every chart at a site gets those; allow it in the schema (\`"${name}": {}\`), or set \`helm.skipSchemaValidation\` of the App`;
  return { ...problem, hint };
}

function written({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}
