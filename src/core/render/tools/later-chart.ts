/**
 * A chart -> a copy for its second rendering, to which all of it happens much later: `now` gives a moment far ahead, in
 * every time zone, and `ago` and `durationRound` tell how long ago something was from there. What `tpl` is given in values
 * stays as it is. Where two renderings may be the same by chance, two more copies are compared, which take what chance gives
 * from its two ends.
 */
import { keptFor } from "../../model/known-fleet.ts";
import type { ToolSource } from "../../model/tools/tool-source.ts";
import { chartCopy, type Edit } from "./chart-copy.ts";
import { callsIn } from "./called-names.ts";
import { chanceEdits, chanceTemplates, type End } from "./chance-edits.ts";
import type { Token } from "./template-actions.ts";

/**
 * 491 days, 13 hours, 2 minutes and 3 seconds: whenever a chart is rendered, year, quarter, month, day of the month, of the
 * year and of the week, hour, minute and second are other ones that much later.
 */
export const laterSeconds = 491 * 86_400 + 13 * 3600 + 2 * 60 + 3;
/** Nanoseconds, written: a number of JavaScript does not hold them. */
const later = `${laterSeconds}000000000`;

/** The copy; undefined where there is none. */
export const laterChart = keptFor((source: ToolSource) =>
  copyOf(source, "later", {
    template: (name) => [...sinces].map((since) => definition(name, since)).join(""),
    edits: (action, name) => callsIn(action).flatMap((call) => laterCall(name, call)),
  }),
);

/** Of the two copies that are compared, the one that takes the first end; undefined: there is none. */
export const firstEndChart = keptFor((source: ToolSource) => endCopyOf(source, "first"));

/** The one that takes the last end; undefined: there is none. */
export const lastEndChart = keptFor((source: ToolSource) => endCopyOf(source, "last"));

function endCopyOf(source: ToolSource, end: End): ToolSource | undefined {
  return copyOf(source, end, {
    template: (name) => chanceTemplates(name, end),
    edits: (action, name) => chanceEdits(action, name, end),
  });
}

/** What a copy has that the chart has not, by the name of the template that is added. */
interface CopyParts {
  template(name: string): string;
  edits(action: readonly Token[], name: string): readonly Edit[];
}

function copyOf(source: ToolSource, mark: string, parts: CopyParts): ToolSource | undefined {
  const name = `flotilla.${mark}.${source.digest}`;
  return chartCopy(source, {
    name,
    template: parts.template(name),
    mark,
    edits: (action) => parts.edits(action, name),
  });
}

/** They tell how long ago a time was that they are given, as text. */
const sinces: ReadonlySet<string> = new Set(["ago", "durationRound"]);

function definition(name: string, since: string): string {
  const isTime = '{{if typeIs "time.Time" .}}';
  return `{{define "${name}.${since}"}}${isTime}{{${since} (.Add -${later})}}{{else}}{{${since} .}}{{end}}{{end}}`;
}

function laterCall(name: string, { text, at }: Token): readonly Edit[] {
  const { length } = text;
  if (text === "now") return [{ at, length, text: `(now.Add ${later})` }];
  return sinces.has(text) ? [{ at, length, text: `include "${name}.${text}"` }] : [];
}
